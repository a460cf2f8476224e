"""What a backup holds (备份内容): ledger, journal, originals, records, settings; never keys, token or the practice world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from fapiao_kernel.domain.home import Home
from fapiao_kernel.records import durable
from fapiao_kernel.records.backup.archive import Source
from fapiao_kernel.records.journal import chain
from fapiao_kernel.records.journal.files import journal_files
from fapiao_kernel.records.journal.heads import head_path

_CHUNK = 1 << 16


@dataclass(frozen=True)
class Contents:
    """Files to be stored, and the journal's head at the cut: what the backup can speak of."""

    sources: tuple[Source, ...]
    journal_seq: int
    journal_head: str

    @property
    def size(self) -> int:
        return sum(source.size for source in self.sources)


def gather(home: Home, staging: Path, copy_ledger: Callable[[Path], None]) -> Contents:
    """The ledger first, the journal last: so the journal knows of every act that the ledger shows.

    ``staging`` is an empty private folder for the ledger's copy. Raises ``OSError``.
    """
    ledger = staging / home.ledger.name
    copy_ledger(ledger)
    sources = [Source(home.ledger.name, ledger)] if ledger.exists() else []
    for folder in (home.intake, home.records):
        sources += [Source(path.relative_to(home.root).as_posix(), path) for path in _files(folder)]
    if home.settings.exists():
        sources.append(Source(home.settings.name, home.settings))
    seq, head = 0, ""
    for path in journal_files(home.journal):
        if head_path(path).exists():
            sources.append(Source(head_path(path).relative_to(home.root).as_posix(), head_path(path)))
        limit, last = _last_record(path)
        sources.append(Source(path.relative_to(home.root).as_posix(), path, limit))
        record = chain.parse(last)
        if record is not None:
            seq, head = record["seq"], record["hash"]
    return Contents(tuple(sources), seq, head)


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted(path for path in files if not path.name.endswith(durable.PARTIAL))


def _last_record(path: Path) -> tuple[int, bytes]:
    """Where the last full record ends, and its line: a line that is being appended just now is left out."""
    with path.open("rb") as file:
        end = _newline_before(file, file.seek(0, 2)) + 1
        start = _newline_before(file, end - 1) + 1
        file.seek(start)
        return end, file.read(end - start)


def _newline_before(file: BinaryIO, position: int) -> int:
    """Offset of the last newline before ``position``; -1 when there is none."""
    while position > 0:
        start = max(0, position - _CHUNK)
        file.seek(start)
        found = file.read(position - start).rfind(b"\n")
        if found >= 0:
            return start + found
        position = start
    return -1
