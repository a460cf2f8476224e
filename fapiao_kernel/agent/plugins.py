"""Plugins (插件): entry points, imported when used, each loaded in isolation. A broken one is a finding, never a crash.

In a production home a stranger's plugin is loaded only when a person allowed that very version of its distribution; elsewhere all are.
"""

from __future__ import annotations

import importlib
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import metadata
from typing import Any

from fapiao_kernel.agent.distributions import Version, entries, own, unsound, version_of
from fapiao_kernel.agent.settings import Settings
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, Refused, finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.shown import plain, told

API_VERSION = 1
"""Version of the interfaces that plugins are written against; a plugin without one is of this version."""

NEEDS: Mapping[str, tuple[str, ...]] = {
    "drivers": ("id", "open", "profile"),
    "links": ("id", "open"),
    "importers": ("id", "recognises", "read"),
    "checks": (),
    "backup_stores": ("id", "open"),
    "notifiers": (),
    "authorities": ("id", "open"),
    "practice": ("start", "attach", "twin", "stop"),
    "lessons": ("id", "title", "fault", "guide", "sheet"),
}
"""What the object of each group must have; what of it is called stands in ``_CALLED``."""

GROUPS = tuple(NEEDS)

_CALLED = frozenset({"open", "recognises", "read", "start", "attach", "twin", "stop", "sheet"})

Finder = Callable[[str], tuple[Iterable[metadata.EntryPoint], Iterable[str]]]


