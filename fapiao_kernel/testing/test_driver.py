"""Suite Driver (驱动): what holds for every card language, whatever link carries it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fapiao_kernel.devices.plug import DriverCan
from fapiao_kernel.domain.card import Evidence, Source
from fapiao_kernel.domain.errors import FapiaoError, Refused
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.domain.period import Period
from fapiao_kernel.ports import Card
from fapiao_kernel.testing import month
from fapiao_kernel.testing.between import Held
from fapiao_kernel.testing.fixtures import OpenCard
from fapiao_kernel.testing.reading import but_clock, foreign_pin, units
from fapiao_kernel.testing.subject import Subject, within

DriverNeeds = Callable[..., None]
FEW = 3
"""At so many PIN tries left, none is spent any more (ports.Card)."""


def test_driver_opening_asks_the_card_nothing(open_card: OpenCard) -> None:
    _, tap = open_card()
    assert tap.commands == []


def test_driver_keeps_the_address_it_was_opened_with(subject: Subject, card: Card) -> None:
    assert card.address == str(subject.address)


def test_driver_has_the_profile_of_its_spec(subject: Subject, card: Card) -> None:
    assert card.profile == subject.driver.profile and card.profile.family


def test_driver_says_how_well_report_and_clear_are_known(card: Card) -> None:
    evidence = card.evidence()
    assert {"report", "clear"} <= evidence.keys()
    assert all(isinstance(each, Evidence) for each in evidence.values())


def test_driver_reads_the_same_identity_over_two_openings(open_card: OpenCard) -> None:
    first, second = (open_card()[0].read_state().identity for _ in range(2))
    assert first == second
    assert len(first.device_number) == 12 and first.device_number.isascii() and first.device_number.isdigit()


def test_driver_reads_the_same_state_twice_but_for_the_clock(card: Card) -> None:
    first, second = card.read_state(), card.read_state()
    assert but_clock(first) == but_clock(second)
    assert first.clock <= second.clock


def test_driver_says_that_it_read_its_state(card: Card) -> None:
    state = card.read_state()
    assert state.source is Source.READ and state.monitoring, "no type on the card"
    assert all(m.report_start <= m.report_end for m in state.monitoring)


def test_driver_readings_need_no_pin_and_change_nothing(
    open_card: OpenCard, driver_can: DriverNeeds, subject: Subject
) -> None:
    card, _ = open_card()
    before = card.read_state()
    if DriverCan.STATISTICS in subject.driver.can:
        assert card.read_statistics() == card.read_statistics()
    if DriverCan.VOLUMES in subject.driver.can:
        assert card.read_volumes() == card.read_volumes()
    if DriverCan.DETAILS in subject.driver.can:
        assert card.read_details(units(before)) == card.read_details(units(before))
    assert but_clock(open_card()[0].read_state()) == but_clock(before)


def test_driver_statistics_are_of_the_open_span(card: Card, driver_can: DriverNeeds) -> None:
    driver_can(DriverCan.STATISTICS)
    known = {(unit.invoice_type, unit.period) for unit in units(card.read_state())}
    told = [(each.invoice_type, each.period) for each in card.read_statistics()]
    assert set(told) <= known and len(told) == len(set(told))


def test_driver_details_are_each_once_and_in_their_unit(card: Card, driver_can: DriverNeeds) -> None:
    driver_can(DriverCan.DETAILS)
    for unit in units(card.read_state()):
        found = card.read_details((unit,))
        assert found is not None, "claimed, and not given"
        assert len({each.key for each in found}) == len(found)
        assert all((each.invoice_type, each.period) == (unit.invoice_type, unit.period) for each in found)


def test_driver_details_add_up_to_the_statistics(card: Card, driver_can: DriverNeeds) -> None:
    driver_can(DriverCan.DETAILS, DriverCan.STATISTICS)
    details = card.read_details(units(card.read_state()))
    assert details is not None
    for each in card.read_statistics():
        mine = [d for d in details if (d.invoice_type, d.period) == (each.invoice_type, each.period)]
        assert len(mine) == each.count
        assert sum((d.total for d in mine if not d.void), ZERO) == each.total
        assert len([d for d in mine if d.void]) == each.positive_void + each.negative_void


def test_driver_details_lie_in_the_volumes(card: Card, driver_can: DriverNeeds) -> None:
    driver_can(DriverCan.DETAILS, DriverCan.VOLUMES)
    volumes, details = card.read_volumes(), card.read_details(units(card.read_state()))
    assert details is not None
    for each in details:
        assert any(v.invoice_type is each.invoice_type and v.holds(*each.key) for v in volumes), each.key


def test_driver_reading_of_details_ends_where_a_person_stops_it(card: Card, driver_can: DriverNeeds) -> None:
    driver_can(DriverCan.DETAILS)

    class Stopped(Exception):
        """What a progress may raise."""

    def stop(label: str, done: int, total: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        card.read_details(units(card.read_state()), stop)


def test_driver_reads_the_month_that_the_card_was_made_with(
    subject: Subject, card: Card, driver_can: DriverNeeds
) -> None:
    driver_can(DriverCan.STATISTICS)
    if not subject.practises:
        pytest.skip("what this card holds is not known beforehand")
    expected = month.statistics(month.invoices())
    assert {(each.invoice_type, each.period): each for each in card.read_statistics()} == expected


def test_driver_names_of_any_character_come_back(subject: Subject, card: Card) -> None:
    name = card.read_state().identity.taxpayer_name
    assert name == name.strip("\0 ") and name.encode("gb18030").decode("gb18030") == name
    if subject.world is not None:
        assert name == subject.world.taxpayer_name == month.TAXPAYER_NAME


def test_driver_types_and_periods_are_ours(card: Card) -> None:
    state = card.read_state()
    assert all(each.invoice_type.on_device for each in state.monitoring)
    assert len({each.invoice_type for each in state.monitoring}) == len(state.monitoring)
    assert all(isinstance(period, Period) for each in state.monitoring for period in each.periods)


def test_driver_closes_its_link_and_may_be_closed_twice(open_card: OpenCard) -> None:
    card, tap = open_card()
    card.close()
    assert tap.closed
    card.close()


def test_driver_after_close_tells_that_nothing_was_sent(open_card: OpenCard) -> None:
    card, _ = open_card()
    card.close()
    with pytest.raises(FapiaoError) as closed:
        within(card.read_state)
    assert closed.value.effect is Effect.NOT_SENT


# --- PIN 口令


def test_driver_does_not_send_a_pin_of_wrong_form(open_card: OpenCard, driver_can: DriverNeeds) -> None:
    driver_can(DriverCan.PIN)
    card, tap = open_card()
    card.read_state()
    held = Held(tap.commands, b"\x90\x00")  # a driver that sends one all the same spends no try of a real card
    card, _ = open_card(held)
    for wrong in ("", "\0" * 300, "\N{PILE OF POO}" * 8):
        with pytest.raises(Refused) as refused:
            card.verify_pin(wrong)
        assert refused.value.effect is not Effect.UNKNOWN
    assert held.held == [], "a command went out that no reading sends"


def test_driver_a_wrong_pin_costs_one_try_and_the_right_one_restores_them(
    subject: Subject, card: Card, driver_can: DriverNeeds, pin: str
) -> None:
    driver_can(DriverCan.PIN)
    full, wrong = card.read_state().pin_tries, foreign_pin(subject)
    assert full is not None and full > FEW + 1, "a card with a PIN tells its tries"
    with pytest.raises(Refused) as refused:
        card.verify_pin(wrong)
    assert refused.value.code == "pin_wrong" and str(full - 1) in str(refused.value)
    assert wrong not in f"{refused.value} {refused.value!r} {refused.value.__dict__}"
    assert card.read_state().pin_tries == full - 1
    card.verify_pin(pin)
    assert card.read_state().pin_tries == full


def test_driver_spends_no_try_at_three_or_fewer_unless_by_name(
    subject: Subject, open_card: OpenCard, driver_can: DriverNeeds, pin: str
) -> None:
    driver_can(DriverCan.PIN)
    card, tap = open_card()
    full, wrong = card.read_state().pin_tries, foreign_pin(subject)
    assert full is not None
    for _ in range(full - FEW):
        with pytest.raises(Refused):
            card.verify_pin(wrong)
    sent = set(tap.commands)
    tap.commands.clear()
    try:
        with pytest.raises(Refused) as kept:
            card.verify_pin(wrong[::-1] if wrong[::-1] != pin else wrong[1:] + wrong[:1])  # one not presented so far
        assert kept.value.code == "pin_tries_low"
        assert set(tap.commands) <= sent, "a PIN went out at three tries"
        assert card.read_state().pin_tries == FEW
    finally:
        card.verify_pin(pin, spend_low_tries=True)
    assert card.read_state().pin_tries == full
