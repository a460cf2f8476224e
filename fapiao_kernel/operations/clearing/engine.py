"""The engine (清卡引擎): one façade over the steps of the clear. Safe to call from several threads; every act takes a run's id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from fapiao_kernel.domain.clearing import Run
from fapiao_kernel.domain.selection import Selection
from fapiao_kernel.operations.clearing import (
    accepting,
    approving,
    cancelling,
    concluding,
    confirming,
    executing,
    opening,
    preparing,
    previewing,
    reporting,
    selecting,
    settling,
)
from fapiao_kernel.operations.clearing.book import Book
from fapiao_kernel.operations.clearing.desk import Desk, RunProgress
from fapiao_kernel.operations.clearing.policy import NO_POLICY
from fapiao_kernel.operations.clearing.recovery import alarms, recovering
from fapiao_kernel.operations.clearing.recovery.situation import Situation, look_back
from fapiao_kernel.operations.clearing.selecting import Selected
from fapiao_kernel.operations.clearing.tokens import Tokens
from fapiao_kernel.operations.issuing.book import IssueBook
from fapiao_kernel.ports import Authority, BackupStore, Card, Clock, Journal, Ledger, Policy, Recorder


def _quiet(run: str, label: str, done: int, total: int) -> None:
    """Nobody listens."""


class Engine:
    """Runs of the clear. Every method gives the run as it then stands, or raises ``FapiaoError``.

    A bug inside a port passes through as it is, the run's state written first: an act under way has become unknown.
    ``card`` and ``authority`` give those of a device address; ``progress(run id, label, done, total)`` hears of work under way;
    ``disk_free`` tells the bytes free where the home lies (without it the disk is not among the checks). ``policy``: the house's rules.
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
        policy: Policy = NO_POLICY,
    ) -> None:
        self._book = Book(journal)
        self._desk = Desk(
            book=self._book,
            issues=IssueBook(journal),
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
            policy=policy,
        )

    def runs(self) -> tuple[Run, ...]:
        """Every run, oldest first."""
        return self._book.runs()

    def run(self, run: str) -> Run:
        """One run; raises ``Refused`` (``run_not_found``)."""
        return self._book.run(run)

    def holding(self, card: str) -> AbstractContextManager[None]:
        """One act at a time on a card: whoever does another kind of act on it (开票) waits for a clear's, and a clear for that."""
        return self._book.holding(card)

    def select(self, card: str, selection: Selection) -> Selected:
        """What a selection comes to: the units that would really close, beside what was asked for. Changes nothing."""
        return selecting.select(self._desk, card, selection)

    def open_run(self, card: str, selection: Selection | None = None, who: str = "") -> Run:
        """Open a run over a selection; without one, over what the card would close now (see ``opening.open_run``)."""
        return opening.open_run(self._desk, card, selection or Selection(), who)

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

    def accept(self, run: str, code: str, reason: str, who: str = "") -> Run:
        """Take a warning of the step ahead (report, or confirmation) on, with a reason (see ``accepting.accept``)."""
        return accepting.accept(self._desk, run, code, reason, who)

    def confirm(self, run: str, revision: str, device_tail: str, period: str, who: str = "") -> confirming.Confirmation:
        """Step ⑤: the token that ``execute`` needs, and when it expires (ISO); or what policy still needs before that."""
        return confirming.confirm(self._desk, run, revision, device_tail, period, who)

    def approve(self, run: str, revision: str, who: str, code: str = "") -> Run:
        """复核: the verification code, or the second person's yes, that a confirmation waits for (see ``approving.approve``)."""
        return approving.approve(self._desk, run, revision, who, code)

    def execute(self, run: str, revision: str, token: str, pin: str = "") -> Run:
        """Steps ⑥ to ⑧: clear, at most once, then conclude. Changes the card, and cannot be undone."""
        executing.execute(self._desk, run, revision, token, pin)
        return self.conclude(run)

    def read_back(self, run: str) -> Run:
        """Leave 结果未知 by reading the card; a clear settled so is concluded too."""
        settled = settling.read_back(self._desk, run)
        return self.conclude(run) if settled.state in concluding.STEPS else settled

    def look_back(self, card: str) -> Situation:
        """What device, ledger, tax side and journal say now, and the one action that is left (现状). Changes nothing."""
        with self._book.holding(card):
            return look_back(self._desk, card)

    def continue_from_device(self, card: str, who: str = "") -> Run:
        """按设备结果继续: what the card proves is written, nothing is sent to it, and the conclusion follows."""
        with self._book.holding(card):
            found = recovering.continue_from_device(self._desk, card, who)
            return self.conclude(found.id) if found.state in concluding.STEPS else found

    def false_alarm(self, card: str, statement: str, who: str = "") -> Run | None:
        """误报: proven by a fresh reading that nothing moved. None when no run was open."""
        with self._book.holding(card):
            found = alarms.false_alarm(self._desk, card, statement, who)
            return self.conclude(found.id) if found is not None and found.state in concluding.STEPS else found

    def conclude(self, run: str) -> Run:
        """Steps ⑦ and ⑧ from wherever they stand: acknowledge, close, verify, record, back up again."""
        return concluding.conclude(self._desk, run)

    def cancel(self, run: str, reason: str = "", who: str = "") -> Run:
        """Give the run up, also while an act of it is under way: asked at once, done when that act ends (see ``cancelling.cancel``)."""
        return cancelling.cancel(self._desk, run, reason, who)

    def settle_open(self) -> None:
        """At start, before any other act: settle intents without results by asking the device, then conclude what waits."""
        settling.settle_open(self._desk, self.conclude)
