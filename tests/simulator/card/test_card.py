"""The simulated card's behaviour, command by command, on its image and without a line."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fapiao_kernel.simulator.authority.sealed import BadSeal, open_summary
from fapiao_kernel.simulator.card.card import PowerLoss, SimulatedCard
from fapiao_kernel.simulator.clock import CHINA
from tests.simulator.card.maker import KEY, PIN, counts, make_image, payload_for

OCTOBER = "2026100120261031"
SPAN = "004 2026-10-01..2026-10-31"


def ask(card: SimulatedCard, apdu: str | bytes) -> bytes:
    """One command, its faults included."""
    outcome = card.carry_out(*card.arrived(bytes.fromhex(apdu) if isinstance(apdu, str) else apdu))
    assert outcome.reply is not None
    return outcome.reply


def status(card: SimulatedCard, apdu: str | bytes) -> str:
    return ask(card, apdu)[-2:].hex().upper()


def verify(card: SimulatedCard, pin: str = PIN) -> str:
    return status(card, b"\xc0\xf9\x00\x00\x08" + pin.encode())


def report(card: SimulatedCard, record: int = 1, span: str = OCTOBER) -> bytes:
    return ask(card, f"C0F400{record:02X}000008{span}0000")


def clear(card: SimulatedCard, payload: bytes, record: int = 1) -> str:
    return status(card, bytes([0xC0, 0xF6, 0, record, len(payload)]) + payload)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return make_image(tmp_path / "card.json")


@pytest.fixture
def card(image: Path) -> SimulatedCard:
    return SimulatedCard(image)


@pytest.mark.parametrize(
    ("apdu", "expected"),
    [
        ("", "6700"),
        ("00A4", "6700"),
        ("80A4000C02EF01", "6E00"),
        ("00FF0000", "6D00"),
        ("00A4000C02EF09", "6A82"),
        ("00A4000C01EF", "6700"),
        ("00B000008B", "6981"),
        ("00B2000100", "6981"),
        ("C0CA000207", "6A88"),
        ("C0F90000", "63C8"),
        ("C0F900000431323334", "6700"),
        ("C0F40001000008" + OCTOBER + "0000", "6982"),
        ("C0F600011D" + "00" * 29, "6982"),
    ],
)
def test_a_fresh_card_answers_each_command_with_the_notes_status(card: SimulatedCard, apdu: str, expected: str) -> None:
    assert status(card, apdu) == expected


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=60), st.tuples(
    st.sampled_from([b"\x00\xa4", b"\x00\xb0", b"\x00\xb2", b"\xc0\xca", b"\xc0\xf4", b"\xc0\xf6"]), st.binary(max_size=40),
).map(b"".join)))  # fmt: skip
def test_any_bytes_get_a_status_word(card: SimulatedCard, apdu: bytes) -> None:
    assert ask(card, apdu)[-2] >> 4 in (6, 9)


def test_records_end_with_6a83(card: SimulatedCard) -> None:
    ask(card, "00A4000C02EF01")
    assert [status(card, f"00B200{n:02X}00") for n in range(4)] == ["6A83", "9000", "9000", "6A83"]


def test_a_record_longer_than_asked_for_is_refused_with_its_length(card: SimulatedCard) -> None:
    ask(card, "00A4000C02EF01")
    assert status(card, "00B2000105") == "6C0B"


def test_a_wrong_pin_costs_a_try_that_outlives_the_process_and_the_right_one_restores_all(image: Path) -> None:
    assert [verify(SimulatedCard(image), "00000000") for _ in range(3)] == ["63C7", "63C6", "63C5"]
    card = SimulatedCard(image)
    assert verify(card) == "9000" and status(card, "C0F90000") == "63C8"


def test_the_eighth_wrong_pin_blocks_for_good(card: SimulatedCard) -> None:
    answers = [verify(card, "00000000") for _ in range(8)]
    assert answers[-2:] == ["63C1", "6983"]
    assert verify(card) == "6983"


def test_a_wrong_pin_after_a_right_one_ends_the_verification(card: SimulatedCard) -> None:
    verify(card)
    verify(card, "00000000")
    assert report(card) == bytes.fromhex("6982")


def test_a_resynch_forgets_the_pin_and_the_selected_file(card: SimulatedCard) -> None:
    verify(card)
    ask(card, "00A4000C02EF01")
    card.opened()
    assert report(card) == bytes.fromhex("6982") and status(card, "00B2000100") == "6981"


def test_a_report_seals_the_sums_of_every_month_of_its_span(tmp_path: Path) -> None:
    card = SimulatedCard(make_image(tmp_path / "card.json", start=date(2026, 9, 1)))
    verify(card)
    reply = report(card, span="2026090120261031")
    sealed = reply[:320]
    assert len(reply) == 323
    assert sealed[:9].hex() == "012026090120261031"
    assert sealed[17:33].hex() == "00000014" + "00000002" + "00000004" + "00000000"
    assert int.from_bytes(sealed[33:41], "big") == 20000
    assert int.from_bytes(sealed[49:57], "big", signed=True) == -1000
    assert sealed[65:71].hex() == "661234567890"


@pytest.mark.parametrize("span", ["2026100120261030", "2026090120261031"])
def test_a_report_of_another_span_is_refused(card: SimulatedCard, span: str) -> None:
    verify(card)
    assert report(card, span=span) == bytes.fromhex("6A80")


def test_a_span_is_reported_once(card: SimulatedCard, image: Path) -> None:
    verify(card)
    assert report(card)[-2:] == bytes.fromhex("9000")
    assert report(card) == bytes.fromhex("6985")
    assert counts(image, "report") == {SPAN: {"applied": 1, "answered": 0}}


def test_invoices_not_uploaded_hold_a_report_up(tmp_path: Path) -> None:
    card = SimulatedCard(make_image(tmp_path / "card.json", not_uploaded=1))
    verify(card)
    assert report(card) == bytes.fromhex("6985")


def test_a_span_that_is_not_over_is_not_reported(tmp_path: Path) -> None:
    card = SimulatedCard(make_image(tmp_path / "card.json", now=datetime(2026, 10, 31, 23, 0, tzinfo=CHINA)))
    verify(card)
    assert report(card) == bytes.fromhex("6985")


def reported(card: SimulatedCard, record: int = 1) -> bytes:
    verify(card)
    return report(card, record)[:320]


def test_a_clear_moves_lock_date_and_span_and_keeps_the_last_report(card: SimulatedCard, image: Path) -> None:
    payload = payload_for(reported(card))
    assert clear(card, payload) == "9000"
    record = json.loads(image.read_text("utf-8"))["records"][0]
    assert record["lock_date"] == "2026-12-17" and record["start"] == "2026-11-01" and record["end"] == "2026-11-30"
    assert record["last_report"] == "2026-11-05" and record["reported"] is False


def test_a_second_clear_of_a_span_says_already_cleared_and_changes_nothing(card: SimulatedCard, image: Path) -> None:
    payload = payload_for(reported(card))
    clear(card, payload)
    before = image.read_text("utf-8")
    assert clear(card, payload) == "6901"
    assert image.read_text("utf-8") == before
    assert counts(image, "clear")[SPAN]["applied"] == 1


def test_a_clear_touches_its_own_record_only(card: SimulatedCard, image: Path) -> None:
    payload = payload_for(reported(card))
    before = json.loads(image.read_text("utf-8"))["records"][1]
    clear(card, payload)
    assert json.loads(image.read_text("utf-8"))["records"][1] == before


def test_a_clear_without_a_report_is_refused(card: SimulatedCard) -> None:
    verify(card)
    assert clear(card, b"\x01" + bytes(28)) == "6985"


def test_a_payload_for_an_older_report_is_refused(tmp_path: Path) -> None:
    stale = payload_for(reported(SimulatedCard(make_image(tmp_path / "other.json"))))
    card = SimulatedCard(make_image(tmp_path / "card.json"))
    reported(card)
    assert clear(card, stale) == "9302"


def test_a_payload_for_another_record_is_refused(card: SimulatedCard) -> None:
    payload = payload_for(reported(card, 1))
    reported(card, 2)
    assert clear(card, payload, record=2) == "9302"


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 29 * 8 - 1))
def test_a_payload_with_one_wrong_bit_never_clears(tmp_path: Path, bit: int) -> None:
    card = SimulatedCard(make_image(tmp_path / "card.json"))
    payload = bytearray(payload_for(reported(card)))
    payload[bit // 8] ^= 1 << bit % 8
    assert clear(card, bytes(payload)) in ("9302", "9403")


@pytest.mark.parametrize(
    "dates",
    [
        {"lock_date": "20261117"},
        {"start": "20261031"},
        {"start": "20261101", "end": "20261031"},
        {"lock_date": "20261399"},
    ],
)
def test_dates_that_do_not_go_forward_are_refused(card: SimulatedCard, dates: dict[str, str]) -> None:
    assert clear(card, payload_for(reported(card), **dates)) == "6A80"


def test_the_eighth_wrong_mac_locks_the_application(card: SimulatedCard) -> None:
    payload = payload_for(reported(card))
    wrong = payload[:-1] + bytes([payload[-1] ^ 1])
    assert [clear(card, wrong) for _ in range(9)] == ["9302"] * 8 + ["9303"]
    assert clear(card, payload) == "9303"


def test_an_unknown_key_id_is_told(card: SimulatedCard) -> None:
    payload = payload_for(reported(card))
    assert clear(card, b"\x02" + payload[1:]) == "9403"


def test_the_random_of_a_report_is_drawn_by_the_card(image: Path) -> None:
    card = SimulatedCard(image, draw=lambda n: b"\x77" * n)
    assert reported(card)[9:17] == b"\x77" * 8


# --- faults ----------------------------------------------------------------------------------------------------------


def test_a_refusal_by_plan_changes_nothing_and_is_used_up(tmp_path: Path) -> None:
    plan = [{"at": "clear", "do": "refuse", "status": "6985", "type": "007"}]
    image = make_image(tmp_path / "card.json", plan)
    card = SimulatedCard(image)
    first, second = payload_for(reported(card, 1)), payload_for(reported(card, 2))
    assert clear(card, first, 1) == "9000"
    assert clear(card, second, 2) == "6985"
    assert counts(image, "clear") == {SPAN: {"applied": 1, "answered": 0}}
    assert clear(SimulatedCard(image), second, 2) == "6982"
    card = SimulatedCard(image)
    verify(card)
    assert clear(card, second, 2) == "9000"


def test_a_power_loss_before_the_commit_leaves_the_old_state(tmp_path: Path) -> None:
    image = make_image(tmp_path / "card.json", [{"at": "report", "do": "power_loss_before_commit", "nth": 2}])
    card = SimulatedCard(image)
    reported(card, 1)
    with pytest.raises(PowerLoss):
        report(card, 2)
    assert [r["reported"] for r in json.loads(image.read_text("utf-8"))["records"]] == [True, False]
    card = SimulatedCard(image)
    verify(card)
    assert report(card, 2)[-2:] == bytes.fromhex("9000")


def test_a_power_loss_after_the_commit_leaves_the_new_state_applied_and_not_answered(tmp_path: Path) -> None:
    image = make_image(tmp_path / "card.json", [{"at": "clear", "do": "power_loss_after_commit"}])
    card = SimulatedCard(image)
    payload = payload_for(reported(card))
    with pytest.raises(PowerLoss):
        clear(card, payload)
    assert counts(image, "clear") == {SPAN: {"applied": 1, "answered": 0}}
    card = SimulatedCard(image)
    verify(card)
    assert clear(card, payload) == "6901"


def test_the_shared_key_is_the_authoritys(card: SimulatedCard) -> None:
    sealed = reported(card)
    assert open_summary(sealed, KEY).start == "20261001"
    with pytest.raises(BadSeal):
        open_summary(sealed, bytes(32))
