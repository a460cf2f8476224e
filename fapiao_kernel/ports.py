"""What the three halls need of each other, as ``typing.Protocol``; the agent brings them together.

Rules for every port: errors are ``fapiao_kernel.domain.errors`` only, raised ``from`` their cause; an act that changes a
device is sent once and never retried inside a port; a port never assumes a machine on the other side (a companion's answer
may take minutes and carries ``Source.STATED``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from fapiao_kernel.domain.card import CardIdentity, CardProfile, CardState, Evidence, MonthStatistics, Source, Volume
from fapiao_kernel.domain.clearing import Outcome
from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import Invoice, InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.practice import PracticeOptions, PracticeWorld
from fapiao_kernel.domain.rehearsal import Readout
from fapiao_kernel.domain.unit import ClearUnit

Progress = Callable[[str, int, int], None]
"""``progress(label, done, total)``; total 0 when it is not known."""


class Clock(Protocol):
    """The only source of time (a lint rule keeps it so)."""

    def now(self) -> datetime:
        """Local time with its zone (China: UTC+8)."""
        ...


# --- devices -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Summary:
    """What the card gave on 抄税: the sealed period summary (汇总密文) of one group of types, opaque to us."""

    types: tuple[InvoiceType, ...]
    periods: tuple[Period, ...]
    sealed: bytes
    source: Source = Source.READ


@dataclass(frozen=True)
class Answer:
    """The card's answer to a clear: outcome, the raw status (hex, kept beside our code) and what it said before and after."""

    outcome: Outcome
    status: str
    sentence: str = ""
    source: Source = Source.READ


class Card(Protocol):
    """A tax-control device through its driver. One thread uses it at a time."""

    @property
    def address(self) -> str: ...

    @property
    def profile(self) -> CardProfile: ...

    def evidence(self) -> Mapping[str, Evidence]:
        """Per command name, how well it is known; ``report`` and ``clear`` among them."""
        ...

    def read_state(self) -> CardState:
        """Identity, clock, monitoring data, PIN tries. Needs no PIN. Raises ``NotReachable``, ``ProtocolError``."""
        ...

    def read_statistics(self) -> tuple[MonthStatistics, ...]:
        """Monthly statistics of every type and every period of the open span."""
        ...

    def read_volumes(self) -> tuple[Volume, ...]: ...

    def read_details(
        self, units: Sequence[ClearUnit], progress: Progress | None = None
    ) -> tuple[InvoiceDetail, ...] | None:
        """The invoices (发票明细) that the card issued in these units, each once; None: this device cannot list them.

        Changes nothing, needs no PIN. May take long: what ``progress`` raises ends it.
        """
        ...

    def verify_pin(self, pin: str) -> None:
        """Present the PIN once. Raises ``Refused`` (``pin_wrong`` with tries left, ``pin_blocked``, ``pin_tries_low``).

        Reads the tries left first, and does not send at three or fewer.
        """
        ...

    def report(self, types: tuple[InvoiceType, ...]) -> Summary:
        """抄税 (F4 DECLARE_DUTY): seals the span's summary and marks it reported. Changes the card.

        Raises ``Refused`` (nothing changed) or ``OutcomeUnknown`` (sent, no answer).
        """
        ...

    def read_summary(self, types: tuple[InvoiceType, ...]) -> Summary | None:
        """The sealed summary of a span already reported, read again without changing anything; None when not reported."""
        ...

    def clear(self, types: tuple[InvoiceType, ...], payload: bytes) -> Answer:
        """监控回传 (F6 UPDATE_CONTROLS): hands the authority's payload (清卡密文) to the card. Changes the card.

        An answered refusal is an ``Answer``; raises ``OutcomeUnknown`` when sent without an answer, ``NotReachable`` when not sent.
        """
        ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Declaration:
    """What the tax side says of a return (申报) and its comparison (票表比对)."""

    filed: bool
    compared: bool
    sentence: str
    source: Source = Source.READ

    @property
    def seen(self) -> bool:
        return self.filed and self.compared


@dataclass(frozen=True)
class Authorisation:
    """The authority's clear payload (清卡密文 fpjkmw) for one group; never kept in journal or logs, only its SHA-256."""

    types: tuple[InvoiceType, ...]
    payload: bytes = field(repr=False)
    digest: str


