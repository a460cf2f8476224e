"""Plugins over the wire (插件): what is installed, and what a production home loads."""

from __future__ import annotations

from fapiao_kernel.api.shapes import FindingView, Shape


class EntryView(Shape):
    """One plugin; ``value``: ``module:OBJECT``."""

    group: str
    id: str
    value: str
    loaded: bool


class PackageView(Shape):
    """One distribution with plugins, as it is installed now. ``sha256``: of its RECORD; ``""`` when it has none. ``allowed``: a
    production home loads exactly this; ``allowed_version``: what it would load, ``""`` for nothing."""

    name: str
    version: str
    sha256: str
    ours: bool
    allowed: bool
    allowed_version: str
    entries: list[EntryView]


class PluginsView(Shape):
    """``production``: only ours and what is allowed is loaded here; else all of it."""

    production: bool
    packages: list[PackageView]
    findings: list[FindingView]


class PackageRequest(Shape):
    """A distribution by its name."""

    name: str
