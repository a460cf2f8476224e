"""The driver on a real card process over a real line: reading, PIN, report, clear."""

from __future__ import annotations

import json
import time
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from fapiao_kernel.domain.card import Evidence
from fapiao_kernel.domain.clearing import Outcome
from fapiao_kernel.domain.errors import Refused, UsageError
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.simulator.clock import CHINA
from tests.devices.conftest import OpenCard, StartCard
from tests.simulator.card.maker import ORDINARY, PIN, SPECIAL, counts, payload_for

SPAN = "004 2026-10-01..2026-10-31"


def test_the_state_is_what_the_image_holds(start_card: StartCard, open_card: OpenCard) -> None:
    state = open_card(start_card(not_uploaded=2)).read_state()
    assert state.identity.device_number == "661234567890"
    assert state.identity.taxpayer_name == "深圳甲有限公司"
    assert state.identity.simulated
    assert state.pin_tries == 8
    assert abs(state.clock - datetime(2026, 11, 5, 9, 0, tzinfo=CHINA)) < timedelta(minutes=1)
    assert [m.invoice_type for m in state.monitoring] == [SPECIAL, ORDINARY]
    special = state.monitoring[0]
    assert (special.lock_date, special.report_start, special.report_end) == (
        date(2026, 11, 17), date(2026, 10, 1), date(2026, 10, 31),
    )  # fmt: skip
    assert not special.reported and special.not_uploaded == 2 and special.periods == (Period(2026, 10),)


def test_statistics_are_of_the_open_span_only(start_card: StartCard, open_card: OpenCard) -> None:
    found = open_card(start_card(start=date(2026, 9, 1))).read_statistics()
    assert [(s.invoice_type, str(s.period)) for s in found] == [
        (SPECIAL, "2026-09"), (SPECIAL, "2026-10"), (ORDINARY, "2026-09"), (ORDINARY, "2026-10"),
    ]  # fmt: skip
    assert found[0].count == 13 and found[0].total == Decimal("107.35")


def test_volumes_are_read_with_their_state(start_card: StartCard, open_card: OpenCard) -> None:
    special, ordinary = open_card(start_card()).read_volumes()
    assert (special.code, special.first, special.last, special.pending) == ("4403201130", "00000001", "00000100", False)
    assert ordinary.code == "044032100111" and ordinary.pending


def test_a_card_is_reported_and_cleared_type_by_type(start_card: StartCard, open_card: OpenCard) -> None:
    process = start_card()
    card = open_card(process)
    assert card.read_summary((SPECIAL,)) is None
    card.verify_pin(PIN)
    for kind in (SPECIAL, ORDINARY):
        summary = card.report((kind,))
        assert (summary.types, summary.periods, len(summary.sealed)) == ((kind,), (Period(2026, 10),), 320)
        assert card.read_summary((kind,)) == summary
        answer = card.clear((kind,), payload_for(summary.sealed))
        assert (answer.outcome, answer.status) == (Outcome.CLEARED, "9000")
    state = card.read_state()
    assert {m.lock_date for m in state.monitoring} == {date(2026, 12, 17)}
    assert {m.report_start for m in state.monitoring} == {date(2026, 11, 1)}
    assert {m.last_report for m in state.monitoring} == {date(2026, 11, 5)}
    assert [s.count for s in card.read_statistics()] == [0, 0]
    assert counts(process.image, "clear")[SPAN] == {"applied": 1, "answered": 1}


def test_a_second_clear_is_already_cleared_and_applied_once(start_card: StartCard, open_card: OpenCard) -> None:
    process = start_card()
    card = open_card(process)
    card.verify_pin(PIN)
    payload = payload_for(card.report((SPECIAL,)).sealed)
    card.clear((SPECIAL,), payload)
    answer = card.clear((SPECIAL,), payload)
    assert (answer.outcome, answer.status) == (Outcome.ALREADY_CLEARED, "6901")
    card.read_state()
    assert counts(process.image, "clear") == {SPAN: {"applied": 1, "answered": 1}}


def test_a_second_report_is_refused_and_its_summary_can_still_be_read(
    start_card: StartCard, open_card: OpenCard
) -> None:
    card = open_card(start_card())
    card.verify_pin(PIN)
    summary = card.report((SPECIAL,))
    with pytest.raises(Refused) as caught:
        card.report((SPECIAL,))
    assert (caught.value.code, caught.value.effect) == ("card_conditions", Effect.REJECTED)
    assert caught.value.original == "SW 6985"
    assert card.read_summary((SPECIAL,)) == summary


def test_without_a_pin_nothing_is_reported_or_cleared(start_card: StartCard, open_card: OpenCard) -> None:
    card = open_card(start_card())
    with pytest.raises(Refused) as caught:
        card.report((SPECIAL,))
    assert caught.value.code == "card_pin_needed"
    answer = card.clear((SPECIAL,), bytes(29))
    assert (answer.outcome, answer.status) == (Outcome.REFUSED, "6982")


