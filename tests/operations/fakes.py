"""Strict in-memory stand-ins for every port of the engine: what no real far end would allow, they do not allow either."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

from fapiao_kernel.domain.card import (
    CardIdentity,
    CardProfile,
    CardState,
    Evidence,
    Monitoring,
    MonthStatistics,
    Volume,
)
from fapiao_kernel.domain.clearing import Outcome
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, OutcomeUnknown, ProtocolError, Refused
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import (
    Answer,
    Authorisation,
    Backup,
    BackupCopy,
    Census,
    Declaration,
    RateTotal,
    Record,
    RunFiles,
    Summary,
    Tally,
    UnitPreview,
)
from tests.operations.listing import BriefLedger, ListingCard

CHINA = timezone(timedelta(hours=8))
NUMBER = "999900001234"
TAXPAYER = "91420000TEST00001X"
PIN = "13572468"
SPECIAL, ORDINARY = InvoiceType.SPECIAL, InvoiceType.ORDINARY
OCTOBER = Period(2026, 10)


class Crash(BaseException):
    """The process dies here."""


class FakeClock:
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 5, 9, 0, tzinfo=CHINA)

    def now(self) -> datetime:
        return self.time

    def forward(self, **by: int) -> None:
        self.time += timedelta(**by)


class FakeJournal:
    """Chained records in memory. ``fail``: called with the number of each append; may raise before or after it is durable."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.kept: list[Record] = []
        self.before: Callable[[int, str], None] = lambda n, kind: None
        self.after: Callable[[int, str], None] = lambda n, kind: None

    def append(self, kind: str, data: Mapping[str, Any], *, run: str = "", who: str = "") -> Record:
        written = json.loads(json.dumps(dict(data), allow_nan=False))  # as a file would give it back
        number = len(self.kept) + 1
        self.before(number, kind)
        prev = self.kept[-1].hash if self.kept else ""
        digest = hashlib.sha256(json.dumps([number, kind, run, who, written, prev]).encode()).hexdigest()
        record = Record(number, self.clock.now().isoformat(), kind, run, who, written, prev, digest)
        self.kept.append(record)
        self.after(number, kind)
        return record

    def records(self, *, run: str | None = None, since: int = 0) -> Sequence[Record]:
        return tuple(r for r in self.kept if r.seq > since and (run is None or r.run == run))

    def head(self) -> tuple[int, str]:
        return (self.kept[-1].seq, self.kept[-1].hash) if self.kept else (0, "")

    def kinds(self, run: str) -> list[str]:
        return [r.kind for r in self.kept if r.run == run]


def away() -> NotReachable:
    return NotReachable("check_device_away", why="已拔出")


