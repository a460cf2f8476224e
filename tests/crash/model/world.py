"""One month's world (现场): what outlives an agent, and the agent of the moment over it."""

from __future__ import annotations

import contextlib
import copy
import random
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fapiao_kernel.agent.kept import Kept
from fapiao_kernel.devices.authority import HttpAuthority
from fapiao_kernel.devices.drivers.gb18240 import DRIVER
from fapiao_kernel.devices.plug import Link
from fapiao_kernel.domain.card import CardIdentity, Monitoring, MonthStatistics
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.clearing import Engine
from fapiao_kernel.ports import Backup, Card, Record
from fapiao_kernel.records.journal.store import FileJournal
from fapiao_kernel.simulator.authority.store import new_state
from fapiao_kernel.simulator.card.image import load, new_image
from tests.crash.model.books import Backups, Ledger, Recorder
from tests.crash.model.disk import Disk
from tests.crash.model.far import URL, Image, Line, Socket
from tests.crash.model.faults import APDU, APPEND, MESSAGE, Crash, Fault, Schedule
from tests.crash.model.points import Points
from tests.operations.fakes import CHINA, NUMBER, OCTOBER, ORDINARY, PIN, SPECIAL, TAXPAYER, FakeClock

ADDRESS = "gb18240+sim://novice"
TYPES = (SPECIAL, ORDINARY)
INVOICES = (Decimal("113.00"), Decimal("226.00"), Decimal("-11.30"))
"""Of each type, with tax: two and a red one (红字)."""
UNITS = tuple(ClearUnit(NUMBER, t, OCTOBER) for t in TYPES)
START = datetime(2026, 11, 5, 9, 0, tzinfo=CHINA)
MONTH = timedelta(days=31)
TAKES = {APPEND: 0.01, APDU: 0.02, MESSAGE: 0.2}
"""Virtual seconds that each thing takes."""
_KEY = bytes(range(32))
_JUMPS = {Fault.CLOCK_AHEAD: MONTH, Fault.CLOCK_BACK: -MONTH}
_FULL = {Fault.FULL_JOURNAL: "write", Fault.FULL_JOURNAL_LATE: "fsync"}
_KILLS = {
    Fault.KILL_BEFORE: "before",
    Fault.KILL_TORN: "torn",
    Fault.KILL_UNSYNCED: "unsynced",
    Fault.KILL_AFTER: "after",
}


@dataclass(frozen=True)
class Snapshot:
    """Everything that outlives an agent, between two acts of it: a month can go on from here."""

    seconds: float
    files: dict[str, bytes]
    card: bytes
    authority: str
    rows: dict[ClearUnit, str] = field(default_factory=dict)
    committed: tuple[tuple[ClearUnit, str], ...] = ()
    backups: tuple[Backup, ...] = ()
    records: Mapping[str, Any] = field(default_factory=dict)
    passed: tuple[tuple[str, str], ...] = ()
    clerk: Mapping[str, Any] = field(default_factory=dict)


class Time:
    """Virtual time; nobody sleeps. ``now`` is the far ends'."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def pass_by(self, seconds: float) -> None:
        """So much time passes."""
        self.seconds += seconds


class AgentClock(FakeClock):
    """The computer's clock, which may be set wrong."""

    def __init__(self, time: Time) -> None:
        self._time = time
        self.wrong = timedelta(0)

    def now(self) -> datetime:
        return self._time.now() + self.wrong


