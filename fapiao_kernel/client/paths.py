"""Paths as a person gave them, and as the agent (which stands elsewhere) needs them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath


def absolute(path: Path | str) -> Path:
    """Absolute, ``~`` opened, links left as they are."""
    return Path(path).expanduser().absolute()


def as_given(file: str, places: Mapping[str, str]) -> str:
    """``file`` named from the path that was given for it; ``places``: absolute path → as given. Unknown ones stay."""
    if file in places:
        return places[file]
    for place, given in places.items():
        try:
            return str(PurePath(given) / PurePath(file).relative_to(place))
        except ValueError:
            continue
    return file
