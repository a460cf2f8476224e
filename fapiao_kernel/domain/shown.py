"""What strangers' plugins say (插件的话), made fit to be shown, however it came."""

from __future__ import annotations

import unicodedata

MOST = 300
"""Characters of one saying that are shown."""
UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that a terminal would obey, that turn text around, and halves of surrogate pairs, which JSON cannot carry."""


def plain(text: object, *, most: int | None = MOST, keep: str = "") -> str:
    """Of one saying so many characters, without what is not to be shown but ``keep``."""
    try:
        said = str(text)
    except Exception as error:  # noqa: BLE001 a stranger's ``__str__`` may raise anything
        said = f"({type(error).__name__})"
    if said.isprintable():
        return said[:most]
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if c not in keep and unicodedata.category(c) in UNSHOWN else c for c in said[:most]
    )


def told(error: BaseException) -> str:
    """Kind and words of an exception: ``LookupError: no such bus``."""
    return f"{type(error).__name__}: {plain(error)}"