class Signer:
    """The home's key, the same in every month."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(_KEY)
        self.public = self._key.public_key().public_bytes_raw().hex()

    def sign(self, content: bytes) -> str:
        return self._key.sign(content).hex()


SIGNER = Signer()


class PointedJournal(FileJournal):
    """The shipped journal; each append, its own at opening among them, is a point."""

    def __init__(self, world: World) -> None:
        self._world = world
        super().__init__(world.disk.folder, world.clock, lambda: SIGNER)

    def append(self, kind: str, data: Mapping[str, Any], *, run: str = "", who: str = "") -> Record:
        """See ``FileJournal.append``."""
        self._world.appending(kind)
        record = super().append(kind, data, run=run, who=who)
        self._world.disk.kill = ""
        return record


class World:
    """``engine`` is the agent of the moment, None while none runs. Subclasses plant bugs."""

    journal_class: type[PointedJournal] = PointedJournal
    disk_class: type[Disk] = Disk

    def __init__(self, folder: Path, schedule: Schedule, snapshot: Snapshot) -> None:
        """``folder``: empty, in memory where there is such a thing."""
        chance = random.Random(schedule.seed)
        self.time = Time(snapshot.seconds)
        self.clock = AgentClock(self.time)
        self.points = Points(schedule.strikes, self._begin, snapshot.passed)
        (folder / "journal").mkdir(exist_ok=True)
        self.disk = self.disk_class(folder / "journal", chance)
        self.disk.lay(snapshot.files)
        self.socket = Socket(Image(snapshot.card), self.time, self.die, self.reach)
        self.line = Line(snapshot.authority, self.time, self.die, self.reach, self.time.pass_by)
        self.ledger = Ledger()
        self.ledger.units = {unit: list(INVOICES) for unit in UNITS}
        self.ledger.rows, self.ledger.committed = dict(snapshot.rows), list(snapshot.committed)
        self.backups = Backups(self.clock)
        self.backups.made = list(snapshot.backups)
        self.recorder = Recorder(folder)
        self.recorder.kept = dict(snapshot.records)
        self.journal: PointedJournal | None = None
        self.engine: Engine | None = None
        self.restarts = 0

    def snapshot(self, clerk: Mapping[str, Any]) -> Snapshot:
        """Now, between two acts."""
        return Snapshot(
            self.time.seconds,
            self.disk.files(),
            self.socket.image.content,
            self.line.shelf.saved,
            dict(self.ledger.rows),
            tuple(self.ledger.committed),
            tuple(self.backups.made),
            dict(self.recorder.kept),
            tuple(self.points.passed),
            copy.deepcopy(dict(clerk)),
        )

    # --- the agent

    def wake(self, *, settle: bool = True) -> Engine:
        """An agent over what there is; it settles what another left open."""
        self.journal = self.journal_class(self)
        self.recorder.journal = self.journal
        card = Kept(ADDRESS, self.open_card, lambda state: None, lambda statistics: None)
        authority = HttpAuthority(URL, transport=self.line)
        self.engine = self.compose(card, authority)
        if settle:
            self.journal.append("agent.started", {"version": "0"})
            self.engine.settle_open()
        return self.engine

    def open_card(self) -> Card:
        """The shipped driver over a fresh link."""
        return self.drive(self.socket.open())

    def drive(self, link: Link) -> Card:
        """The driver; planted bugs come in here."""
        return DRIVER.open(link, ADDRESS)

    def compose(self, card: Card, authority: HttpAuthority) -> Engine:
        """The shipped engine; the one place that knows how it is put together."""
        assert self.journal is not None
        return Engine(
            journal=self.journal,
            ledger=self.ledger,
            backups=self.backups,
            recorder=self.recorder,
            clock=self.clock,
            card=lambda address: card,
            authority=lambda address: authority,
            versions={"fapiao-kernel": "0"},
            disk_free=lambda: 10 * 1024**3,
        )

    def switch_off(self) -> None:
        """Everything is restarted: card back in, tax side up, disks free, clock right; of the agent there is what it made durable."""
        if not self.disk.dead:
            with contextlib.suppress(Crash):
                self.disk.die(None)
        if self.journal is not None:
            self.journal.close()  # the system closes a dead process's files
        self.journal = self.engine = None
        self.disk.restart()
        self.socket.plug_in()
        self.line.start(self.line.shelf.saved)
        self.ledger.full = self.backups.full = self.recorder.full = False
        self.clock.wrong = timedelta(0)
        self.points.restarted()
        self.restarts += 1

    # --- where things break

    def reach(self, kind: str, label: str) -> Fault | None:
        """A point. A dead agent reaches none."""
        if self.disk.dead:
            raise Crash
        self.time.pass_by(TAKES[kind])
        return self.points.reach(kind, label)

    def appending(self, kind: str) -> None:
        """A journal append is about to be made."""
        fault = self.reach(APPEND, kind)
        if fault is not None:
            self.disk.kill = _KILLS[fault]

    def die(self) -> None:
        """The agent dies here."""
        self.disk.die(None)

    def _begin(self, fault: Fault) -> None:
        match fault:
            case Fault.UNPLUGGED:
                self.socket.present = False
            case Fault.DOWN | Fault.SLOW:
                self.line.mode = fault
            case Fault.REFUSES:
                self.line.shelf.refuses = True
            case Fault.FULL_JOURNAL | Fault.FULL_JOURNAL_LATE:
                self.disk.full = _FULL[fault]
            case Fault.FULL_LEDGER:
                self.ledger.full = True
            case Fault.FULL_BACKUP:
                self.backups.full = True
            case Fault.FULL_RECORD:
                self.recorder.full = True
            case Fault.CLOCK_AHEAD | Fault.CLOCK_BACK:
                self.clock.wrong = _JUMPS[fault]
            case _:
                raise AssertionError(fault)


@cache
def beginning() -> Snapshot:
    """A fresh card with both types, October open; a tax side that knows it; a ledger with its invoices; nothing in the journal."""
    plus, minus = (sum((i for i in INVOICES if (i > 0) is up), Decimal("0.00")) for up in (True, False))
    with tempfile.TemporaryDirectory() as name:
        card, authority = Path(name) / "card.json", Path(name) / "authority.json"
        new_image(
            card,
            identity=CardIdentity(
                NUMBER, "9999000000000001", TAXPAYER, "样例公司", OCTOBER.last_day.replace(year=2036), simulated=True
            ),
            pin=PIN,
            clock_offset=0.0,
            monitoring=[
                Monitoring(
                    t,
                    START.date().replace(day=17),
                    OCTOBER.first_day,
                    OCTOBER.last_day,
                    OCTOBER.first_day.replace(day=5),
                    False,
                )
                for t in TYPES
            ],
            statistics=[
                MonthStatistics(t, OCTOBER, positive=2, negative=1, positive_amount=plus, negative_amount=minus)
                for t in TYPES
            ],
            volumes=(),
            shared_key=_KEY,
        )
        new_state(
            authority,
            device_number=NUMBER,
            taxpayer_id=TAXPAYER,
            taxpayer_name="样例公司",
            types=[t.value for t in TYPES],
            clock_offset=0.0,
            shared_key=_KEY,
        )
        image = Image(b"")
        image.save(load(card))
        return Snapshot(0.0, {}, image.content, authority.read_text(encoding="utf-8"))
