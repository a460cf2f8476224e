"""The journal on disk (日志): one writer process, append-only monthly files, durable when ``append`` returns."""

from __future__ import annotations

import logging
import os
import threading
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.plain import plain
from fapiao_kernel.ports import Clock, Record
from fapiao_kernel.records import durable
from fapiao_kernel.records.journal import chain
from fapiao_kernel.records.journal.files import SUFFIX
from fapiao_kernel.records.journal.heads import Signer, sign_head, unsigned
from fapiao_kernel.records.journal.opening import Place, open_folder
from fapiao_kernel.records.journal.tail import Tail
from fapiao_kernel.records.language import either

log = logging.getLogger("fapiao.journal")

_KEPT = 4096
"""Records held decoded in memory; older ones are read again from their file."""


class FileJournal:
    """``ports.Journal`` over a folder. Opened by the agent alone; a second process is refused (``journal_in_use``).

    Opening checks the whole chain (``journal_chain_broken``) and repairs a torn last line, which ``journal.repaired`` then tells.
    A finished month's file gets a signed head (``heads``) by ``signer``; while there is no key yet, ``signer()`` gives None.
    Fails closed: after a failure that leaves the disk's state unknown every append is refused until it is opened anew.
    """

    def __init__(self, folder: Path, clock: Clock, signer: Callable[[], Signer | None] | None = None) -> None:
        self._folder, self._clock, self._signer = folder.absolute(), clock, signer
        self._guard = threading.RLock()
        self._kept: OrderedDict[int, Record] = OrderedDict()
        self._tail: Tail | None = None
        self._readers: dict[Path, int] = {}
        try:
            durable.make_folder(self._folder)
            self._lock = FileLock(self._folder / ".lock", timeout=0, thread_local=False)
            self._lock.acquire()
        except Timeout as error:
            raise Refused("journal_in_use", folder=str(self._folder)) from error
        except OSError as error:
            raise Refused("journal_unwritable", folder=str(self._folder), reason=error.strerror) from error
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        try:
            opened = open_folder(self._folder)
        except OSError as error:
            raise Refused("journal_unwritable", folder=str(self._folder), reason=error.strerror) from error
        self._places, self._runs, self._head, self._file = opened.places, opened.runs, opened.head, opened.file
        if opened.repair is not None:
            self.append("journal.repaired", opened.repair)
        self._sign_finished()

    def append(self, kind: str, data: Mapping[str, Any], *, run: str = "", who: str = "") -> Record:
        """Write one record and return when it is on the disk.

        Raises ``Refused`` ``journal_unwritable`` (then nothing may be done), ``TypeError`` for data with bytes in them and
        ``ValueError`` for a key that names a secret: those are bugs of ours.
        """
        content = chain.writable(plain(data))
        with self._guard:
            now = self._clock.now()
            body = {
                "seq": len(self._places) + 1,
                "time": now.isoformat(timespec="milliseconds"),
                "kind": kind,
                "run": run,
                "who": chain.writable(who),
                "data": content,
                "prev": self._head,
            }
            digest, line = chain.seal(body)
            record = Record(**body, hash=digest)
            before = self._file
            try:
                tail = self._tail_for(Period.of(now))
                offset = tail.write(line)
            except OSError as error:
                reason = error.strerror or str(error)
                raise Refused("journal_unwritable", folder=str(self._folder), reason=reason) from error
            self._places.append(Place(tail.path, offset, len(line)))
            self._runs.setdefault(run, []).append(record.seq)
            self._head = digest
            self._keep(record)
            if before is not None and before != self._file:
                self._sign_finished()
            return record

    def records(self, *, run: str | None = None, since: int = 0) -> Sequence[Record]:
        """Records with ``seq > since``, in order; of one run when asked (``""``: those of no run)."""
        with self._guard:
            if run is None:
                return tuple(self._record(seq) for seq in range(max(since, 0) + 1, len(self._places) + 1))
            seqs = self._runs.get(run, [])
            return tuple(self._record(seq) for seq in seqs[bisect_right(seqs, since) :])

    def head(self) -> tuple[int, str]:
        """Sequence and hash of the last record; ``(0, "")`` when there is none."""
        with self._guard:
            return len(self._places), self._head

    def close(self) -> None:
        """Let go of files and lock. Nothing is pending: every append was durable when it returned."""
        with self._guard:
            if self._tail is not None:
                self._tail.close()
            for descriptor in self._readers.values():
                os.close(descriptor)
            self._tail = None
            self._readers.clear()
            self._lock.release()

    def _sign_finished(self) -> None:
        """Sign what finished files have no head yet. What fails now is made up for at the next opening or the next month's turn."""
        if self._signer is None:
            return
        try:
            files = unsigned(self._folder)
            signer = self._signer() if files else None
            if signer is None:
                return
            for file in files:
                first = bisect_left(self._places, file.name, key=lambda place: place.path.name) + 1
                last = bisect_right(self._places, file.name, key=lambda place: place.path.name)
                sign_head(file, first, last, self._record(last).hash, self._clock.now(), signer)
        except Exception as error:  # noqa: BLE001 the act's record is on the disk: no trouble with a signature may take that back
            log.warning("a month's head could not be signed: %s", error)

    def _tail_for(self, month: Period) -> Tail:
        """The file to append to: the clock's month, but never one before the last (the clock may have gone back)."""
        path = self._folder / f"{month}{SUFFIX}"
        if self._file is not None and self._file.name > path.name:
            path = self._file
        if not self._lock.is_locked:
            raise OSError(either("日志已经关闭", "the journal is closed"))
        if self._tail is None or self._tail.path != path:
            fresh = Tail.open(path)
            if self._tail is not None:
                self._tail.close()
            self._tail = fresh
            self._file = path
        return self._tail

    def _record(self, seq: int) -> Record:
        known = self._kept.get(seq)
        if known is not None:
            self._kept.move_to_end(seq)
            return known
        place = self._places[seq - 1]
        if place.path not in self._readers:
            self._readers[place.path] = os.open(place.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        descriptor = self._readers[place.path]
        os.lseek(descriptor, place.offset, os.SEEK_SET)
        parsed = chain.parse(os.read(descriptor, place.length))
        if parsed is None:
            raise Refused(
                "journal_chain_broken",
                file=str(place.path),
                line=f"seq {seq}",
                reason=either("使用中被改动", "changed while in use"),
            )
        return self._keep(Record(**parsed))

    def _keep(self, record: Record) -> Record:
        self._kept[record.seq] = record
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return record