class Authority(Protocol):
    """The tax side (局端). Raises ``NotReachable`` or ``Refused``; every call may be asked again: none changes the card."""

    def time(self) -> datetime: ...

    def upload_summary(self, card: CardIdentity, summary: Summary) -> str:
        """上报汇总 (WLCB 网络抄报). The same summary twice is one upload. Returns the receipt number."""
        ...

    def declaration(self, card: CardIdentity, periods: tuple[Period, ...]) -> Declaration: ...

    def authorise(
        self, card: CardIdentity, types: tuple[InvoiceType, ...], periods: tuple[Period, ...]
    ) -> Authorisation:
        """监控回传请求 (JKHCQQ). Refused until the return is filed and compared."""
        ...

    def acknowledge(self, card: CardIdentity, types: tuple[InvoiceType, ...], periods: tuple[Period, ...]) -> str:
        """清卡结果确认 (QLJSJGQR). The same acknowledgement twice is one. Returns the receipt number."""
        ...

    def cleared(self, card: CardIdentity, types: tuple[InvoiceType, ...], periods: tuple[Period, ...]) -> bool:
        """Whether the tax side counts these as cleared (acknowledged)."""
        ...

    def file_return(self, card: CardIdentity, periods: tuple[Period, ...], total: Decimal) -> str:
        """Practice only: files the return as the tax portal would. A real authority raises ``Refused`` (``not_practice``)."""
        ...


# --- records -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Record:
    """One journal record, chained: ``hash`` is over everything else, ``prev`` is the hash before."""

    seq: int
    time: str
    kind: str
    run: str
    who: str
    data: Mapping[str, Any]
    prev: str
    hash: str


class Journal(Protocol):
    """Append-only truth about acts. Every append is on disk (fsync) when the call returns."""

    def append(self, kind: str, data: Mapping[str, Any], *, run: str = "", who: str = "") -> Record:
        """Raises ``FapiaoError`` (``journal_unwritable``) when it could not be made durable: then nothing may be done."""
        ...

    def records(self, *, run: str | None = None, since: int = 0) -> Sequence[Record]:
        """Records with ``seq > since``, in order; of one run when asked."""
        ...

    def head(self) -> tuple[int, str]:
        """Sequence and hash of the last record; ``(0, "")`` when there is none."""
        ...


@dataclass(frozen=True)
class RateTotal:
    """Totals of one rate inside a unit; voids count in ``count`` and are zero in the sums."""

    rate: str
    count: int
    amount: Decimal
    tax: Decimal


@dataclass(frozen=True)
class UnitPreview:
    """One unit as the ledger holds it: sheet counts and sums (voids zero), totals by rate, digest ``d1`` and import watermark."""

    unit: ClearUnit
    count: int
    voids: int
    reds: int
    amount: Decimal
    tax: Decimal
    total: Decimal
    rates: tuple[RateTotal, ...]
    digest: str
    watermark: int


@dataclass(frozen=True)
class Tally:
    """A number of invoices and their sum with tax, voids as zero."""

    count: int
    total: Decimal


@dataclass(frozen=True)
class Census:
    """How many invoices stand where. ``open + cleared = all`` over device-issued invoices whose unit is known;
    fully digital ones (数电票) and those whose card is unknown are counted apart."""

    open: Tally
    cleared: Tally
    all: Tally
    fully_digital: Tally
    card_unknown: Tally


class Ledger(Protocol):
    """Truth about things. One writer; readers take a cursor of their own."""

    def add(
        self,
        invoices: Sequence[Invoice],
        *,
        original: str,
        file: str,
        at: datetime,
        cards: Mapping[str, Sequence[Volume]],
        card: str | None = None,
        progress: Progress | None = None,
    ) -> Added:
        """Bring invoices in, in one transaction. ``cards``: device number → volumes of every card of the home.

        A device-issued invoice's card is its machine number, else the card whose volume holds it, else the home's only card,
        else ``card``; else it comes in without a unit. Fully digital ones never get a unit. The same invoice twice (by key) is
        known, not new; when the two differ a finding says where.
        """
        ...

    def census(self) -> Census: ...

    def preview(self, units: Sequence[ClearUnit], progress: Progress | None = None) -> tuple[UnitPreview, ...]:
        """The units as they stand now, digest included. A unit without invoices has count 0 and the digest of nothing."""
        ...

    def details(self, preview: UnitPreview) -> tuple[InvoiceDetail, ...]:
        """The invoices that this preview counted, in brief, in order of code and number. Only read when a unit's numbers differ."""
        ...

    def close_units(self, previews: Sequence[UnitPreview], *, run: str, at: datetime) -> int:
        """One ``clear_unit`` row a unit. Rows that the same run already wrote are left; returns how many are new.

        Raises ``FapiaoError`` (``unit_closed_by_other_run``) and writes nothing when another run closed one of them.
        """
        ...

    def closed(self, unit: ClearUnit) -> str | None:
        """The run that closed the unit, or None."""
        ...

    def open_units(self, device_number: str) -> tuple[ClearUnit, ...]:
        """The card's units that hold invoices and are not closed, oldest first."""
        ...

    def card_unknown(self, period: Period) -> int:
        """Device-issued invoices of the period whose card is unknown: they hold up the period's clear."""
        ...

    def late(self, unit: ClearUnit) -> int:
        """Invoices imported after the unit was closed."""
        ...

    def within(
        self,
        units: Sequence[ClearUnit],
        first_day: date | None = None,
        last_day: date | None = None,
        invoices: Sequence[tuple[str, str]] = (),
    ) -> Mapping[ClearUnit, Tally]:
        """Of each unit's open invoices, those issued from ``first_day`` to ``last_day`` (both in it, either left open) and, when
        ``invoices`` (code, number) are named, among these. A unit with none has a tally of 0."""
        ...

    def sellers(self, units: Sequence[ClearUnit]) -> Mapping[str, int]:
        """Who issued the units' invoices (销方识别号): taxpayer id → sheets, ``""`` for those that name nobody."""
        ...


