"""What a place for backups (备份存放处) is: the plugin group ``fapiao.backup_stores``, and what a store must do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol


class Draft(Protocol):
    """A file being written: nobody sees it under its name before ``commit``, which makes it durable."""

    def write(self, data: bytes, /) -> object: ...

    def commit(self) -> None: ...

    def abort(self) -> None:
        """Leave nothing. Harmless after ``commit`` or a second time."""
        ...


class Store(Protocol):
    """A flat place of named files. Every method raises ``OSError`` (a network store's own errors too)."""

    @property
    def where(self) -> Path: ...

    def prepare(self) -> None:
        """Make the place, and remove what an earlier crash left half written."""
        ...

    def draft(self, name: str) -> Draft: ...

    def open(self, name: str) -> BinaryIO:
        """Read a file from the medium, not from a cache, where that can be asked for."""
        ...

    def size(self, name: str) -> int: ...

    def names(self) -> Sequence[str]: ...

    def remove(self, name: str) -> None: ...


@dataclass(frozen=True)
class StoreSpec:
    """A plugin: ``open`` takes where the place is, as the settings write it."""

    id: str
    api_version: int
    open: Callable[[str], Store]
