"""The engine (清卡引擎): one façade over the steps of the clear. Safe to call from several threads; every act takes a run's id."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from fapiao_kernel.domain.clearing import Event, Run
from fapiao_kernel.operations.clearing import (
    concluding,
    confirming,
    executing,
    opening,
    preparing,
    previewing,
    reporting,
    settling,
)
from fapiao_kernel.operations.clearing.book import Book
from fapiao_kernel.operations.clearing.desk import Desk, RunProgress
from fapiao_kernel.operations.clearing.tokens import Tokens
from fapiao_kernel.ports import Authority, BackupStore, Card, Clock, Journal, Ledger, Recorder


def _quiet(run: str, label: str, done: int, total: int) -> None:
    """Nobody listens."""


class Engine:
    """Runs of the clear. Every method gives the run as it then stands, or raises ``FapiaoError``.

    A bug inside a port passes through as it is, the run's state written first: an act under way has become unknown.
    ``card`` and ``authority`` give those of a device address; ``progress(run id, label, done, total)`` hears of work under way;
    ``disk_free`` tells the bytes free where the home lies (without it the disk is not among the checks).
    """

    def __init__(
        self,
        *,
        journal: Journal,
        ledger: Ledger,
        backups: BackupStore,
        recorder: Recorder,
        clock: Clock,
        card: Callable[[str], Card],
        authority: Callable[[str], Authority],
        progress: RunProgress | None = None,
        versions: Mapping[str, str] | None = None,
        disk_free: Callable[[], int] | None = None,
    ) -> None:
        self._book = Book(journal)
        self._desk = Desk(
            book=self._book,
            tokens=Tokens(),
            ledger=ledger,
            backups=backups,
            recorder=recorder,
            clock=clock,
            card=card,
            authority=authority,
            progress=progress or _quiet,
            versions=versions or {},
            disk_free=disk_free,
        )

    def runs(self) -> tuple[Run, ...]:
        """Every run, oldest first."""
        return self._book.runs()

    def run(self, run: str) -> Run:
        """One run; raises ``Refused`` (``run_not_found``)."""
        return self._book.run(run)

    def open_run(self, card: str, types: Sequence[str] = (), periods: Sequence[str] = (), who: str = "") -> Run:
        """Open a run over what the card would close now (see ``opening.open_run``)."""
        return opening.open_run(self._desk, card, types, periods, who)

    def check(self, run: str) -> Run:
        """Step ①: compute every check."""
        return preparing.check(self._desk, run)

    def backup(self, run: str) -> Run:
        """Step ②: a backup set, read back."""
        return preparing.back_up(self._desk, run)

    def report(self, run: str, pin: str = "", period: str = "") -> Run:
        """Step ③: 抄税 and 上报汇总, confirmed by the period that it is about. Changes the card."""
        return reporting.report(self._desk, run, pin, period)

    def declaration(self, run: str) -> Run:
        """Step ③: whether the tax side has the return (申报)."""
        return reporting.declaration(self._desk, run)

    def freeze(self, run: str) -> Run:
        """Step ④: freeze the preview under a new revision."""
        return previewing.freeze(self._desk, run)

    def confirm(self, run: str, revision: str, device_tail: str, period: str) -> tuple[str, str]:
        """Step ⑤: the token that ``execute`` needs, and when it expires (ISO)."""
        return confirming.confirm(self._desk, run, revision, device_tail, period)

    def execute(self, run: str, revision: str, token: str, pin: str = "") -> Run:
        """Steps ⑥ to ⑧: clear, at most once, then conclude. Changes the card, and cannot be undone."""
        executing.execute(self._desk, run, revision, token, pin)
        return self.conclude(run)

    def read_back(self, run: str) -> Run:
        """Leave 结果未知 by reading the card; a clear settled so is concluded too."""
        settled = settling.read_back(self._desk, run)
        return self.conclude(run) if settled.state in concluding.STEPS else settled

    def conclude(self, run: str) -> Run:
        """Steps ⑦ and ⑧ from wherever they stand: acknowledge, close, verify, record, back up again."""
        return concluding.conclude(self._desk, run)

    def cancel(self, run: str, reason: str = "") -> Run:
        """Give the run up; raises ``Refused`` (``not_cancellable``) from the point of no return on, and while an act is under way."""
        self._book.append(run, Event.CANCEL_ASKED, {"reason": reason})
        return self._book.append(run, Event.CANCELLED, {"reason": reason})

    def settle_open(self) -> None:
        """At start, before any other act: settle intents without results by asking the device, then conclude what waits."""
        settling.settle_open(self._desk, self.conclude)