class FakeCard(ListingCard):
    """One card whose types clear in groups. It counts what it *applied*, whatever it answered.

    ``faults``: act → what happens at its next call: ``lost`` (applied, no answer), ``lost_before`` (not applied, no answer),
    ``not_sent``, ``refuse``, ``bug`` (a driver's own error after applying).
    """

    address = "gb18240+sim://novice"

    def __init__(self, clock: FakeClock, *, groups: tuple[tuple[InvoiceType, ...], ...], periods: int = 1) -> None:
        self.clock = clock
        self.profile = CardProfile("fake", groups)
        self.identity = CardIdentity(NUMBER, "9999000000000001", TAXPAYER, "样例公司", date(2030, 1, 1), True)
        types = [t for group in groups for t in group]
        start = Period(2026, 10).shift(1 - periods)
        self.monitoring = {
            t: Monitoring(t, date(2026, 11, 17), start.first_day, OCTOBER.last_day, start.previous().last_day, False)
            for t in types
        }
        self.span = [start.shift(n) for n in range(periods)]
        self.volumes: tuple[Volume, ...] = ()
        self.tries = 10
        self.pin_shown: list[str] = []
        self.verified = False
        self.reported: Counter[tuple[InvoiceType, ...]] = Counter()
        self.applied: Counter[tuple[InvoiceType, ...]] = Counter()
        self.sent: Counter[tuple[InvoiceType, ...]] = Counter()
        self.faults: dict[str, str] = {}
        self.unplugged = False
        self.told_evidence = {"report": Evidence.STANDARD, "clear": Evidence.STANDARD}
        self.counts = {t: (12, Decimal("1130.00")) for t in types}
        self.at_clear: Callable[[], None] = lambda: None

    def evidence(self) -> Mapping[str, Evidence]:
        return self.told_evidence

    def _here(self) -> None:
        if self.unplugged:
            raise away()

    def read_state(self) -> CardState:
        self._here()
        return CardState(self.identity, self.clock.now(), tuple(self.monitoring.values()), self.tries)

    def read_statistics(self) -> tuple[MonthStatistics, ...]:
        self._here()
        last = self.span[-1]
        return tuple(
            MonthStatistics(t, period, positive=count, positive_amount=total)
            if period == last
            else MonthStatistics(t, period)
            for t, (count, total) in self.counts.items()
            for period in self.span
        )

    def read_volumes(self) -> tuple[Volume, ...]:
        self._here()
        return self.volumes

    def verify_pin(self, pin: str, *, spend_low_tries: bool = False) -> None:
        self._here()
        assert pin and not spend_low_tries, "a run sends no empty PIN, and never spends the last tries"
        self.pin_shown.append(pin)
        if pin != PIN:
            self.tries -= 1
            raise Refused("pin_missing")  # any refusal will do
        self.verified = True

    def _fault(self, act: str, types: tuple[InvoiceType, ...]) -> str:
        return self.faults.pop(f"{act} {types[0].value}", "") or self.faults.pop(act, "")

    def report(self, types: tuple[InvoiceType, ...]) -> Summary:
        self._here()
        assert types in self.profile.clears_together, "a device reports whole groups"
        assert self.verified, "a report needs the PIN"
        assert not any(self.monitoring[t].reported for t in types), "reported twice"
        fault = self._fault("report", types)
        if fault == "not_sent":
            raise away()
        if fault == "refuse":
            raise Refused("evidence_too_weak", command="report")
        if fault != "lost_before":
            self.reported[types] += 1
            for t in types:
                self.monitoring[t] = replace(self.monitoring[t], reported=True)
        if fault in ("lost", "lost_before"):
            raise OutcomeUnknown("clear_unknown", units="report")
        if fault == "bug":
            raise RuntimeError("driver bug")
        summary = self.read_summary(types)
        assert summary is not None
        return summary

    def read_summary(self, types: tuple[InvoiceType, ...]) -> Summary | None:
        self._here()
        if not all(self.monitoring[t].reported for t in types):
            return None
        return Summary(types, tuple(self.span), self.sealed(types))

    def sealed(self, types: tuple[InvoiceType, ...]) -> bytes:
        return b"sealed" + ",".join(types).encode() + str(self.span[-1]).encode()

    def clear(self, types: tuple[InvoiceType, ...], payload: bytes) -> Answer:
        self._here()
        assert types in self.profile.clears_together, "a device clears whole groups"
        assert self.verified, "a clear needs the PIN"
        self.at_clear()
        self.sent[types] += 1
        fault = self._fault("clear", types)
        if fault == "not_sent":
            raise away()
        if fault == "already":
            return Answer(Outcome.ALREADY_CLEARED, "09d118")
        if fault == "refuse":
            return Answer(Outcome.REFUSED, "6985", "条件不满足")
        if fault == "lost_before":
            raise OutcomeUnknown("clear_unknown", units="clear")
        if fault == "garbled":
            raise ProtocolError("bug", effect=Effect.NOT_SENT, what="an answer that is none, and a wrong claim")
        if not all(self.monitoring[t].reported for t in types):
            return Answer(Outcome.REFUSED, "6985", "未抄税")
        assert payload == b"payload" + self.sealed(types), "payload of another report"
        self.applied[types] += 1
        for t in types:
            was = self.monitoring[t]
            following = Period.of(was.report_end).next()
            self.monitoring[t] = Monitoring(
                t, date(2026, 12, 17), following.first_day, following.last_day, was.report_end, False
            )
        if fault == "lost":
            raise OutcomeUnknown("clear_unknown", units="clear")
        if fault == "bug":
            raise RuntimeError("driver bug")
        return Answer(Outcome.CLEARED, "9000")

    def close(self) -> None:
        return None


class FakeAuthority:
    """A tax side that remembers uploads, the return, and acknowledgements."""

    def __init__(self, clock: FakeClock, card: FakeCard) -> None:
        self.clock = clock
        self.card = card
        self.uploaded: set[bytes] = set()
        self.filed = False
        self.acknowledged: set[tuple[InvoiceType, ...]] = set()
        self.down: set[str] = set()

    def _up(self, call: str) -> None:
        if call in self.down or "all" in self.down:
            raise NotReachable("check_device_away", why="税局没有应答")

    def time(self) -> datetime:
        self._up("time")
        return self.clock.now()

    def upload_summary(self, card: CardIdentity, summary: Summary) -> str:
        self._up("upload")
        self.uploaded.add(summary.sealed)
        return f"R{len(self.uploaded)}"

    def declaration(self, card: CardIdentity, periods: tuple[Period, ...]) -> Declaration:
        self._up("declaration")
        return Declaration(self.filed, self.filed, "已申报" if self.filed else "未申报")

    def authorise(
        self, card: CardIdentity, types: tuple[InvoiceType, ...], periods: tuple[Period, ...]
    ) -> Authorisation:
        self._up("authorise")
        if not self.filed:
            raise Refused("declaration_not_seen", sentence="未申报")
        payload = b"payload" + self.card.sealed(types)
        return Authorisation(types, payload, hashlib.sha256(payload).hexdigest())

    def acknowledge(self, card: CardIdentity, types: tuple[InvoiceType, ...], periods: tuple[Period, ...]) -> str:
        self._up("acknowledge")
        assert self.card.monitoring[types[0]].lock_date > date(2026, 11, 17), "acknowledged what is not cleared"
        self.acknowledged.add(types)
        return f"A{len(self.acknowledged)}"

    def cleared(self, card: CardIdentity, types: tuple[InvoiceType, ...], periods: tuple[Period, ...]) -> bool:
        self._up("cleared")
        return types in self.acknowledged

    def file_return(self, card: CardIdentity, periods: tuple[Period, ...], total: Decimal) -> str:
        self.filed = True
        return "F1"


