"""A twin has what was read of its card, and what cannot be read it has of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fapiao_kernel.devices.authority import AUTHORITY
from fapiao_kernel.devices.drivers.gb18240 import DRIVER
from fapiao_kernel.devices.links.serial_t1 import LINK
from fapiao_kernel.domain.card import CardIdentity, CardState, Monitoring, MonthStatistics, Volume
from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.invoice import DEVICE_TYPES, InvoiceType
from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.practice import PracticeWorld
from fapiao_kernel.domain.rehearsal import Readout
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.simulator import processes, twin
from fapiao_kernel.simulator.authority import sealed
from fapiao_kernel.simulator.card.image import load
from fapiao_kernel.simulator.clock import CHINA
from fapiao_kernel.simulator.state_file import read_json
from fapiao_kernel.simulator.world import PRACTICE

SPECIAL, ORDINARY = InvoiceType.SPECIAL, InvoiceType.ORDINARY
READ_AT = datetime(2026, 11, 5, 9, 0, tzinfo=CHINA)
REAL = CardIdentity(
    "661234567890", "1100000000000007", "91440300708461136T", "深圳甲有限公司", date(2036, 10, 28), False
)


def monitoring(kind: InvoiceType, *, reported: bool = False, not_uploaded: int = 0) -> Monitoring:
    span = (date(2026, 11, 17), date(2026, 9, 1), date(2026, 10, 31), date(2026, 9, 8))
    return Monitoring(kind, *span, reported, not_uploaded)


def readout(*, reported: tuple[InvoiceType, ...] = (), tries: int | None = 6, slow: int = 0) -> Readout:
    money = (Decimal("100.00"), Decimal("13.00"), Decimal("-5.00"), Decimal("-0.65"))
    state = CardState(
        REAL,
        READ_AT - timedelta(minutes=slow),
        tuple(
            monitoring(t, reported=t in reported, not_uploaded=3 if t is ORDINARY else 0) for t in (SPECIAL, ORDINARY)
        ),
        tries,
    )
    months = (Period(2026, 9), Period(2026, 10))
    statistics = tuple(MonthStatistics(t, m, 10, 1, 2, 0, *money) for t in (SPECIAL, ORDINARY) for m in months)
    return Readout(state, statistics, (Volume(SPECIAL, "4403201130", "00000001", "00000100", pending=True),), READ_AT)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "twin"
    PRACTICE.stop(tmp_path / "twin")


def opened(world: PracticeWorld) -> tuple[object, ...]:
    return DRIVER.open(LINK.open(world.line), world.card), AUTHORITY.open(world.authority)


def test_the_twin_lists_the_invoices_that_were_read_and_without_a_list_it_cannot(folder: Path) -> None:
    unit = ClearUnit(REAL.device_number, SPECIAL, Period(2026, 10))
    plain = InvoiceDetail(SPECIAL, "4403201130", "00000007", date(2026, 10, 3), Decimal("113.00"))
    listed = (plain, replace(plain, number="00000008", void=True), replace(plain, number="00000009", red=True))
    card, _ = opened(PRACTICE.twin(folder, replace(readout(), details=listed)))
    assert card.read_details([unit]) == listed
    assert card.find(SPECIAL, plain.code, plain.number) == plain
    assert card.next_number(SPECIAL) is None, "no reading tells how far a volume is used up: a twin gives out none"
    card.close()
    PRACTICE.stop(folder)
    shutil.rmtree(folder)
    card, _ = opened(PRACTICE.twin(folder, readout()))
    assert card.read_details([unit]) is None
    card.close()


def test_the_driver_reads_of_the_twin_what_it_read_of_the_card_and_a_simulated_mark(folder: Path) -> None:
    read = readout(slow=7)
    card, authority = opened(PRACTICE.twin(folder, read))
    state = card.read_state()
    assert state.identity == replace(REAL, card_number=twin.CARD_NUMBER, simulated=True)
    assert (state.monitoring, state.pin_tries) == (read.state.monitoring, 6)
    assert card.read_statistics() == read.statistics
    assert card.read_volumes() == read.volumes
    behind = authority.time() - state.clock
    assert timedelta(minutes=6, seconds=50) < behind < timedelta(minutes=7, seconds=10)
    card.close()


def test_a_span_that_is_reported_has_a_summary_that_the_twins_tax_side_takes_and_clears(folder: Path) -> None:
    world = PRACTICE.twin(folder, readout(reported=(SPECIAL,)))
    card, authority = opened(world)
    identity, periods = card.read_state().identity, (Period(2026, 9), Period(2026, 10))
    summary = card.read_summary((SPECIAL,))
    assert summary is not None and card.read_summary((ORDINARY,)) is None
    assert authority.upload_summary(identity, summary)
    total = sum((s.total for s in card.read_statistics() if s.invoice_type is SPECIAL), ZERO)
    authority.file_return(identity, periods, total)
    assert authority.declaration(identity, periods).seen
    payload = authority.authorise(identity, (SPECIAL,), periods).payload
    card.verify_pin(world.pin)
    assert card.clear((SPECIAL,), payload).outcome.closed
    card.close()


def test_each_twin_has_a_pin_and_a_key_of_its_own_and_they_show_nowhere_but_in_its_folder(folder: Path) -> None:
    first, second = (twin.write(folder.parent / f"{n}c", folder.parent / f"{n}a", readout()) for n in "12")
    assert first["pin"] != second["pin"]
    assert load(folder.parent / "1c").shared_key != load(folder.parent / "2c").shared_key
    assert first["pin"] not in (folder.parent / "1c").read_text("utf-8")


def test_a_card_that_tells_no_tries_has_a_twin_with_a_fresh_cards(tmp_path: Path) -> None:
    twin.write(tmp_path / "c", tmp_path / "a", readout(tries=None))
    assert load(tmp_path / "c").pin_left == 8


@pytest.mark.parametrize("change", [{"device_number": "12"}, {"device_number": "66123456789X"}])
def test_what_no_simulated_card_can_hold_is_refused_with_the_reason(tmp_path: Path, change: dict[str, str]) -> None:
    read = readout()
    odd = replace(read, state=replace(read.state, identity=replace(REAL, **change)))
    with pytest.raises(Refused) as refused:
        PRACTICE.twin(tmp_path / "twin", odd)
    assert refused.value.code == "twin_not_possible" and change["device_number"] in refused.value.sentence
    assert PRACTICE.attach(tmp_path / "twin") is None


def test_a_twin_ends_with_its_folder_and_starting_it_again_makes_no_other(folder: Path) -> None:
    first = PRACTICE.twin(folder, readout())
    assert PRACTICE.twin(folder, readout(tries=2)) == first
    PRACTICE.stop(folder)
    assert processes.running(folder / "card.json") is None and processes.running(folder / "authority.json") is None


DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))


@st.composite
def readouts(draw: st.DrawFn) -> Readout:
    types = draw(st.lists(st.sampled_from(DEVICE_TYPES), min_size=1, max_size=4, unique=True))
    kept = []
    for kind in types:
        start = draw(DAYS)
        end = draw(st.dates(start, start + timedelta(days=90)))
        reported, waiting = draw(st.booleans()), draw(st.integers(0, 9))
        kept.append(Monitoring(kind, draw(DAYS), start, end, draw(DAYS), reported, waiting))
    fen = st.decimals(-(10**9), 10**9, places=2)
    counts = st.integers(0, 10**6)
    statistics = tuple(
        MonthStatistics(m.invoice_type, p, *(draw(counts) for _ in range(4)), *(draw(fen) for _ in range(4)))
        for m in kept
        for p in m.periods
    )
    tries = draw(st.none() | st.integers(0, 15))
    return Readout(CardState(REAL, READ_AT, tuple(kept), tries), statistics, (), READ_AT)


@settings(max_examples=60, deadline=None)
@given(read=readouts())
def test_any_reading_makes_a_twin_whose_seals_its_own_tax_side_opens(
    tmp_path_factory: pytest.TempPathFactory, read: Readout
) -> None:
    folder = tmp_path_factory.mktemp("twin")
    twin.write(folder / "c", folder / "a", read)
    memory, state = load(folder / "c"), read_json(folder / "a")
    assert state is not None and bytes.fromhex(state["shared_key"]) == memory.shared_key
    assert len(memory.totals) == len(read.statistics)
    for record, was in zip(memory.records, read.state.monitoring, strict=True):
        assert (record.type, record.lock_date, record.start, record.end, record.last_report) == (
            was.invoice_type.value, was.lock_date, was.report_start, was.report_end, was.last_report,
        )  # fmt: skip
        assert (record.reported, record.not_uploaded) == (was.reported, was.not_uploaded)
        if was.reported:
            content = sealed.open_summary(record.sealed, memory.shared_key)
            own = [s for s in read.statistics if s.invoice_type is was.invoice_type]
            assert content.total == sum(int(s.total * 100) for s in own)
            assert content.device_number == REAL.device_number
