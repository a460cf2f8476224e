"""The issue book (开票台账): every act of issuing as the journal tells it, checked and appended under one lock."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from fapiao_kernel.domain.plain import plain
from fapiao_kernel.operations.issuing.acts import KINDS, Act, Kind, apply, key_of
from fapiao_kernel.ports import Journal

NEW_WORLD = "practice.started"
"""A practice world made anew: what was issued in the one before stands nowhere any more."""


class IssueBook:
    """Acts, folded from the journal at the first use and kept. All methods may be called from several threads."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = threading.RLock()
        self._acts: dict[tuple[Kind, str], Act] = {}
        self._read = 0
        """Records of the journal up to here are folded."""

    def acts(self) -> tuple[Act, ...]:
        """Every act, oldest first."""
        with self._lock:
            self._refresh()
            return tuple(self._acts.values())

    def find(self, kind: Kind, id: str) -> Act | None:
        """The act under this id; None when there is none."""
        with self._lock:
            self._refresh()
            return self._acts.get((kind, id))

    def unsettled(self, card: str = "", device_number: str = "") -> tuple[Act, ...]:
        """Acts whose outcome is open or which the ledger has still to learn of: of a card, by address or machine number, or all."""
        return tuple(
            act
            for act in self.acts()
            if (act.open or act.owed)
            and (not (card or device_number) or act.card == card or act.device_number == device_number)
        )

    def append(self, kind: Kind, word: str, id: str, data: Mapping[str, Any], who: str = "") -> Act:
        """One more record of an act, on the disk when this returns; raises what the journal raises, and then it is not done."""
        with self._lock:
            try:
                self._journal.append(f"{kind.value}.{word}", plain({"id": id, **data}), who=who)
            finally:
                # Also after a failure: it may be on the disk all the same, and the journal alone tells.
                self._refresh()
            return self._acts[kind, id]

    def _refresh(self) -> None:
        for record in self._journal.records(run="", since=self._read):
            if record.kind == NEW_WORLD:
                self._acts.clear()
            elif record.kind in KINDS:
                key = key_of(record)
                self._acts[key] = apply(self._acts.get(key), record)
            self._read = record.seq