def test_a_wrong_mac_is_a_refusal_with_its_status(start_card: StartCard, open_card: OpenCard) -> None:
    card = open_card(start_card())
    card.verify_pin(PIN)
    payload = payload_for(card.report((SPECIAL,)).sealed)
    answer = card.clear((SPECIAL,), payload[:-1] + bytes([payload[-1] ^ 1]))
    assert (answer.outcome, answer.status) == (Outcome.REFUSED, "9302")
    assert card.read_state().monitoring[0].lock_date == date(2026, 11, 17)


def test_a_payload_of_another_length_is_not_sent(start_card: StartCard, open_card: OpenCard) -> None:
    with pytest.raises(Refused) as caught:
        open_card(start_card()).clear((SPECIAL,), bytes(28))
    assert (caught.value.code, caught.value.effect) == ("card_payload", Effect.NOT_SENT)


def test_a_type_that_the_card_has_not_is_refused(start_card: StartCard, open_card: OpenCard) -> None:
    with pytest.raises(Refused) as caught:
        open_card(start_card()).report((InvoiceType.ROLL,))
    assert caught.value.code == "card_no_type"


def test_two_types_at_once_are_wrong_use(start_card: StartCard, open_card: OpenCard) -> None:
    with pytest.raises(UsageError):
        open_card(start_card()).report((SPECIAL, ORDINARY))


def test_a_wrong_pin_costs_one_try_and_says_how_many_are_left(start_card: StartCard, open_card: OpenCard) -> None:
    card = open_card(start_card())
    with pytest.raises(Refused) as caught:
        card.verify_pin("00000000")
    assert caught.value.code == "pin_wrong" and caught.value.facts == {"left": 7}
    assert "00000000" not in str(caught.value) + repr(caught.value) + caught.value.original
    assert card.read_state().pin_tries == 7
    card.verify_pin(PIN)
    assert card.read_state().pin_tries == 8


def test_at_three_tries_left_no_pin_is_sent_not_even_the_right_one(start_card: StartCard, open_card: OpenCard) -> None:
    card = open_card(start_card())
    for _ in range(5):
        with pytest.raises(Refused):
            card.verify_pin("00000000")
    with pytest.raises(Refused) as caught:
        card.verify_pin(PIN)
    assert caught.value.code == "pin_tries_low" and caught.value.facts == {"left": 3}
    assert card.read_state().pin_tries == 3


def test_a_blocked_pin_is_told(start_card: StartCard, open_card: OpenCard) -> None:
    process = start_card()
    process.stop()
    image = json.loads(process.image.read_text("utf-8"))
    process.image.write_text(json.dumps({**image, "pin_left": 0}), encoding="utf-8")
    card = open_card(start_card())
    assert card.read_state().pin_tries == 0
    with pytest.raises(Refused) as caught:
        card.verify_pin(PIN)
    assert (caught.value.code, caught.value.effect) == ("pin_blocked", Effect.NOT_SENT)


@pytest.mark.parametrize("pin", ["", "1234", "123456789", "abcdefgh"])
def test_what_is_no_pin_is_not_sent(start_card: StartCard, open_card: OpenCard, pin: str) -> None:
    card = open_card(start_card())
    with pytest.raises(Refused) as caught:
        card.verify_pin(pin)
    assert caught.value.code == "pin_form"
    assert card.read_state().pin_tries == 8


def test_each_type_is_a_group_of_its_own_and_what_is_assumed_says_so(
    start_card: StartCard, open_card: OpenCard
) -> None:
    card = open_card(start_card())
    assert card.profile.groups((SPECIAL, ORDINARY)) == ((SPECIAL,), (ORDINARY,))
    assert card.evidence()["report"] is card.evidence()["clear"] is Evidence.ASSUMED


def test_two_cards_do_not_know_each_other(start_card: StartCard, open_card: OpenCard) -> None:
    one, other = start_card(name="one"), start_card(name="other", device_number="661234567891")
    first, second = open_card(one), open_card(other)
    first.verify_pin(PIN)
    payload = payload_for(first.report((SPECIAL,)).sealed)
    first.clear((SPECIAL,), payload)
    assert second.read_state().identity.device_number == "661234567891"
    assert second.read_state().monitoring[0].lock_date == date(2026, 11, 17)
    assert counts(other.image, "clear") == {}


def test_a_card_over_tcp_speaks_the_same(start_card: StartCard, open_card: OpenCard) -> None:
    process = start_card(tcp=True)
    assert process.line.startswith("socket://127.0.0.1:")
    card = open_card(process)
    card.verify_pin(PIN)
    assert card.clear((SPECIAL,), payload_for(card.report((SPECIAL,)).sealed)).outcome is Outcome.CLEARED
    card.close()
    assert open_card(process).read_state().monitoring[0].lock_date == date(2026, 12, 17)


def test_reading_the_state_is_quick_enough_to_be_asked_at_any_time(start_card: StartCard, open_card: OpenCard) -> None:
    card = open_card(start_card())
    assert card.read_state() is not None
    began = time.process_time()
    for _ in range(20):
        card.read_state()
    assert time.process_time() - began < 20 * 0.1
