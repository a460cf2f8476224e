"""Questions to the ledger (查询): named ones, and the analyst's own SQL over a snapshot; answers as Parquet."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fapiao_kernel.agent.compose import House
from fapiao_kernel.api.ledger import SqlRequest
from fapiao_kernel.domain.clearing import Event, Run, units_of
from fapiao_kernel.domain.errors import NotReachable, Refused, UsageError

if TYPE_CHECKING:
    from fapiao_kernel.records.ledger.sandbox import Question


@dataclass(frozen=True)
class _Snapshot:
    path: Path
    made: float
    journal: int


@dataclass(frozen=True)
class SqlAnswer:
    """Rows as Parquet; ``age`` of the snapshot they come from in seconds, and the journal's number of records when it was made."""

    rows: bytes
    age: float
    journal: int


class Queries:
    """Reading the ledger for faces. A home without a ledger raises ``NotReachable`` (``ledger_empty``) or has zero totals."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._lock = threading.Lock()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._snapshot: _Snapshot | None = None
        self._asked: dict[str, Question] = {}

    @property
    def empty(self) -> bool:
        """Whether nothing was ever brought in; then no ledger file is made just by looking."""
        return not self._house.duck.made and not self._house.home.ledger.exists()

    def named(self, name: str, params: Mapping[str, Any]) -> bytes:
        """The result of a named query as Parquet."""
        self._need_ledger()
        return _written(lambda out: self._house.duck.get().named(name, dict(params), out))

    def sql(self, request: SqlRequest) -> SqlAnswer:
        """The analyst's own query over a snapshot, in a child process of its own."""
        self._need_ledger()
        from fapiao_kernel.records.ledger.sandbox import Question

        def ask(out: Path) -> None:
            question = Question(snapshot.path, request.sql, out, request.limit, request.seconds)
            with self._lock:
                if request.id in self._asked:
                    raise UsageError("sql_id_taken", id=request.id)
                if request.id:
                    self._asked[request.id] = question
            try:
                question.run()
            finally:
                with self._lock:
                    self._asked.pop(request.id, None)

        snapshot = self._fresh()
        rows = _written(ask)
        return SqlAnswer(rows, time.monotonic() - snapshot.made, snapshot.journal)

    def cancel(self, id: str) -> bool:
        """Stop a query under way (停止); False when there is none of that id (any more)."""
        with self._lock:
            question = self._asked.get(id)
        if question is None:
            return False
        question.cancel()
        return True

    def _fresh(self) -> _Snapshot:
        """The last snapshot while nothing was written since, else a new one."""
        with self._lock:
            head = self._house.journal.head()[0]
            if self._snapshot is None or self._snapshot.journal != head:
                if self._folder is None:
                    self._folder = tempfile.TemporaryDirectory(prefix="fapiao-snapshot-", ignore_cleanup_errors=True)
                path = Path(self._folder.name) / f"{head}.duckdb"
                self._house.duck.get().copy_to(path)
                old, self._snapshot = self._snapshot, _Snapshot(path, time.monotonic(), head)
                if old is not None:
                    old.path.unlink(missing_ok=True)  # who still reads it keeps its open file
            return self._snapshot

    def _need_ledger(self) -> None:
        if self.empty:
            raise NotReachable("ledger_empty")


def newest_frozen(runs: Sequence[Run]) -> dict[str, Any]:
    """Units and import watermarks of the preview (预览) frozen last, cleared or voided since or not; ``runs`` oldest first.

    Raises ``Refused`` (``no_frozen_preview``).
    """
    for run in reversed(runs):
        if frozen := run.facts.get(Event.FROZEN):
            keys = [unit.key for unit in units_of(run.device_number, frozen["units"])]
            return {"keys": keys, "watermarks": [unit["watermark"] for unit in frozen["units"]]}
    raise Refused("no_frozen_preview")


def _written(write: Callable[[Path], object]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="fapiao-answer-") as folder:
        out = Path(folder) / "answer.parquet"
        write(out)
        return out.read_bytes()
