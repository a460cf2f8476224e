"""The driver reads a card's list of invoices over a real line: whole, in a moment, and says so when there is none."""

from __future__ import annotations

from datetime import date
from time import perf_counter

import pytest

from fapiao_kernel.devices.drivers.gb18240 import DRIVER, files
from fapiao_kernel.domain.errors import ProtocolError, Refused
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.simulator.card.details import details_file, write_details
from fapiao_kernel.simulator.card.entries import record
from fapiao_kernel.simulator.card.faults import new_faults
from fapiao_kernel.simulator.card.image import load, save
from tests.devices.conftest import OpenCard, StartCard
from tests.simulator.card.maker import make_image
from tests.simulator.card.test_details import issued

OCTOBER = Period(2026, 10)
SPECIAL = ClearUnit("661234567890", InvoiceType.SPECIAL, OCTOBER)
ORDINARY = ClearUnit("661234567890", InvoiceType.ORDINARY, OCTOBER)


@pytest.fixture
def listing(tmp_path, start_card: StartCard, open_card: OpenCard):
    """The driver on a card that lists these invoices."""

    def made(*invoices, faults=()):
        image = make_image(tmp_path / "card.json")
        write_details(details_file(image), invoices)
        if faults:
            memory = load(image)
            memory.faults = new_faults(faults)
            save(image, memory)
        return open_card(start_card())

    return made


def test_two_thousand_invoices_are_read_in_a_moment_and_progress_is_told(listing):
    card = listing(*(issued(n) for n in range(1, 2001)), issued(1, date(2026, 9, 1)))
    told = []
    begun = perf_counter()
    found = card.read_details([SPECIAL, ORDINARY], lambda *one: told.append(one))
    print(f"2,000 invoices over the pty: {perf_counter() - begun:.2f} s")
    assert [one.number for one in found] == [f"{n:08}" for n in range(1, 2001)]
    assert {(one.period, one.invoice_type) for one in found} == {(OCTOBER, InvoiceType.SPECIAL)}
    steps = [*range(0, 2000, files.DETAILS_AT_ONCE), 2000]
    assert [done for label, done, _ in told if label == str(SPECIAL)] == steps


def test_a_card_without_a_list_says_none_and_works_on(start_card: StartCard, open_card: OpenCard):
    card = open_card(start_card())
    assert card.read_details([SPECIAL]) is None
    assert card.read_state().identity.device_number == "661234567890"


def test_a_unit_of_which_nothing_was_issued_has_an_empty_list(listing):
    assert listing(issued(1)).read_details([ORDINARY]) == ()


def test_a_card_that_does_not_know_the_command_says_none(listing):
    faults = [{"at": "read_details", "do": "refuse", "status": "6D00"}]
    assert listing(issued(1), faults=faults).read_details([SPECIAL]) is None


def test_a_damaged_block_is_repaired_on_the_line(listing):
    faults = [{"at": "read_details", "do": "corrupt_reply"}]
    assert len(listing(*(issued(n) for n in range(1, 150)), faults=faults).read_details([SPECIAL])) == 149


def test_what_the_progress_raises_ends_the_reading_and_is_not_taken_for_the_cards_no(listing):
    card = listing(*(issued(n) for n in range(1, 300)))

    def cancel(label: str, done: int, total: int) -> None:
        if done:
            raise Refused("cancel_asked")

    with pytest.raises(Refused) as caught:
        card.read_details([SPECIAL], cancel)
    assert caught.value.code == "cancel_asked"
    assert len(card.read_details([SPECIAL])) == 299


class Repeating:
    """A link to a card that answers every question with the same records."""

    name = "repeating"

    def __init__(self, reply: bytes) -> None:
        self.reply = reply

    def transmit(self, apdu: bytes) -> bytes:
        return self.reply + b"\x90\x00" if apdu[1] == 0xC8 else b"\x90\x00"

    def close(self) -> None:
        return None


@pytest.mark.parametrize(
    "reply", [record(issued(1)), record(issued(2)) + record(issued(1)), record(issued(1, date(2026, 9, 1))), b""]
)
def test_records_out_of_order_again_or_of_another_month_are_a_protocol_error(reply):
    with pytest.raises(ProtocolError):
        DRIVER.open(Repeating(reply), "gb18240+sim://x").read_details([SPECIAL])


def test_a_card_that_lists_on_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(Repeating):
        number = 0

        def transmit(self, apdu: bytes) -> bytes:
            self.number += 1
            assert self.number < 100
            self.reply = record(issued(self.number))
            return super().transmit(apdu)

    monkeypatch.setattr(files, "MOST_INVOICES", 50)
    with pytest.raises(ProtocolError, match="protocol_record"):
        DRIVER.open(Endless(b""), "gb18240+sim://x").read_details([SPECIAL])
