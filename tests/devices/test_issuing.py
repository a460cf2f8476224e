"""The driver issues, voids and finds on a real card process over a real line; a lost answer is unknown, and never sent again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import reduce
from operator import xor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fapiao_kernel.devices.drivers.gb18240.card import Gb18240Card
from fapiao_kernel.domain.card import Evidence
from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, OutcomeUnknown, ProtocolError, Refused
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.issuing import InvoiceSheet, Issued, NextNumber
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from tests.devices.conftest import OpenCard, StartCard
from tests.simulator.card.issuing_maker import CODE, IN_NOVEMBER, IN_OCTOBER, OTHER, SECOND, issuing_card
from tests.simulator.card.maker import ORDINARY, PIN, SPECIAL, CardProcess, counts, payload_for

PLACE = "004 2026-10"
Opened = Callable[..., tuple[Gb18240Card, CardProcess]]


def sheet(
    code: str = CODE, number: str = "00000005", amount: str = "100.00", tax: str = "13.00", **more: Any
) -> InvoiceSheet:
    kind = more.pop("invoice_type", SPECIAL)
    return InvoiceSheet(kind, code, number, Decimal(amount), Decimal(tax), "91440300708461136T", **more)


@pytest.fixture
def opened(tmp_path: Any, start_card: StartCard, open_card: OpenCard) -> Opened:
    """The driver on a card with invoices and numbers, PIN verified."""

    def open_(*faults: dict[str, Any], now: Any = IN_OCTOBER) -> tuple[Gb18240Card, CardProcess]:
        issuing_card(tmp_path / "card.json", faults, now=now)
        process = start_card()
        card = open_card(process)
        card.verify_pin(PIN)
        assert isinstance(card, Gb18240Card)
        return card, process

    return open_


def test_an_invoice_is_issued_found_voided_and_stands_in_the_cards_own_sums(opened: Opened) -> None:
    card, process = opened()
    assert card.next_number(SPECIAL) == NextNumber(SPECIAL, CODE, "00000005", 6)
    issued = card.issue(sheet())
    assert issued == Issued(CODE, "00000005", date(2026, 10, 20), issued.control_code)
    assert len(issued.control_code) == 16 and issued.control_code != "0" * 16
    expected = InvoiceDetail(SPECIAL, CODE, "00000005", date(2026, 10, 20), Decimal("113.00"))
    assert card.find(SPECIAL, CODE, "00000005") == expected
    assert card.next_number(SPECIAL) == NextNumber(SPECIAL, CODE, "00000006", 5)
    red = card.issue(sheet(number="00000006", amount="-100.00", tax="-13.00", red=True, red_of=CODE + "00000005"))
    assert red.control_code != issued.control_code
    assert card.void(SPECIAL, CODE, "00000006") is True
    assert card.void(SPECIAL, CODE, "00000006") is False
    special = card.read_statistics()[0]
    assert (special.positive, special.negative, special.negative_void) == (3, 1, 1)
    assert (special.positive_amount, special.positive_tax) == (Decimal("500.00"), Decimal("65.00"))
    listed = card.read_details([ClearUnit("661234567890", SPECIAL, Period(2026, 10))])
    assert listed is not None and listed[-2] == expected
    assert sum(one.total for one in listed if not one.void) == special.total
    assert counts(process.image, "issue")[PLACE]["applied"] == 2


def test_a_number_is_found_with_one_command_whatever_the_size_of_the_list(opened: Opened) -> None:
    card, _ = opened()
    link, sent = card._link, []

    class Counting:
        name = link.name

        def transmit(self, apdu: bytes) -> bytes:
            sent.append(apdu)
            return link.transmit(apdu)

        def close(self) -> None:
            return None

    counting = Gb18240Card(Counting(), "gb18240+sim://x")
    assert counting.find(SPECIAL, CODE, "00000001") is not None
    assert counting.find(SPECIAL, CODE, "00000009") is None
    assert counting.find(ORDINARY, CODE, "00000001") is None
    assert [apdu[1] for apdu in sent] == [0xCC] * 3


def test_no_number_left_is_none_and_a_type_that_the_card_has_not_is_refused(opened: Opened) -> None:
    card, _ = opened()
    for code, number in [(CODE, n) for n in (5, 6, 7)] + [(SECOND, n) for n in (1, 2, 3)]:
        card.issue(sheet(code, f"{number:08}"))
    assert card.next_number(SPECIAL) is None
    with pytest.raises(Refused) as none:
        card.issue(sheet(SECOND, "00000004"))
    assert (none.value.code, none.value.original) == ("card_over_limit", "SW 9401")
    with pytest.raises(Refused) as caught:
        card.issue(sheet(invoice_type=InvoiceType.ROLL))
    assert (caught.value.code, caught.value.effect) == ("card_no_type", Effect.NOT_SENT)


@pytest.mark.parametrize(
    ("changes", "code", "original"),
    [
        ({"number": "00000006"}, "card_not_next", "SW 6A80"),
        ({"amount": "1000000.00"}, "card_over_limit", "SW 9401"),
        ({"amount": "-1.00", "tax": "0.00", "red": True, "red_of": CODE + "00000002"}, "card_red_of", "SW 6A88"),
    ],
)
def test_a_refusal_says_its_cause_and_keeps_the_status_word(
    opened: Opened, changes: dict[str, Any], code: str, original: str
) -> None:
    card, _ = opened()
    with pytest.raises(Refused) as caught:
        card.issue(sheet(**changes))
    assert (caught.value.code, caught.value.original, caught.value.effect) == (code, original, Effect.REJECTED)
    assert card.next_number(SPECIAL) == NextNumber(SPECIAL, CODE, "00000005", 6)


def test_a_sheet_that_no_command_can_carry_is_not_sent(opened: Opened) -> None:
    card, process = opened()
    for bad in (sheet(code="1" * 13), sheet(tax="0.001")):
        with pytest.raises(Refused) as caught:
            card.issue(bad)
        assert (caught.value.code, caught.value.effect) == ("card_sheet", Effect.NOT_SENT)
    assert counts(process.image, "issue") == {}


def test_without_a_pin_nothing_is_issued_or_voided(opened: Opened, open_card: OpenCard) -> None:
    card, process = opened()
    card.close()
    again = open_card(process)
    for act in (lambda: again.issue(sheet()), lambda: again.void(SPECIAL, CODE, "00000001")):
        with pytest.raises(Refused) as caught:
            act()
        assert caught.value.code == "card_pin_needed"


def test_a_new_month_wants_the_report_first_and_then_issues_into_itself(opened: Opened) -> None:
    card, _ = opened(now=IN_NOVEMBER)
    with pytest.raises(Refused) as due:
        card.issue(sheet())
    assert (due.value.code, due.value.original) == ("card_report_due", "SW 6985")
    assert due.value.facts["date"] == date(2026, 10, 31)
    summary = card.report((SPECIAL,))
    assert card.issue(sheet()).issue_date == date(2026, 11, 5)
    assert [s.period for s in card.read_statistics()] == [Period(2026, 10)] * 2, "the open span's months alone"
    with pytest.raises(Refused) as late:
        card.void(SPECIAL, CODE, "00000001")
    assert (late.value.code, late.value.original) == ("card_void_late", "SW 6985")
    assert card.clear((SPECIAL,), payload_for(summary.sealed)).outcome.closed
    special = next(s for s in card.read_statistics() if s.invoice_type is SPECIAL)
    assert (special.period, special.count, special.total) == (Period(2026, 11), 1, Decimal("113.00"))


def test_a_card_past_its_lock_date_says_so(opened: Opened) -> None:
    card, _ = opened(now=IN_NOVEMBER.replace(day=18))
    with pytest.raises(Refused) as caught:
        card.issue(sheet())
    assert (caught.value.code, caught.value.facts["date"]) == ("card_past_lock_date", date(2026, 11, 17))


def test_what_the_card_does_not_have_is_not_voided(opened: Opened) -> None:
    with pytest.raises(Refused) as caught:
        opened()[0].void(SPECIAL, CODE, "00000009")
    assert (caught.value.code, caught.value.original) == ("card_no_invoice", "SW 6A88")


def test_a_card_without_a_list_cannot_tell_which_is_not_none(start_card: StartCard, open_card: OpenCard) -> None:
    card = open_card(start_card())
    assert card.next_number(SPECIAL) is None
    with pytest.raises(Refused) as caught:
        card.find(SPECIAL, CODE, "00000001")
    assert caught.value.code == "card_no_file"


@pytest.mark.parametrize("fault", ["lose_reply_after_commit", "power_loss_before_commit", "power_loss_after_commit"])
@pytest.mark.parametrize("act", ["issue", "void"])
def test_a_lost_answer_is_unknown_and_the_card_tells_afterwards(
    opened: Opened, start_card: StartCard, open_card: OpenCard, act: str, fault: str
) -> None:
    card, process = opened({"at": act, "do": fault})
    with pytest.raises(OutcomeUnknown) as caught:
        card.issue(sheet()) if act == "issue" else card.void(SPECIAL, CODE, "00000001")
    assert (caught.value.code, caught.value.effect) == (f"outcome_unknown_{act}", Effect.UNKNOWN)
    with pytest.raises(NotReachable) as broken:
        card.issue(sheet())
    assert broken.value.effect is Effect.NOT_SENT
    card.close()
    if fault != "lose_reply_after_commit":
        process.wait()
        process = start_card()
    again = open_card(process)
    done = fault != "power_loss_before_commit"
    if act == "issue":
        assert (again.find(SPECIAL, CODE, "00000005") is not None) is done
        assert (again.next_number(SPECIAL).number == "00000006") is done
    else:
        assert again.find(SPECIAL, CODE, "00000001").void is done
    assert counts(process.image, act) == ({PLACE: {"applied": 1, "answered": 0}} if done else {})


@pytest.mark.parametrize("fault", ["drop_reply", "corrupt_reply", "delay"])
def test_an_answer_spoilt_once_or_late_is_waited_for_and_the_invoice_issued_once(opened: Opened, fault: str) -> None:
    card, process = opened({"at": "issue", "do": fault, "seconds": 0.3})
    assert card.issue(sheet()).number == "00000005"
    assert card.next_number(SPECIAL) == NextNumber(SPECIAL, CODE, "00000006", 5)
    assert counts(process.image, "issue") == {PLACE: {"applied": 1, "answered": 1}}


def test_a_refusal_by_plan_is_that_act_s_alone(opened: Opened) -> None:
    card, _ = opened({"at": "issue", "do": "refuse", "status": "6D00", "type": "004"})
    assert card.issue(sheet(OTHER, "00000503", invoice_type=ORDINARY)).number == "00000503"
    with pytest.raises(Refused) as caught:
        card.issue(sheet())
    assert (caught.value.code, caught.value.original) == ("card_no_command", "SW 6D00")


@pytest.mark.parametrize(("status", "act"), [("6581", "issue"), ("9999", "void"), ("6110", "issue")])
def test_a_status_that_does_not_tell_leaves_the_outcome_unknown(opened: Opened, status: str, act: str) -> None:
    card, _ = opened({"at": act, "do": "refuse", "status": status})
    with pytest.raises(OutcomeUnknown) as caught:
        card.issue(sheet()) if act == "issue" else card.void(SPECIAL, CODE, "00000001")
    assert caught.value.original.split(", ")[0] == f"SW {status}"


def test_every_act_has_its_evidence(opened: Opened) -> None:
    told = opened()[0].evidence()
    assert {told[name] for name in ("issue", "void", "next_number", "find")} == {Evidence.ASSUMED}


class Saying:
    """A link to a card that knows 专票, and answers everything else with these bytes."""

    name = "saying"

    def __init__(self, reply: bytes, record: bytes) -> None:
        self.reply, self.record = reply, record
        self.acts = 0

    def transmit(self, apdu: bytes) -> bytes:
        if apdu[0] == 0 and apdu[1] == 0xA4:
            return b"\x90\x00"
        if apdu[0] == 0:
            return self.record + b"\x90\x00" if apdu[3] == 1 else b"\x6a\x83"
        self.acts += apdu[1] in (0xF2, 0xF3)
        return self.reply

    def close(self) -> None:
        return None


DECLARATION = bytes.fromhex("0004202610012026103120261008" + "00" * 321)
DECLARATION += bytes([reduce(xor, DECLARATION)])


@given(st.binary(max_size=60) | st.binary(max_size=40).map(lambda raw: raw + b"\x90\x00"))
def test_whatever_the_card_answers_is_an_answer_or_an_error_of_ours_and_an_act_is_sent_once(reply: bytes) -> None:
    for act in (lambda card: card.issue(sheet()), lambda card: card.void(SPECIAL, CODE, "00000001")):
        link = Saying(reply, DECLARATION)
        try:
            assert isinstance(act(Gb18240Card(link, "gb18240+sim://x")), Issued | bool)
        except (Refused, OutcomeUnknown) as error:
            assert error.original
        assert link.acts == 1
    for reading in (lambda card: card.find(SPECIAL, CODE, "00000001"), lambda card: card.next_number(SPECIAL)):
        try:
            reading(Gb18240Card(Saying(reply, DECLARATION), "gb18240+sim://x"))
        except (Refused, ProtocolError) as error:
            assert error.effect is Effect.NOT_SENT
        except FapiaoError as error:
            raise AssertionError("a reading of another kind") from error
