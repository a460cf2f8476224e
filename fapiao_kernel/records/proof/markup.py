"""HTML that cannot forget to escape: text is escaped unless it is ``Markup``, and only ``tag`` makes that."""

from __future__ import annotations

import html
from collections.abc import Iterable

_VOID = frozenset({"meta", "br", "col"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = str | Iterable[str]


def tag(name: str, *children: Child, **attributes: str) -> Markup:
    """An element. ``class_`` and ``for_`` lose their underscore, ``http_equiv`` gets its hyphen."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(value, quote=True)}"'
        for key, value in attributes.items()
        if value
    )
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{inner(*children)}</{name}>")


def inner(*children: Child) -> Markup:
    """Children one after another, each escaped unless it is markup."""
    return Markup("".join(_one(child) for child in children))


def _one(child: Child) -> str:
    if isinstance(child, Markup):
        return str(child)
    if isinstance(child, str):
        return html.escape(child, quote=True)
    return "".join(_one(item) for item in child)