class Plugins:
    """What is installed, by group and id. ``settings``: what kind of home this is, and what a person allowed in it; without them
    everything is loaded. ``note`` hears of each stranger's plugin that a production home loads, once a start, before it is used."""

    def __init__(
        self,
        find: Finder = entries,
        settings: Settings | None = None,
        note: Callable[[str, metadata.EntryPoint, Version], object] = lambda group, entry, version: None,
    ) -> None:
        self._find = find
        self._settings = settings
        self._note = note
        self._lock = threading.RLock()
        self._stamp: object = None
        self._loaded: dict[str, dict[str, Any]] = {}
        self._findings: dict[str, list[Finding]] = {}
        self._barred: dict[tuple[str, str], Finding] = {}
        self._strange: dict[tuple[str, str], metadata.EntryPoint] = {}
        self._used: set[tuple[str, str, str]] = set()
        self._noted: set[tuple[str, str]] = set()
        self._running: dict[str, Version] = {}
        self._unreadable: dict[str, tuple[str, ...]] = {}

    @property
    def stamp(self) -> object:
        """Differs when plugins are to be judged anew: the home became one of production, or what is allowed changed."""
        return (self._settings.production, self._settings.values.plugins_allowed) if self._settings else ()

    def group(self, name: str) -> Mapping[str, Any]:
        """Every usable plugin of a group (``drivers``), by id, ours first."""
        with self._lock:
            if self._stamp != self.stamp:
                self._stamp = self.stamp
                self._loaded, self._findings, self._barred, self._strange, self._used = {}, {}, {}, {}, set()
            return self._loaded[name] if name in self._loaded else self._load(name)

    def live(self, name: str) -> Mapping[str, Any]:
        """The same, judged anew at each look: for whoever keeps it."""
        return _Live(self, name)

    def get(self, group: str, id: str) -> Any:
        """One plugin. Raises ``NotReachable`` (``no_plugin``) when it is absent or broken."""
        try:
            return self.group(group)[id]
        except KeyError:
            why = self._barred.get((group, id))
            raise NotReachable("no_plugin", original=why.message if why else "", group=group, id=id) from None

    def only(self, group: str) -> Any:
        """The first plugin of a group that needs just one. Raises ``NotReachable``."""
        for plugin in self.group(group).values():
            return plugin
        raise NotReachable("no_plugin", group=group, id="")

    def findings(self, groups: Sequence[str] = GROUPS) -> tuple[Finding, ...]:
        """What is to be said of the plugins of these groups; loads them all."""
        for name in groups:
            self.group(name)
        said = [
            finding("plugin_unreadable", folder=folder) for folders in self._unreadable.values() for folder in folders
        ]
        if self._production and self._settings is not None:
            early = [name for name in self._running if self._settings.plugin_allowed(name) is None]
            said += [finding("plugin_loaded_before", name=name) for name in early]
        return tuple(dict.fromkeys([*said, *(f for name in groups for f in self._findings[name])]))

    def installed(self, group: str) -> Sequence[metadata.EntryPoint]:
        """Entry points of a group as they are on the disk now, usable or not."""
        found, unreadable = self._find(f"fapiao.{group}")
        self._unreadable[group] = tuple(unreadable)
        return sorted(found, key=lambda e: (not own(e), e.name, e.value))

    def loaded(self, group: str, entry: metadata.EntryPoint) -> bool:
        """Whether this very entry point is in use here."""
        self.group(group)
        return (group, entry.name, entry.value) in self._used

    def fit_for_production(self, group: str, id: str) -> None:
        """Raises ``Refused`` for a stranger's plugin that would not be loaded in a production home: it must not make the home one."""
        self.group(group)
        entry = self._strange.get((group, id))
        barred = self._barred_by(entry) if entry is not None else None
        if barred is not None:
            raise Refused.of(barred)

    # --- loading

    def _load(self, group: str) -> Mapping[str, Any]:
        importlib.invalidate_caches()
        loaded: dict[str, Any] = {}
        said: list[Finding] = []
        self._findings[group], whole = said, True
        for entry, why in self._chosen(group, said):
            plugin = why or self._imported(group, entry)
            if not isinstance(plugin, Finding):
                try:
                    self._told(group, entry, said)
                except FapiaoError as error:  # what cannot be noted is not used; the next look tries again
                    plugin, whole = error.finding(), False
            if isinstance(plugin, Finding):
                said.append(plugin)
                self._barred[group, entry.name] = plugin
            else:
                loaded[entry.name] = plugin
                self._used.add((group, entry.name, entry.value))
        if whole:
            self._loaded[group] = loaded
        return loaded

    def _chosen(self, group: str, said: list[Finding]) -> Iterator[tuple[metadata.EntryPoint, Finding | None]]:
        """Each id's one entry point, ours first, or why none is used: of two strangers neither wins."""
        entries = self.installed(group)
        ours = {entry.name: entry for entry in entries if own(entry)}
        strange = [entry for entry in entries if not own(entry)]
        judged = [(entry, self._barred_by(entry) if self._production else None) for entry in strange]
        free = Counter(entry.name for entry, barred in judged if barred is None)
        yield from ((entry, None) for entry in ours.values())
        for entry, barred in judged:
            facts: dict[str, Any] = {"group": group, "id": entry.name}
            if barred is not None:
                if entry.name in ours or free[entry.name]:
                    said.append(barred)  # another has the id, and works
                else:
                    yield entry, barred
            elif entry.name in ours:
                said.append(finding("plugin_twice", kept=ours[entry.name].value, source=_source(entry), **facts))
            elif free[entry.name] > 1:
                both = " · ".join(_source(other) for other, why in judged if other.name == entry.name and why is None)
                yield entry, finding("plugin_twice_strange", sources=both, **facts)
            else:
                yield entry, None

    @property
    def _production(self) -> bool:
        return self._settings is not None and self._settings.production

    def _barred_by(self, entry: metadata.EntryPoint) -> Finding | None:
        """Why a stranger's plugin is not loaded in a production home; None when it is allowed as it is."""
        if entry.dist is None or self._settings is None:
            return unsound(entry)
        now = version_of(entry.dist)
        allowed = self._settings.plugin_allowed(now.name)
        if allowed is None:
            return finding("plugin_not_allowed", name=now.name, version=now.version)
        if allowed != now:
            return finding("plugin_changed", name=now.name, version=now.version, allowed=allowed.version)
        if self._running.get(now.name, now) != now:
            return finding("plugin_replaced", name=now.name, version=now.version)
        return unsound(entry)

    def _imported(self, group: str, entry: metadata.EntryPoint) -> Any:
        """The plugin's object, or the finding that says why there is none."""
        facts: dict[str, Any] = {"group": group, "id": entry.name, "source": _source(entry)}
        if entry.dist is not None and not own(entry):
            now = version_of(entry.dist)
            self._running.setdefault(now.name, now)
        try:
            plugin = entry.load()
            version = getattr(plugin, "api_version", API_VERSION)
            lacking = [name for name in NEEDS[group] if not hasattr(plugin, name)]
            lacking += [name for name in NEEDS[group] if name in _CALLED and not callable(getattr(plugin, name, None))]
            says = getattr(plugin, "id", entry.name)
        except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001 a stranger's module may raise anything while it is imported
            return finding("plugin_broken", evidence=told(error), **facts)
        if version != API_VERSION:
            return finding("plugin_api", version=plain(version), ours=API_VERSION, **facts)
        if lacking:
            return finding("plugin_incomplete", lacking=", ".join(dict.fromkeys(lacking)), **facts)
        if says != entry.name:
            return finding("plugin_id", says=plain(says), **facts)
        return plugin

    def _told(self, group: str, entry: metadata.EntryPoint, said: list[Finding]) -> None:
        """A stranger's plugin does not come in unsaid: in the journal of a production home, else as a finding."""
        if own(entry) or self._settings is None or entry.dist is None:
            return
        self._strange[group, entry.name] = entry
        now = version_of(entry.dist)
        if not self._settings.production:
            said.append(finding("plugin_strange", name=now.name, version=now.version))
        elif (group, entry.name) not in self._noted:
            self._note(group, entry, now)
            self._noted.add((group, entry.name))


class _Live(Mapping[str, Any]):
    def __init__(self, plugins: Plugins, name: str) -> None:
        self._plugins = plugins
        self._name = name

    def __getitem__(self, id: str) -> Any:
        return self._plugins.group(self._name)[id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._plugins.group(self._name))

    def __len__(self) -> int:
        return len(self._plugins.group(self._name))


def _source(entry: metadata.EntryPoint) -> str:
    """``module:OBJECT (distribution version)``."""
    return entry.value if entry.dist is None else f"{entry.value} ({entry.dist.name} {entry.dist.version})"
