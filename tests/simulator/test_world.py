import json
import os
import signal
import stat
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from fapiao_kernel.devices.authority import AUTHORITY
from fapiao_kernel.devices.drivers.gb18240 import DRIVER
from fapiao_kernel.devices.links.serial_t1 import LINK
from fapiao_kernel.domain.errors import NotReachable, Refused, UsageError
from fapiao_kernel.domain.invoice import Invoice, InvoiceType
from fapiao_kernel.domain.issuing import InvoiceSheet, NextNumber
from fapiao_kernel.domain.practice import PracticeOptions
from fapiao_kernel.simulator import clock, processes
from fapiao_kernel.simulator.clock import PracticeClock
from fapiao_kernel.simulator.sample_month import sample_month
from fapiao_kernel.simulator.state_file import read_json
from fapiao_kernel.simulator.world import PRACTICE, SPARE_NUMBERS, PracticePlugin

SMALL = PracticeOptions(size=60)
OWN = Invoice(
    "1100",
    "00000001",
    InvoiceType.ELECTRONIC_ORDINARY,
    date(2019, 12, 31),
    Decimal("100.00"),
    Decimal("13.00"),
    Decimal("113.00"),
    seller_id="91110000600037341L",
    seller_name="甲",
    machine_number="661500000001",
)


@pytest.fixture
def folder(tmp_path):
    yield tmp_path / "practice"
    PRACTICE.stop(tmp_path / "practice")


def pids(folder):
    return [processes.running(folder / name)["pid"] for name in ("card.json", "authority.json")]


def kill(*victims):
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
        assert processes._gone(pid, 5)


def test_a_world_is_made_and_both_far_ends_run(folder):
    world = PRACTICE.start(folder, SMALL)
    sample = sample_month(60)
    assert (world.card, world.device_number) == ("gb18240+sim://novice", sample.device_number)
    assert (world.taxpayer_id, world.taxpayer_name) == sample.taxpayer
    assert [file.name for file in world.files] == ["全量发票查询导出结果.xlsx"]
    assert world.files[0].is_file()
    assert world.line and len(pids(folder)) == 2
    assert AUTHORITY.open(world.authority).time().isoformat()[:16] == "2026-11-05T09:00"


def test_starting_again_changes_nothing(folder):
    world = PRACTICE.start(folder, SMALL)
    before = pids(folder)
    assert PRACTICE.start(folder, PracticeOptions(size=7, fault="lost-reply")) == world
    assert PRACTICE.attach(folder) == world
    assert pids(folder) == before


def test_there_is_no_world_in_an_empty_folder(folder):
    assert PRACTICE.attach(folder) is None
    PRACTICE.stop(folder)
    assert not folder.exists()


def test_far_ends_that_were_killed_are_started_again_and_know_what_they_knew(folder):
    first = PRACTICE.start(folder, SMALL)
    identity = json.loads((folder / "authority.json").read_text())["id"]
    kill(*pids(folder))
    again = PRACTICE.attach(folder)
    assert len(pids(folder)) == 2
    assert (again.pin, again.device_number, again.files) == (first.pin, first.device_number, first.files)
    assert again.authority != first.authority
    assert again.clock_offset == first.clock_offset
    assert json.loads((folder / "authority.json").read_text())["id"] == identity


@pytest.mark.parametrize("victim", [0, 1])
def test_one_far_end_that_was_killed_is_started_again_beside_the_other(folder, victim):
    first = PRACTICE.start(folder, SMALL)
    before = pids(folder)
    kill(before[victim])
    again = PRACTICE.attach(folder)
    after = pids(folder)
    assert after[1 - victim] == before[1 - victim] and after[victim] != before[victim]
    assert again.clock_offset == first.clock_offset


def test_stopped_worlds_stand_still_and_go_on_from_where_they_were(folder, monkeypatch):
    world = PRACTICE.start(folder, SMALL)
    PRACTICE.stop(folder)
    assert processes.running(folder / "card.json") is processes.running(folder / "authority.json") is None
    machine = clock.machine_seconds
    monkeypatch.setattr(clock, "machine_seconds", lambda: machine() + 86_400 * 40)
    again = PRACTICE.attach(folder)
    assert again.clock_offset == pytest.approx(world.clock_offset - 86_400 * 40, abs=30)
    for name in ("card.json", "authority.json", "world.json"):
        assert read_json(folder / name)["clock_offset"] == again.clock_offset


def test_a_world_whose_agent_was_killed_too_goes_on_from_where_it_was_and_never_back(folder, monkeypatch):
    first = PRACTICE.start(folder, SMALL)
    shown = AUTHORITY.open(first.authority).time()
    kill(*pids(folder))
    machine = clock.machine_seconds
    monkeypatch.setattr(clock, "machine_seconds", lambda: machine() + 86_400 * 40)
    again = PracticePlugin().attach(folder)
    assert again.clock_offset == pytest.approx(first.clock_offset - 86_400 * 40, abs=30)
    assert PracticeClock(again.clock_offset).now() >= shown


