"""A whole clear's surroundings in memory, and the short ways through the steps that tests take."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from fapiao_kernel.domain.clearing import Run
from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.clearing import Engine
from fapiao_kernel.operations.clearing.policy import NO_POLICY
from fapiao_kernel.ports import Policy
from tests.operations.fakes import (
    NUMBER,
    OCTOBER,
    ORDINARY,
    PIN,
    SPECIAL,
    FakeAuthority,
    FakeBackups,
    FakeCard,
    FakeClock,
    FakeJournal,
    FakeLedger,
    FakeRecorder,
)

APART = ((SPECIAL,), (ORDINARY,))
TOGETHER = ((SPECIAL, ORDINARY),)


class World:
    """Far ends and stores that outlive an engine, as they outlive a process."""

    def __init__(self, folder: Path, *, groups: tuple[tuple[InvoiceType, ...], ...] = APART, periods: int = 1) -> None:
        self.clock = FakeClock()
        self.journal = FakeJournal(self.clock)
        self.card = FakeCard(self.clock, groups=groups, periods=periods)
        self.authority = FakeAuthority(self.clock, self.card)
        self.ledger = FakeLedger()
        for group in groups:
            for t in group:
                count, total = self.card.counts[t]
                each = [Decimal("100.00")] * (count - 1)
                self.ledger.units[ClearUnit(NUMBER, t, OCTOBER)] = [*each, total - sum(each)]
        self.backups = FakeBackups(self.clock, lambda: self.journal.head()[1])
        self.recorder = FakeRecorder(folder)
        self.told: list[tuple[str, str, int, int]] = []
        self.policy: Policy = NO_POLICY
        self.engine = self.start()

    def start(self) -> Engine:
        """A new engine over the same journal, as after a restart."""
        self.engine = Engine(
            journal=self.journal,
            ledger=self.ledger,
            backups=self.backups,
            recorder=self.recorder,
            clock=self.clock,
            card=lambda address: self.card,
            authority=lambda address: self.authority,
            progress=lambda *told: self.told.append(told),
            versions={"fapiao-kernel": "0"},
            disk_free=lambda: 10 * 1024**3,
            policy=self.policy,
        )
        return self.engine

    @property
    def period(self) -> str:
        """What a person types to confirm."""
        return "2026-10" if len(self.card.span) == 1 else f"{self.card.span[0]}..{self.card.span[-1]}"

    def opened(self) -> Run:
        return self.engine.open_run(self.card.address, who="tester")

    def checked(self) -> Run:
        return self.engine.check(self.opened().id)

    def backed_up(self) -> Run:
        return self.engine.backup(self.checked().id)

    def reported(self) -> Run:
        return self.report(self.backed_up())

    def report(self, run: Run, pin: str = PIN) -> Run:
        return self.engine.report(run.id, pin, self.period)

    def declared(self) -> Run:
        run = self.reported()
        self.authority.filed = True
        return self.engine.declaration(run.id)

    def previewed(self) -> Run:
        return self.engine.freeze(self.declared().id)

    def confirm(self, run: Run) -> str:
        return self.engine.confirm(run.id, run.revision, NUMBER[-4:], self.period)[0]

    def take_on(self, run: Run) -> str:
        """The token of a confirmation, each warning that stands before it taken on."""
        while True:
            try:
                return self.confirm(run)
            except Refused as refused:
                if refused.code != "warning_not_accepted":
                    raise
                self.engine.accept(run.id, str(refused.facts["warning"]), "looked at", "tester")

    def confirmed(self) -> tuple[Run, str]:
        run = self.previewed()
        return run, self.confirm(run)

    def executed(self) -> Run:
        run, token = self.confirmed()
        return self.engine.execute(run.id, run.revision, token, PIN)

    def most_applied(self) -> int:
        return max([*self.card.applied.values(), *self.card.reported.values(), 0])
