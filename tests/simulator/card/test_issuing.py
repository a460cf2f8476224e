"""Issuing on the simulated card: the next number alone, its sums at once, and every refusal of the note in its order."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import pytest

from fapiao_kernel.simulator.card.card import PowerLoss, SimulatedCard
from fapiao_kernel.simulator.card.details import Details, details_file, taxes_file, write_details
from fapiao_kernel.simulator.card.entries import ENTRY, LENGTH
from fapiao_kernel.simulator.card.image import load, save
from fapiao_kernel.simulator.clock import CHINA, offset_to
from tests.simulator.card import issuing_maker as maker
from tests.simulator.card.issuing_maker import (
    CODE,
    IN_NOVEMBER,
    OTHER,
    SECOND,
    find,
    issue,
    issuing_card,
    upcoming,
    void,
)
from tests.simulator.card.maker import counts, make_image, payload_for
from tests.simulator.card.test_card import ask, clear, report, reported, status, verify

BLUE = CODE + "00000001"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return issuing_card(tmp_path / "card.json")


@pytest.fixture
def card(image: Path) -> SimulatedCard:
    card = SimulatedCard(image)
    verify(card)
    return card


def at(image: Path, moment: datetime) -> SimulatedCard:
    """The card on another day, PIN verified."""
    memory = load(image)
    memory.clock_offset = offset_to(moment)
    save(image, memory)
    card = SimulatedCard(image)
    verify(card)
    return card


def totals(image: Path, month: str = "2026-10", kind: str = "004") -> tuple[list[int], list[int]]:
    """EF03 of a type and month: sheets and fen."""
    found = next(t for t in load(image).totals if (t.type, t.month) == (kind, month))
    return found.counts, found.amounts


def test_an_invoice_takes_the_next_number_and_the_cards_day_and_counts_at_once(card, image):
    assert ask(card, upcoming())[:-3] == maker.key(CODE, "00000005") + (6).to_bytes(4, "big")
    reply = ask(card, issue(CODE, "00000005"))
    assert (len(reply), reply[8:12].hex(), reply[-2:]) == (15, "20261020", b"\x90\x00")
    assert ask(card, upcoming())[:-3] == maker.key(CODE, "00000006") + (5).to_bytes(4, "big")
    assert totals(image) == ([3, 1, 1, 0], [50000, 6500, -10000, -1300])
    assert counts(image, "issue") == {"004 2026-10": {"applied": 1, "answered": 0}}
    assert load(image).records[0].not_uploaded == 0


def test_the_same_command_again_is_refused_and_changes_nothing(card, image):
    ask(card, issue(CODE, "00000005"))
    before = image.read_bytes()
    assert status(card, issue(CODE, "00000005")) == "6A80"
    assert image.read_bytes() == before


def test_numbers_go_on_in_the_next_volume_and_end_before_one_that_is_pending(card):
    told = []
    while (reply := ask(card, upcoming()))[-2:] == b"\x90\x00":
        code, number = reply[:12].rstrip(b"\0").decode(), reply[12:20].decode()
        assert status(card, issue(code, number)) == "9000"
        told.append((code, int(number)))
    assert told == [(CODE, n) for n in (5, 6, 7)] + [(SECOND, n) for n in (1, 2, 3)]
    assert reply == b"\x94\x01" and status(card, issue("4403201132", "00000001")) == "9401"


def test_an_issued_invoice_is_found_and_listed_in_its_place_also_after_a_restart(card, image):
    ask(card, issue(CODE, "00000005"))
    for each in (card, SimulatedCard(image)):
        one = ask(each, find(CODE, "00000005"))[:-2]
        assert one[22:26].hex() == "20261020" and int.from_bytes(one[27:35], "big") == 11300
        ask(each, "00A4000C02EF06")
        listed = ask(each, "C0C80000000009" + "0004202610" + "00000001" + "0168")[:-2]
        numbers = [listed[n + 14 : n + 22] for n in range(0, len(listed), LENGTH)]
        assert numbers == [f"{n:08}".encode() for n in (1, 2, 3, 4, 5)] and listed.endswith(one)


def test_a_red_invoice_takes_from_the_negative_sums(card, image):
    assert status(card, issue(CODE, "00000005", -5000, -650, red_of=CODE + "00000004")) == "9000"
    assert totals(image) == ([2, 1, 2, 0], [40000, 5200, -15000, -1950])
    assert ask(card, find(CODE, "00000005"))[26] == 2


def test_a_void_moves_the_sheet_and_takes_its_amount_and_tax_out(card, image):
    ask(card, issue(CODE, "00000005"))
    assert status(card, void(CODE, "00000005")) == "9000"
    assert totals(image) == ([2, 2, 1, 0], [40000, 5200, -10000, -1300])
    assert status(card, void(CODE, "00000003")) == "9000"
    assert totals(image) == ([2, 2, 0, 1], [40000, 5200, 0, 0])
    assert [ask(card, find(CODE, f"0000000{n}"))[26] for n in (3, 5)] == [3, 1]
    assert counts(image, "void")["004 2026-10"]["applied"] == 2
    assert ask(card, upcoming())[12:20] == b"00000006", "a number once voided is not given out again"


def test_a_second_void_says_already_and_changes_nothing(card, image):
    before = image.read_bytes()
    assert status(card, void(CODE, "00000002")) == "6901"
    assert image.read_bytes() == before


def test_the_list_beside_the_image_is_never_changed(card, image):
    before = details_file(image).read_bytes(), taxes_file(details_file(image)).read_bytes()
    ask(card, issue(CODE, "00000005"))
    ask(card, void(CODE, "00000001"))
    assert (details_file(image).read_bytes(), taxes_file(details_file(image)).read_bytes()) == before
    assert len(load(image).issued) == 2 * ENTRY


@pytest.mark.parametrize(
    ("apdu", "expected"),
    [
        (issue(CODE, "00000005", record=3), "6A83"),
        (issue(CODE, "00000005")[:4] + b"\x01\x00\x0d", "6700"),
        (issue("44A", "00000005"), "6A80"),
        (issue("", "00000005"), "6A80"),
        (issue(CODE, "00000005", 0, 0), "6A80"),
        (issue(CODE, "00000005", -10000, -1300), "6A80"),
        (issue(CODE, "00000005", 10000, -1), "6A80"),
        (issue(CODE, "00000005", 10000, 10001), "6A80"),
        (issue(CODE, "00000005", 10000, 1300, red_of=BLUE), "6A80"),
        (issue(CODE, "00000005", -10000, -1300, red_of="蓝"), "6A80"),
        (issue(CODE, "00000005", 100_000_000, 0), "9401"),
        (issue(CODE, "00000006"), "6A80"),
        (issue(SECOND, "00000001"), "6A80"),
        (issue(CODE, "00000005", -10000, -1301, red_of=BLUE), "6A88"),
        (issue(CODE, "00000005", -20000, -2600, red_of=CODE + "00000002"), "6A88"),
        (issue(CODE, "00000005", -100, 0, red_of=CODE + "00000003"), "6A88"),
        (void(CODE, "00000001", record=3), "6A83"),
        (void(CODE, "00000001")[:-1], "6700"),
        (void(CODE, "00000009"), "6A88"),
        (void(OTHER, "00000501"), "6A88"),
        (find(CODE, "00000009"), "6A83"),
        (find(CODE, "00000001", "0007"), "6A83"),
        (find(CODE, "00000001")[:-1] + b"\x23", "6C24"),
        (upcoming("0005"), "6A83"),
        (upcoming("F004"), "6A83"),
        (upcoming()[:-1] + b"\x18", "6C19"),
        (b"\xc0\xce\0\0\1\0\x19", "6700"),
        (b"\xc0\xcc\0\0\1\0\x24", "6700"),
    ],
)
def test_each_refusal_of_the_note(card, image, apdu, expected):
    before = image.read_bytes()
    assert status(card, apdu) == expected
    assert image.read_bytes() == before


def test_without_a_pin_nothing_is_issued_or_voided_and_everything_can_be_asked(image):
    card = SimulatedCard(image)
    asked = [
        status(card, apdu)
        for apdu in (issue(CODE, "00000005"), void(CODE, "00000001"), upcoming(), find(CODE, "00000001"))
    ]
    assert asked == ["6982", "6982", "9000", "9000"]


def test_a_blue_invoice_that_the_list_does_not_have_is_let_pass(card):
    assert status(card, issue(CODE, "00000005", -100, 0, red_of="440320109900000001")) == "9000"


def test_a_locked_application_issues_and_voids_nothing(card, image):
    memory = load(image)
    memory.mac_faults = 8
    save(image, memory)
    card = SimulatedCard(image)
    verify(card)
    assert [status(card, apdu) for apdu in (issue(CODE, "00000005"), void(CODE, "00000001"))] == ["9303", "9303"]


# --- the calendar ----------------------------------------------------------------------------------------------------


def test_in_a_new_month_nothing_is_issued_before_the_report_and_then_it_is_of_that_month(image):
    card = at(image, IN_NOVEMBER)
    assert status(card, issue(CODE, "00000005")) == "6985"
    assert report(card)[-2:] == b"\x90\x00"
    assert ask(card, issue(CODE, "00000005"))[8:12].hex() == "20261105"
    assert totals(image, "2026-11") == ([1, 0, 0, 0], [10000, 1300, 0, 0])
    assert status(card, issue(OTHER, "00000503", record=2)) == "6985", "the other type is not reported"


def test_the_new_months_sums_stay_out_of_the_report_and_outlive_the_clear(image):
    card = at(image, IN_NOVEMBER)
    payload = payload_for(reported(card))
    sealed = load(image).records[0].sealed
    ask(card, issue(CODE, "00000005"))
    ask(card, issue(CODE, "00000006", 7000, 910))
    assert load(image).records[0].sealed == sealed
    assert clear(card, payload) == "9000"
    assert totals(image, "2026-11") == ([2, 0, 0, 0], [17000, 2210, 0, 0])
    assert status(card, issue(CODE, "00000007")) == "9000"
    assert status(at(image, datetime(2026, 12, 1, 9, 0, tzinfo=CHINA)), issue(SECOND, "00000001")) == "6985"


def test_a_clear_that_would_leave_a_month_with_invoices_in_no_span_is_refused(image):
    card = at(image, IN_NOVEMBER)
    sealed = reported(card)
    ask(card, issue(CODE, "00000005"))
    skipping = payload_for(sealed, lock_date="20270117", start="20261201", end="20261231")
    assert clear(card, skipping) == "6A80"
    assert clear(card, payload_for(sealed, lock_date="20270117", start="20261101", end="20261231")) == "9000"


def test_after_a_report_its_invoices_are_void_no_more_and_the_new_months_are(image):
    card = at(image, IN_NOVEMBER)
    assert status(card, void(CODE, "00000001")) == "9000"
    payload = payload_for(reported(card))
    ask(card, issue(CODE, "00000005"))
    assert [status(card, void(CODE, n)) for n in ("00000004", "00000005")] == ["6985", "9000"]
    clear(card, payload)
    assert status(card, void(CODE, "00000004")) == "6985"


@pytest.mark.parametrize(
    "moment", [datetime(2026, 11, 18, 9, 0, tzinfo=CHINA), datetime(2026, 9, 30, 9, 0, tzinfo=CHINA)]
)
def test_after_the_lock_date_and_before_the_span_nothing_is_issued(image, moment):
    card = at(image, moment)
    assert status(card, issue(CODE, "00000005")) == "6985"


def test_after_the_lock_date_nothing_is_voided_and_what_is_void_is_still_told(image):
    card = at(image, datetime(2026, 11, 18, 9, 0, tzinfo=CHINA))
    assert [status(card, void(CODE, n)) for n in ("00000001", "00000002")] == ["6985", "6901"]


def test_a_clock_set_back_into_a_reported_span_issues_nothing_there(image):
    report(at(image, IN_NOVEMBER))
    assert status(at(image, maker.IN_OCTOBER), issue(CODE, "00000005")) == "6985"


# --- faults ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("act", "again"), [("issue", "6A80"), ("void", "6901")])
def test_power_lost_before_an_act_leaves_all_as_it_was_and_after_it_all_done(tmp_path, act, again):
    apdu = issue(CODE, "00000005") if act == "issue" else void(CODE, "00000001")
    image = issuing_card(
        tmp_path / "card.json",
        [{"at": act, "do": "power_loss_before_commit"}, {"at": act, "do": "power_loss_after_commit", "nth": 2}],
    )
    fresh = totals(image)
    for applied in (0, 1):
        card = SimulatedCard(image)
        verify(card)
        with pytest.raises(PowerLoss):
            card.carry_out(*card.arrived(apdu))
        assert (totals(image) != fresh) == (len(load(image).issued) == ENTRY) == bool(applied)
        assert sum(entry["applied"] for entry in counts(image, act).values()) == applied
    card = SimulatedCard(image)
    verify(card)
    assert status(card, apdu) == again
    assert counts(image, act) == {"004 2026-10": {"applied": 1, "answered": 0}}


def test_a_lost_reply_is_an_invoice_that_stands(tmp_path):
    image = issuing_card(tmp_path / "card.json", [{"at": "issue", "do": "lose_reply_after_commit", "type": "004"}])
    card = SimulatedCard(image)
    verify(card)
    assert ask(card, issue(OTHER, "00000503", record=2))[-2:] == b"\x90\x00"
    assert card.carry_out(*card.arrived(issue(CODE, "00000005"))).reply is None
    assert status(card, find(CODE, "00000005")) == "9000"


def test_an_invoice_that_stays_offline_holds_the_report_up(tmp_path):
    image = issuing_card(tmp_path / "card.json", [{"at": "issue", "do": "stay_offline"}])
    card = SimulatedCard(image)
    verify(card)
    ask(card, issue(CODE, "00000005"))
    ask(card, issue(CODE, "00000006"))
    assert load(image).records[0].not_uploaded == 1
    assert report(at(image, IN_NOVEMBER)) == b"\x69\x85"


def test_staying_offline_is_a_fault_of_issuing_alone(tmp_path):
    with pytest.raises(ValueError, match="not a fault"):
        issuing_card(tmp_path / "card.json", [{"at": "void", "do": "stay_offline"}])


# --- what it is made from --------------------------------------------------------------------------------------------


def test_an_image_of_before_issuing_is_read_and_has_no_number_to_give_out(tmp_path):
    image = make_image(tmp_path / "card.json")
    old = json.loads(image.read_text("utf-8"))
    del old["issued"]
    for volume in old["volumes"]:
        del volume["next"]
    for record in old["records"]:
        del record["limit"]
    image.write_text(json.dumps({**old, "version": 1}), encoding="utf-8")
    card = SimulatedCard(image)
    verify(card)
    assert [status(card, apdu) for apdu in (upcoming(), find(CODE, "00000001"))] == ["9401", "6A82"]


def test_an_invoice_whose_tax_nobody_told_is_not_voided(card, image):
    taxes_file(details_file(image)).unlink()
    card = SimulatedCard(image)
    verify(card)
    assert status(card, void(CODE, "00000001")) == "6A88"
    ask(card, issue(CODE, "00000005"))
    assert [status(card, void(CODE, n)) for n in ("00000005", "00000001")] == ["9000", "6A88"]


def test_taxes_that_belong_to_no_list_are_not_taken(image):
    taxes_file(details_file(image)).write_bytes(bytes(8))
    with pytest.raises(ValueError, match="not the list"):
        SimulatedCard(image).carry_out(*SimulatedCard(image).arrived(find(CODE, "00000001")))


def test_a_list_written_anew_from_a_reading_leaves_no_taxes_of_the_one_before(tmp_path, image):
    write_details(details_file(image), [])
    assert taxes_file(details_file(image)).read_bytes() == b""
    assert Details(details_file(image)).find(b"\x00\x04", CODE.encode().ljust(12, b"\0"), b"00000001") is None


def test_acts_of_another_card_are_not_taken(image):
    memory = load(image)
    memory.issued = bytes(ENTRY - 1)
    save(image, memory)
    with pytest.raises(ValueError, match="acts"):
        SimulatedCard(image)


def test_a_number_that_is_in_no_volume_is_not_made_the_next(tmp_path):
    with pytest.raises(ValueError, match="volume"):
        make_image(tmp_path / "card.json", volumes=[maker.VOLUMES[0]], unused={maker.VOLUMES[0]: "00000008"})


def test_an_invoice_is_found_with_day_total_and_tax_and_in_no_list_nothing_is(card):
    details = Details(details_file(Path("nowhere")), b"")
    assert details.find(b"\x00\x04", bytes(12), bytes(8)) is None and not details.there
    found = card._details.find(b"\x00\x04", CODE.encode().ljust(12, b"\0"), b"00000004")
    assert (found.day, found.total, found.tax) == (date(2026, 10, 5), 33900, 3900)
