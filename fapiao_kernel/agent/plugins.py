"""Plugins (插件): entry points, imported when used, each loaded in isolation. A broken one is a finding, never a crash."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from typing import Any

from fapiao_kernel.domain.errors import NotReachable, finding
from fapiao_kernel.domain.finding import Finding

API_VERSION = 1
"""Version of the interfaces that plugins are written against; a plugin without one is of this version."""

GROUPS = (
    "drivers",
    "links",
    "importers",
    "checks",
    "backup_stores",
    "notifiers",
    "authorities",
    "practice",
    "lessons",
)

Finder = Callable[[str], Iterable[metadata.EntryPoint]]


def _installed(group: str) -> Iterable[metadata.EntryPoint]:
    return metadata.entry_points(group=group)


class Plugins:
    """What is installed, by group and id."""

    def __init__(self, find: Finder = _installed) -> None:
        self._find = find
        self._lock = threading.RLock()
        self._loaded: dict[str, dict[str, Any]] = {}
        self._findings: dict[str, list[Finding]] = {}

    def group(self, name: str) -> Mapping[str, Any]:
        """Every usable plugin of a group (``drivers``), by id."""
        with self._lock:
            if name not in self._loaded:
                self._load(name)
            return self._loaded[name]

    def get(self, group: str, id: str) -> Any:
        """One plugin. Raises ``NotReachable`` (``no_plugin``) when it is absent or broken."""
        try:
            return self.group(group)[id]
        except KeyError:
            raise NotReachable("no_plugin", group=group, id=id) from None

    def only(self, group: str) -> Any:
        """The first plugin of a group that needs just one. Raises ``NotReachable``."""
        for plugin in self.group(group).values():
            return plugin
        raise NotReachable("no_plugin", group=group, id="")

    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with any plugin of any group; loads them all."""
        for name in GROUPS:
            self.group(name)
        return tuple(f for name in GROUPS for f in self._findings[name])

    def _load(self, group: str) -> None:
        loaded: dict[str, Any] = {}
        said: list[Finding] = []
        kept: dict[str, str] = {}
        for entry in sorted(self._find(f"fapiao.{group}"), key=lambda e: (not _own(e), e.name, e.value)):
            facts: dict[str, Any] = {"group": group, "id": entry.name, "source": entry.value}
            if entry.name in kept:
                if kept[entry.name] != entry.value:
                    said.append(finding("plugin_twice", kept=kept[entry.name], **facts))
                continue
            try:
                plugin = entry.load()
            except Exception as error:  # noqa: BLE001 a stranger's module may raise anything while it is imported
                said.append(finding("plugin_broken", evidence=f"{type(error).__name__}: {error}", **facts))
                continue
            version = getattr(plugin, "api_version", API_VERSION)
            if version != API_VERSION:
                said.append(finding("plugin_api", version=version, ours=API_VERSION, **facts))
                continue
            loaded[entry.name] = plugin
            kept[entry.name] = entry.value
        self._loaded[group], self._findings[group] = loaded, said


def _own(entry: metadata.EntryPoint) -> bool:
    return entry.value.startswith("fapiao_kernel.")
