"""The journal (操作日志)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Record:
    """One journal record, chained: ``hash`` is over everything else, ``prev`` is the hash before."""

    seq: int
    time: str
    kind: str
    run: str
    who: str
    data: Mapping[str, Any]
    prev: str
    hash: str


class Journal(Protocol):
    """Append-only truth about acts. Every append is on disk (fsync) when the call returns."""

    def append(self, kind: str, data: Mapping[str, Any], *, run: str = "", who: str = "") -> Record:
        """Raises ``FapiaoError`` (``journal_unwritable``) when it could not be made durable: then nothing may be done."""
        ...

    def records(self, *, run: str | None = None, since: int = 0) -> Sequence[Record]:
        """Records with ``seq > since``, in order; of one run when asked."""
        ...

    def head(self) -> tuple[int, str]:
        """Sequence and hash of the last record; ``(0, "")`` when there is none."""
        ...
