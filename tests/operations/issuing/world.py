"""A strict issuing card and ledger in memory: what no real far end would allow, they do not allow either."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from fapiao_kernel.domain.card import CardIdentity, CardState, Monitoring, Volume
from fapiao_kernel.domain.clearing import Run
from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, OutcomeUnknown, Refused
from fapiao_kernel.domain.invoice import Invoice, InvoiceLine, InvoiceStatus, InvoiceType
from fapiao_kernel.domain.issuing import InvoiceSheet, Issued, IssueRequest, NextNumber
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.issuing.desk import Held
from fapiao_kernel.operations.issuing.engine import Issuing
from tests.operations.fakes import NUMBER, PIN, TAXPAYER, Crash, FakeClock, FakeJournal

SPECIAL, ORDINARY = InvoiceType.SPECIAL, InvoiceType.ORDINARY
ADDRESS = "gb18240+sim://novice"
CODES = {SPECIAL: "4200261130", ORDINARY: "4200261320"}
BUYER = "91110000600037341L"


class Card:
    """Counts what it applied, whatever it answered. ``fault`` of the next act: ``lost`` (applied, no answer), ``lost_before``,
    ``not_sent``, ``refuse``, ``bug`` (a driver's own error after applying), ``crash`` / ``crash_before`` (the process dies)."""

    address = ADDRESS

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.identity = CardIdentity(NUMBER, "9999000000000001", TAXPAYER, "样例公司", date(2030, 1, 1), True)
        self.lock_date = date(2026, 12, 15)
        self.reported = False
        self.next = dict.fromkeys(CODES, 1)
        self.last = 9
        self.issued: dict[tuple[str, str], InvoiceDetail] = {}
        self.applied: list[tuple[str, str]] = []
        self.tries: int | None = 10
        self.pin_shown: list[str] = []
        self.fault = ""
        self.blind = False
        self.at_issue: Callable[[], None] = lambda: None

    def evidence(self) -> Mapping[str, object]:
        return {}

    def read_state(self) -> CardState:
        own = tuple(
            Monitoring(t, self.lock_date, date(2026, 11, 1), date(2026, 11, 30), date(2026, 10, 31), self.reported)
            for t in CODES
        )
        return CardState(self.identity, self.clock.now(), own, self.tries)

    def read_volumes(self) -> tuple[Volume, ...]:
        return tuple(Volume(t, code, "00000001", f"{self.last:08d}") for t, code in CODES.items())

    def verify_pin(self, pin: str, *, spend_low_tries: bool = False) -> None:
        assert not spend_low_tries, "a run never spends the last tries"
        self.pin_shown.append(pin)
        if pin != PIN:
            assert self.tries is not None
            self.tries -= 1
            raise Refused("pin_missing")  # any refusal will do

    def next_number(self, kind: InvoiceType) -> NextNumber | None:
        left = self.last + 1 - self.next[kind]
        return NextNumber(kind, CODES[kind], f"{self.next[kind]:08d}", left) if left else None

    def find(self, kind: InvoiceType, code: str, number: str) -> InvoiceDetail | None:
        assert code, "no card takes a number without its code"
        found = None if self.blind else self.issued.get((code, number))
        return found if found is not None and found.invoice_type is kind else None

    def issue(self, sheet: InvoiceSheet) -> Issued:
        assert PIN in self.pin_shown, "issuing needs the PIN"
        self.at_issue()
        following = self.next_number(sheet.invoice_type)
        fault, self.fault = self.fault, ""
        self._before(fault)
        if following is None or (following.code, following.number) != (sheet.code, sheet.number):
            raise Refused("issue_no_number", type="not the next")
        day = self.clock.now().date()
        total = sheet.amount + sheet.tax
        self.issued[sheet.code, sheet.number] = InvoiceDetail(
            sheet.invoice_type, sheet.code, sheet.number, day, total, sheet.red
        )
        self.next[sheet.invoice_type] += 1
        self.applied.append((sheet.code, sheet.number))
        self._after(fault)
        return Issued(sheet.code, sheet.number, day, "0011223344556677")

    def void(self, kind: InvoiceType, code: str, number: str) -> bool:
        assert PIN in self.pin_shown, "voiding needs the PIN"
        fault, self.fault = self.fault, ""
        self._before(fault)
        was = self.issued[code, number]
        self.issued[code, number] = replace(was, void=True)
        self.applied.append(("void", number))
        self._after(fault)
        return not was.void

    def _before(self, fault: str) -> None:
        match fault:
            case "not_sent":
                raise NotReachable("check_device_away", why="已拔出")
            case "refuse":
                raise Refused("evidence_too_weak", command="issue")
            case "lost_before":
                raise OutcomeUnknown("clear_unknown", units="issue")
            case "crash_before":
                raise Crash

    def _after(self, fault: str) -> None:
        match fault:
            case "lost":
                raise OutcomeUnknown("clear_unknown", units="issue")
            case "bug":
                raise RuntimeError("driver bug")
            case "crash":
                raise Crash


class Books:
    """A ledger that takes an invoice once, and a void mark once. ``failing``: nothing comes in; ``dying``: the process does."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Invoice] = {}
        self.originals: list[dict[str, str]] = []
        self.failing = self.dying = False
        self.closed_by = ""

    def held(self, code: str, number: str) -> Held | None:
        found = self.rows.get((code, number))
        if found is None:
            return None
        reds = tuple(i for i in self.rows.values() if i.red_of == code + number and i.status is InvoiceStatus.NORMAL)
        return Held(found, ClearUnit(NUMBER, found.invoice_type, found.period), reds)

    def closed(self, unit: ClearUnit) -> str | None:
        return self.closed_by or None

    def enter(self, invoice: Invoice, act: Mapping[str, str], who: str) -> None:
        if self.dying:
            raise Crash
        if self.failing:
            raise FapiaoError("backup_not_proven", backup="any error will do")
        self.originals.append(dict(act))
        if invoice.key not in self.rows or invoice.status is InvoiceStatus.VOID:
            self.rows[invoice.key] = invoice


class World:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.journal = FakeJournal(self.clock)
        self.card = Card(self.clock)
        self.books = Books()
        self.runs: list[Run] = []
        self.lock = threading.RLock()
        self.engine = self.restart()

    def restart(self) -> Issuing:
        """A new process over the same journal, card and ledger."""

        @contextlib.contextmanager
        def holding(card: str) -> Iterator[None]:
            with self.lock:
                yield

        self.engine = Issuing(
            journal=self.journal, books=self.books, clock=self.clock, card=lambda a: self.card, holding=holding,
            runs=lambda: tuple(self.runs),
        )  # fmt: skip
        return self.engine

    def issue(self, request: IssueRequest, pin: str = PIN):
        return self.engine.issue(ADDRESS, request, pin, "陈会计")

    def kinds(self) -> list[str]:
        return [record.kind for record in self.journal.kept]


def request(id: str = "R1", amount: str = "100.00", kind: InvoiceType = SPECIAL, **more: object) -> IssueRequest:
    tax = (Decimal(amount) * Decimal("0.13")).quantize(Decimal("0.01"))
    lines = (InvoiceLine("轴承", Decimal(amount), "0.13", tax, "1090101000000000000"),)
    return IssueRequest(id, kind, "北京样例有限公司", BUYER, **{"lines": lines, **more})
