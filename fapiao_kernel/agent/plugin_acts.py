"""What a person decides of strangers' plugins (第三方插件): which versions a production home loads, and what is installed."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import EntryPoint

from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.distributions import OURS, canonical, own, unsound, version_of
from fapiao_kernel.agent.plugins import GROUPS
from fapiao_kernel.agent.views import finding_view
from fapiao_kernel.api.plugins import EntryView, PackageView, PluginsView
from fapiao_kernel.devices.address import parse
from fapiao_kernel.domain.errors import Refused, UsageError


class PluginActs:
    """All methods raise ``FapiaoError``."""

    def __init__(self, house: House) -> None:
        self._house = house

    def view(self) -> PluginsView:
        """Every distribution with plugins, read from the disk now; loads them, to say what is wrong."""
        findings = [finding_view(each) for each in self._house.plugins.findings()]
        packages = [self._package(name, entries) for name, entries in sorted(self._packages().items())]
        return PluginsView(production=self._house.settings.production, packages=packages, findings=findings)

    def allow(self, name: str) -> None:
        """Let this home load the version that is installed now. Raises ``UsageError`` (``plugin_unknown``), ``Refused``
        (``plugin_unrecorded``, ``plugin_altered``)."""
        name = canonical(name)
        entries = self._packages().get(name)
        if not entries or entries[0][1].dist is None:
            raise UsageError("plugin_unknown", name=name)
        if name != OURS:
            for _, entry in entries:
                wrong = unsound(entry)
                if wrong is not None:
                    raise Refused.of(wrong)
            version = version_of(entries[0][1].dist)
            self._house.journal.append("plugin.allowed", asdict(version), who=self._house.identity.who)
            self._house.settings.allow_plugin(version)

    def forbid(self, name: str) -> None:
        """Load no version of it in production from now on. Raises ``UsageError`` (``plugin_unknown``), ``Refused`` (``plugin_in_use``)."""
        name = canonical(name)
        allowed = self._house.settings.plugin_allowed(name)
        if allowed is None:
            raise UsageError("plugin_not_on_list", name=name)
        given = {(group, entry.name) for group, entry in self._packages().get(name, ())}
        for run in self._house.engine.runs():
            at = parse(run.card)
            if not run.over and given & {("drivers", at.driver), ("links", at.link)}:
                raise Refused("plugin_in_use", name=name, card=run.card)
        self._house.journal.append("plugin.forbidden", asdict(allowed), who=self._house.identity.who)
        self._house.settings.forbid_plugin(name)

    def _packages(self) -> dict[str, list[tuple[str, EntryPoint]]]:
        """Distribution name → its plugins, each with its group."""
        found: dict[str, list[tuple[str, EntryPoint]]] = {}
        for group in GROUPS:
            for entry in self._house.plugins.installed(group):
                name = canonical(entry.dist.name) if entry.dist is not None else entry.value
                found.setdefault(name, []).append((group, entry))
        return found

    def _package(self, name: str, entries: list[tuple[str, EntryPoint]]) -> PackageView:
        plugins = self._house.plugins
        dist = entries[0][1].dist
        now = version_of(dist) if dist is not None else None
        allowed = self._house.settings.plugin_allowed(name)
        return PackageView(
            name=name,
            version=now.version if now is not None else "",
            sha256=now.sha256 if now is not None else "",
            ours=all(own(entry) for _, entry in entries),
            allowed=allowed is not None and allowed == now,
            allowed_version=allowed.version if allowed is not None else "",
            entries=[
                EntryView(group=group, id=entry.name, value=entry.value, loaded=plugins.loaded(group, entry))
                for group, entry in entries
            ],
        )
