"""One month in one process (一个月): what outlives the agent, and how an agent is started over it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from fapiao_kernel.agent.cards import Kept
from fapiao_kernel.devices.authority import HttpAuthority
from fapiao_kernel.devices.drivers.gb18240 import DRIVER
from fapiao_kernel.domain.card import CardIdentity, Monitoring, MonthStatistics
from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.clearing import Engine
from fapiao_kernel.ports import Backup, Card
from fapiao_kernel.records.journal.store import FileJournal
from fapiao_kernel.simulator.authority.store import new_state
from fapiao_kernel.simulator.card.image import new_image
from tests.crash.inside.disk import Disk
from tests.crash.inside.far import Line, Socket
from tests.crash.inside.faults import Fault
from tests.crash.inside.points import Points
from tests.operations.fakes import CHINA, NUMBER, TAXPAYER, FakeBackups, FakeClock, FakeLedger, FakeRecorder

PIN = "28461935"
KEY = bytes(range(32))
ADDRESS = "gb18240+sim://novice"
TYPES = (InvoiceType.SPECIAL, InvoiceType.ORDINARY)
OCTOBER = Period(2026, 10)
EACH = (Decimal("113.00"), Decimal("226.00"), Decimal("-11.30"))
"""The invoices of each type: two and a red one, sums with tax."""
AUTHORITY = "http://127.0.0.1:9/"
MONTH = timedelta(days=31)


class VirtualClock:
    """Moves on a little whenever it is looked at; nobody sleeps."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 5, 9, 0, tzinfo=CHINA)

    def now(self) -> datetime:
        self.time += timedelta(milliseconds=1)
        return self.time


class AgentClock(FakeClock):
    """The computer's clock: the world's, unless it jumped."""

    def __init__(self, world: VirtualClock) -> None:
        self._world = world
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return self._world.now() + self.ahead


class Books(FakeLedger):
    """The ledger: what it committed it keeps; a full disk commits nothing."""

    full = False

    def close_units(self, previews: Any, *, run: str, at: datetime) -> int:
        if self.full:
            raise Refused("ledger_unwritable", path="ledger.duckdb", reason="ENOSPC")
        return super().close_units(previews, run=run, at=at)


class Store(FakeBackups):
    """Backups; a full disk makes none."""

    def make(self, reason: str, progress: object = None) -> Backup:
        if self.failing:
            raise Refused("backup_unwritable", folder="a", reason="ENOSPC")
        return super().make(reason, progress)


class World:
    """``engine`` is the agent of the moment. Everything else outlives it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = VirtualClock()
        self.agent_clock = AgentClock(self.clock)
        self.points = Points(self._begin)
        self.disk = Disk(self._append, lambda name: self.points.done())
        self.journal_folder = folder / "journal"
        new_card(folder / "card.json")
        new_authority(folder / "authority.json")
        self.socket = Socket(folder / "card.json", self.points, self.clock)
        self.line = Line(folder / "authority.json", self.points, self.clock)
        self.books = Books()
        self.books.units = {ClearUnit(NUMBER, t, OCTOBER): list(EACH) for t in TYPES}
        self.backups = Store(self.agent_clock)
        self.recorder = FakeRecorder(folder)
        self.journal: FileJournal | None = None

    # --- the agent

    def start(self) -> Engine:
        """An agent over what there is: it settles what another left open."""
        self.journal = FileJournal(self.journal_folder, self.agent_clock)
        authority = HttpAuthority(AUTHORITY, transport=self.line)
        card = Kept(ADDRESS, lambda: DRIVER.open(self.socket.open(), ADDRESS), lambda state: None)
        self.engine = self.engine_over(card, authority)
        self.engine.settle_open()
        return self.engine

    def engine_over(self, card: Card, authority: HttpAuthority) -> Engine:
        assert self.journal is not None
        return Engine(
            journal=self.journal,
            ledger=self.books,
            backups=self.backups,
            recorder=self.recorder,
            clock=self.agent_clock,
            card=lambda address: card,
            authority=lambda address: authority,
            versions={"fapiao-kernel": "0"},
            disk_free=lambda: 10 * 1024**3,
        )

    def died(self, torn: float = 0.0) -> None:
        """The agent is gone, and with it what was not durable."""
        if self.journal is not None:
            self.journal.close()  # the system closes a dead process's files, and lets go of its lock
            self.journal = None
        if self.journal_folder.exists():
            self.disk.forget(self.journal_folder, torn)

    def mend(self) -> None:
        """Card in, tax side up, disks free, clock right."""
        self.points.restarted()
        self.socket.unplugged = self.socket.loses_power = self.socket.loses_reply = False
        self.socket.power()
        self.line.mend()
        self.disk.full = self.books.full = self.backups.failing = False
        self.agent_clock.ahead = timedelta(0)

    # --- what breaks

    def _append(self, name: str) -> None:
        if name.endswith(".jsonl"):
            self.points.reached("journal", "")

    def _begin(self, kind: str, fault: Fault) -> None:
        match fault:
            case Fault.UNPLUGGED:
                self.socket.unplugged = kind in ("journal", "message")  # in mid-exchange the link itself pulls it out
            case Fault.POWER_LOSS:
                self.socket.loses_power = True
            case Fault.REPLY_LOST:
                self.socket.loses_reply = True
            case Fault.FULL_JOURNAL:
                self.disk.full = True
            case Fault.FULL_LEDGER:
                self.books.full = True
            case Fault.FULL_BACKUP:
                self.backups.failing = True
            case Fault.CLOCK:
                self.agent_clock.ahead = MONTH
            case _:
                self.line.mode = fault

    # --- what is left

    @property
    def card_books(self) -> Mapping[str, Any]:
        """What the card applied and answered, by act and span."""
        return self.socket.card._memory.counts

    @property
    def facts(self) -> Mapping[str, Mapping[str, Any]]:
        return self.recorder.facts


def new_card(path: Path) -> None:
    """A card with both types, October open; its statistics are the ledger's."""
    positive = sum(total for total in EACH if total > 0)
    negative = sum(total for total in EACH if total < 0)
    new_image(
        path,
        identity=CardIdentity(NUMBER, "9999000000000001", TAXPAYER, "样例公司", date(2036, 1, 1), simulated=True),
        pin=PIN,
        clock_offset=0.0,
        monitoring=[
            Monitoring(t, date(2026, 11, 17), OCTOBER.first_day, OCTOBER.last_day, date(2026, 10, 8), False)
            for t in TYPES
        ],
        statistics=[
            MonthStatistics(
                t,
                OCTOBER,
                positive=sum(total > 0 for total in EACH),
                negative=sum(total < 0 for total in EACH),
                positive_amount=Decimal(positive),
                negative_amount=Decimal(negative),
            )
            for t in TYPES
        ],
        volumes=(),
        shared_key=KEY,
    )


def new_authority(path: Path) -> None:
    """The tax side that knows this card."""
    new_state(
        path,
        device_number=NUMBER,
        taxpayer_id=TAXPAYER,
        taxpayer_name="样例公司",
        types=[t.value for t in TYPES],
        clock_offset=0.0,
        shared_key=KEY,
    )