def test_a_pin_is_eight_digits_of_its_own_and_in_no_repr(folder, tmp_path):
    world = PRACTICE.start(folder, SMALL)
    assert len(world.pin) == 8 and world.pin.isdigit()
    assert world.pin not in repr(world)
    assert stat.S_IMODE((folder / "world.json").stat().st_mode) == 0o600
    assert not any(world.pin in (folder / log).read_text() for log in ("card.log", "authority.log"))


def test_card_and_tax_side_share_a_key_that_the_world_file_does_not_hold(folder):
    PRACTICE.start(folder, SMALL)
    key = read_json(folder / "authority.json")["shared_key"]
    assert len(bytes.fromhex(key)) == 32
    assert key not in (folder / "world.json").read_text()
    assert key in (folder / "card.json").read_text()


def test_a_start_that_broke_off_is_made_anew(folder):
    folder.mkdir()
    (folder / "card.json").write_text("{")
    (folder / "authority.json").write_text("")
    (folder / "authority.json.clock").write_text('{"until": "2031-01-01T00:00:00+08:00"}')
    world = PRACTICE.start(folder, SMALL)
    assert world.line and PracticeClock(world.clock_offset).now().date() == date(2026, 11, 5)


def test_a_damaged_world_says_so(folder):
    folder.mkdir()
    (folder / "world.json").write_text("{")
    with pytest.raises(NotReachable) as error:
        PRACTICE.attach(folder)
    assert error.value.code == "practice_state_damaged"


def test_own_invoices_make_the_card_and_need_no_sample_file(folder):
    world = PRACTICE.start(folder, PracticeOptions(invoices=[OWN, replace(OWN, number="00000002")]))
    assert (world.device_number, world.taxpayer_id) == ("661500000001", "91110000600037341L")
    assert world.files == ()
    assert AUTHORITY.open(world.authority).time().date() == date(2020, 1, 5)


def test_own_invoices_that_no_device_issued_leave_no_world(folder):
    digital = replace(OWN, code="", number="2" * 20, invoice_type=InvoiceType.DIGITAL_ORDINARY)
    with pytest.raises(Refused) as refused:
        PRACTICE.start(folder, PracticeOptions(invoices=[digital]))
    assert refused.value.code == "practice_nothing_to_clear"
    assert PRACTICE.attach(folder) is None


def test_an_unknown_fault_leaves_no_world(folder):
    with pytest.raises(UsageError):
        PRACTICE.start(folder, PracticeOptions(size=5, fault="earthquake"))
    assert PRACTICE.attach(folder) is None


def test_progress_tells_the_writing_of_the_sample_file_apart(folder):
    told = []
    PRACTICE.start(folder, SMALL, lambda label, done, total: told.append(label))
    assert set(told) == {"sample", "world"}
    assert told[0] == told[-1] == "world"


def test_the_practice_card_has_numbers_left_behind_the_months_and_issues_once_it_is_reported(folder):
    world = PRACTICE.start(folder, SMALL)
    card = DRIVER.open(LINK.open(world.line), world.card)
    card.verify_pin(world.pin)
    invoices = sample_month(60).invoices
    for kind in (InvoiceType.SPECIAL, InvoiceType.ORDINARY):
        last = max((i for i in invoices if i.invoice_type is kind), key=lambda i: i.number)
        number = str(int(last.number) + 1)
        assert card.next_number(kind) == NextNumber(kind, last.code, number, SPARE_NUMBERS)
        sheet = InvoiceSheet(kind, last.code, number, Decimal("100.00"), Decimal("13.00"))
        with pytest.raises(Refused) as refused:
            card.issue(sheet)
        assert refused.value.code == "card_report_due"
        card.report((kind,))
        assert card.issue(sheet).issue_date == date(2026, 11, 5)
        assert any(volume.holds(last.code, number) for volume in card.read_volumes())
    card.close()


def test_an_invoice_of_the_sample_month_is_voided_out_of_its_sums_before_the_report(folder):
    world = PRACTICE.start(folder, SMALL)
    card = DRIVER.open(LINK.open(world.line), world.card)
    card.verify_pin(world.pin)
    blue = sample_month(60).invoices[0]
    before = card.read_statistics()[0]
    assert card.void(blue.invoice_type, blue.code, blue.number)
    after = card.read_statistics()[0]
    assert before.positive_amount - after.positive_amount == blue.amount
    assert before.positive_tax - after.positive_tax == blue.tax
    assert (after.positive_void, after.count) == (before.positive_void + 1, before.count)
    card.close()