@dataclass(frozen=True)
class BackupCopy:
    path: Path
    sha256: str
    size: int


@dataclass(frozen=True)
class Backup:
    """One backup set (备份): the same encrypted archive in every folder, each read back, decrypted and compared.

    ``devices``: machine numbers (机器编号) whose invoices the ledger in it holds.
    """

    id: str
    time: datetime
    copies: tuple[BackupCopy, ...]
    files: int
    journal_head: str
    proven: bool
    devices: tuple[str, ...] = ()


class BackupStore(Protocol):
    """Where backups go. ``make`` ends only when every copy was read back; raises ``FapiaoError`` when one was not."""

    def make(self, reason: str, progress: Progress | None = None) -> Backup: ...

    def latest(self) -> Backup | None: ...


@dataclass(frozen=True)
class RunFiles:
    """What a finished run leaves: the clear record (清卡记录) as HTML, as sheet (xlsx) and as data (JSON), and the evidence bundle (zip)."""

    record: Path
    bundle: Path
    sheet: Path | None = None
    data: Path | None = None


class Recorder(Protocol):
    """Writes the record and the bundle of a run from its facts."""

    def write(self, run: str, facts: Mapping[str, Any]) -> RunFiles:
        """``facts`` (JSON values): see ``records.proof.facts`` for the keys."""
        ...


@dataclass(frozen=True)
class Reading:
    """What one file held. ``original`` is the SHA-256 under which it is kept; ``importer`` the plugin that read it, or ``""``.

    ``findings`` name file-wide trouble (no row) and bad rows (with row); good rows of the same file are in ``invoices`` all the same.
    """

    file: str
    original: str
    importer: str
    invoices: Sequence[Invoice]
    findings: tuple[Finding, ...]


class Intake(Protocol):
    """Reading what people have (xlsx, OFD, XML, folders of these). Bad input is a finding, never an exception."""

    def files(self, paths: Sequence[Path]) -> Sequence[tuple[str, Path]]:
        """Every file below the paths, each once: its name as the user gave it (a file's path, or folder/name), and where it is."""
        ...

    def read(self, name: str, path: Path, progress: Progress | None = None) -> Reading:
        """Keep the original, find the importer by content, read."""
        ...


@dataclass(frozen=True)
class Added:
    """What an import brought: invoices new to the ledger, those it had already, and findings (differences, unknown card, late)."""

    seq: int
    new: int
    known: int
    findings: tuple[Finding, ...]


# --- policy --------------------------------------------------------------------------------------------------------


class Need(StrEnum):
    """What policy may ask for besides the typed confirmation: a verification code (验证码), a second person (复核人)."""

    CODE = "code"
    SECOND_PERSON = "second_person"


class Policy(Protocol):
    """The house's own rules on a clear (管理要求). By default it asks for nothing and no hour is closed."""

    def needs(self, device_number: str) -> tuple[Need, ...]:
        """What a confirmation of this device needs besides the typed one."""
        ...

    def code_is_right(self, run: str, revision: str, code: str) -> bool:
        """Whether a verification code is the one for this revision. The code is kept nowhere; told at once: it is asked under a lock."""
        ...

    def may_approve(self, who: str, opened_by: str) -> bool:
        """Whether this person may be the second one: never the person who opened the run."""
        ...

    def maintenance(self, now: datetime) -> str:
        """The sentence of the maintenance window (停机维护) that this moment lies in; ``""`` outside of any."""
        ...


# --- practice ------------------------------------------------------------------------------------------------------


class Practice(Protocol):
    """The practice plugin (group ``fapiao.practice``): far ends in processes of their own, state under the home."""

    def start(self, folder: Path, options: PracticeOptions, progress: Progress | None = None) -> PracticeWorld:
        """Make the world in ``folder`` when it is empty, start what does not run, and say where it is. Idempotent."""
        ...

    def attach(self, folder: Path) -> PracticeWorld | None:
        """The world in ``folder``, its processes started again if they are gone; None when there is none."""
        ...

    def twin(self, folder: Path, readout: Readout) -> PracticeWorld:
        """A twin (替身) of a real card for a rehearsal: made in ``folder`` from what was read, with a PIN and a tax side of its own.

        Marked simulated; each clock goes on from where it was read. Ended with ``stop``. Raises ``Refused`` (``twin_not_possible``).
        """
        ...

    def stop(self, folder: Path) -> None:
        """End its processes; the state stays."""
        ...