class FakeLedger(BriefLedger):
    """Counts and sums a unit; closing adds a row a unit, once."""

    def __init__(self) -> None:
        self.units: dict[ClearUnit, list[Decimal]] = {}
        self.rows: dict[ClearUnit, str] = {}
        self.watermark = 1
        self.unknown: Counter[Period] = Counter()
        self.told_sellers: Mapping[str, int] | None = None

    def census(self) -> Census:
        def tally(units: list[ClearUnit]) -> Tally:
            return Tally(
                sum(len(self.units[u]) for u in units), sum((t for u in units for t in self.units[u]), Decimal("0.00"))
            )

        closed = [u for u in self.units if u in self.rows]
        still = [u for u in self.units if u not in self.rows]
        return Census(tally(still), tally(closed), tally(list(self.units)), Tally(0, ZERO), Tally(0, ZERO))

    def preview(self, units: Sequence[ClearUnit], progress: object = None) -> tuple[UnitPreview, ...]:
        found = []
        for unit in units:
            totals = self.units.get(unit, [])
            digest = hashlib.sha256("\n".join(map(str, totals)).encode()).hexdigest()
            total = sum(totals, Decimal("0.00"))
            rates = (RateTotal("0.13", len(totals), total, ZERO),) if totals else ()
            found.append(UnitPreview(unit, len(totals), 0, 0, total, ZERO, total, rates, digest, self.watermark))
        return tuple(found)

    def close_units(self, previews: Sequence[UnitPreview], *, run: str, at: datetime) -> int:
        for preview in previews:
            if self.rows.get(preview.unit, run) != run:
                raise Refused("unit_closed_before", unit=preview.unit, run=self.rows[preview.unit])
        new = [p.unit for p in previews if p.unit not in self.rows]
        self.rows.update(dict.fromkeys(new, run))
        return len(new)

    def closed(self, unit: ClearUnit) -> str | None:
        return self.rows.get(unit)

    def open_units(self, device_number: str) -> tuple[ClearUnit, ...]:
        return tuple(sorted(u for u in self.units if u not in self.rows and u.device_number == device_number))

    def card_unknown(self, period: Period) -> int:
        return self.unknown[period]

    def late(self, unit: ClearUnit) -> int:
        return 0

    def within(
        self, units: Sequence[ClearUnit], first_day: Any = None, last_day: Any = None, invoices: Any = ()
    ) -> Mapping[ClearUnit, Tally]:
        """The n-th invoice of a unit has its type's code and the number ``period/n``, and was issued on day n."""
        kept: dict[ClearUnit, list[Decimal]] = {unit: [] for unit in units}
        for unit in kept.keys() - self.rows.keys():
            for n, total in enumerate(self.units.get(unit, []), 1):
                day = unit.period.first_day.replace(day=(n - 1) % unit.period.last_day.day + 1)
                key = (unit.invoice_type.value, f"{unit.period}/{n}")
                if (first_day or day) <= day <= (last_day or day) and (not invoices or key in invoices):
                    kept[unit].append(total)
        return {unit: Tally(len(totals), sum(totals, Decimal("0.00"))) for unit, totals in kept.items()}

    def sellers(self, units: Sequence[ClearUnit]) -> Mapping[str, int]:
        sheets = sum(len(self.units.get(unit, ())) for unit in units)
        return self.told_sellers if self.told_sellers is not None else {TAXPAYER: sheets} if sheets else {}

    def take(self, *args: object, **kwargs: object) -> Any:
        raise NotImplementedError("the engine imports nothing")


class FakeBackups:
    def __init__(self, clock: FakeClock, head: Callable[[], str] = str) -> None:
        self.clock, self.head = clock, head  # the journal head a backup names; "": none to compare
        self.made: list[Backup] = []
        self.proven = True
        self.failing = False
        self.devices: tuple[str, ...] = (NUMBER,)

    def make(self, reason: str, progress: object = None) -> Backup:
        if self.failing:
            raise FapiaoError("backup_not_proven", backup="b")
        copies = tuple(BackupCopy(Path(f"{place}/{len(self.made)}"), "00", 1) for place in ("a", "b"))
        backup = Backup(f"b{len(self.made)}", self.clock.now(), copies, 3, self.head(), self.proven, self.devices)
        self.made.append(backup)
        return backup

    def latest(self) -> Backup | None:
        return self.made[-1] if self.made else None


class FakeRecorder:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.facts: dict[str, Mapping[str, Any]] = {}
        self.failing = False

    def write(self, run: str, facts: Mapping[str, Any]) -> RunFiles:
        if self.failing:
            raise FapiaoError("bug", what="disk full")
        json.dumps(facts)  # plain JSON, or TypeError
        self.facts[run] = facts
        record, bundle = self.folder / f"{run}.html", self.folder / f"{run}.zip"
        record.write_text("record", encoding="utf-8")
        bundle.write_bytes(b"bundle")
        return RunFiles(record, bundle)
