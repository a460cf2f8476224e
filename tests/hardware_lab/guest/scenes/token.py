"""Our token (USB 令牌) in a port of the guest's: vhci_hcd, the kernel's USB core, usbfs, libusb, pyusb, our link, our driver."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from fapiao_kernel.devices.drivers.gb18240 import DRIVER
from fapiao_kernel.devices.drivers.gb18240.card import Gb18240Card
from fapiao_kernel.devices.links.usb_ccid import find, open_usb
from fapiao_kernel.domain.clearing import Outcome
from fapiao_kernel.domain.errors import NotReachable, OutcomeUnknown, ProtocolError
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.domain.invoice import Invoice
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.simulator.card.details import details_file, write_details
from fapiao_kernel.simulator.token.behind import PowerLost
from fapiao_kernel.simulator.token.descriptors import Model
from fapiao_kernel.simulator.token.inside import CardInside
from fapiao_kernel.simulator.token.token import Token
from tests.hardware_lab.guest.vhci import PATIENCE, Plugged
from tests.simulator.card.maker import PIN, SPECIAL, counts, make_image, payload_for

if TYPE_CHECKING:
    from tests.hardware_lab.guest.inside import Host

TOKEN = "1209:0001"
DEVICE = "661234567890"
CLEAR = 0xF6
SELECT = bytes.fromhex("00A4000C02EF02")
INVOICES = 600
"""Their records are 21,600 bytes: more than one USB request block of usbfs."""


class _Held(CardInside):
    """A card whose token is pulled out when a clear arrives: ``before`` it is carried out, or ``after``."""

    pull = ""
    token: Token | None = None

    def answer(self, apdu: bytes) -> bytes | None:
        now = self.pull if apdu[1] == CLEAR else ""
        if now == "before":
            raise PowerLost
        answer = super().answer(apdu)
        if now and self.token is not None:
            self.token.unplug()
        return answer


class _Telling(CardInside):
    """A card that tells when a command is with it."""

    def __init__(self, image: Path) -> None:
        super().__init__(image)
        self.asked = threading.Event()

    def answer(self, apdu: bytes) -> bytes | None:
        self.asked.set()
        return super().answer(apdu)


def a_token_is_found_with_its_names_and_serial_number(host: Host) -> None:
    with _token():
        [found] = [each for each in find() if each.usb_id == TOKEN]
        assert (found.where, found.problem) == (f"{TOKEN}/PRACTICE0001", None), found
        assert "Practice tax token" in found.reader, found


def its_state_is_read(host: Host) -> None:
    with _token(), _card() as card:
        state = card.read_state()
        assert (state.identity.device_number, state.pin_tries, state.identity.simulated) == (DEVICE, 8, True)


def of_two_alike_the_one_with_the_serial_number_is_opened(host: Host) -> None:
    other = Token(CardInside(_image(device_number="667777777777")), Model(serial="SECOND"))
    with _token(), contextlib.closing(_Out(Plugged(other, port=1))):
        with _card(f"{TOKEN}/SECOND") as card:
            assert card.read_state().identity.device_number == "667777777777"
        try:
            open_usb(TOKEN).close()
        except NotReachable as error:
            assert error.code == "usb_several", error.code
        else:
            raise AssertionError("one of two alike was opened")


def a_list_of_invoices_comes_in_extended_answers(host: Host) -> None:
    image = _image()
    write_details(details_file(image), [_invoice(number) for number in range(1, INVOICES + 1)])
    with _token(image=image), _card() as card:
        listed = card.read_details([ClearUnit(DEVICE, SPECIAL, Period(2026, 10))])
        assert listed is not None and len(listed) == INVOICES
        assert [each.number for each in listed] == [f"{number:08}" for number in range(1, INVOICES + 1)]


def an_answer_behind_a_stall_is_had_after_the_halt_is_cleared(host: Host) -> None:
    with _token({"at": "xfr", "do": "stall_in", "nth": 2}), _card() as card:
        assert card.read_state().identity.device_number == DEVICE


def a_command_that_stalls_is_told_and_the_token_works_when_opened_anew(host: Host) -> None:
    with _token({"at": "xfr", "do": "stall_out"}):
        with contextlib.closing(open_usb(TOKEN)) as link:
            try:
                link.transmit(SELECT)
            except NotReachable as error:
                assert error.code == "usb_stalled", error.code
            else:
                raise AssertionError("a stalled command was answered")
        with _card() as card:
            assert card.read_state().identity.device_number == DEVICE


def more_data_than_asked_for_and_a_broken_transfer_are_told(host: Host) -> None:
    for fault in ("overflow", "broken"):
        with _token({"at": "xfr", "do": fault}), contextlib.closing(open_usb(TOKEN)) as link:
            try:
                link.transmit(SELECT)
            except (NotReachable, ProtocolError) as error:
                assert error.effect is Effect.UNKNOWN, (fault, error.code)
            else:
                raise AssertionError(f"a transfer that ended with {fault} was an answer")


def a_token_pulled_out_while_a_command_waits_is_gone_and_its_effect_unknown(host: Host) -> None:
    card = _Telling(_image())
    silent = Token(card, faults=[{"at": "xfr", "do": "lose_reply_after_commit"}])
    with contextlib.closing(_Out(Plugged(silent))) as port, contextlib.closing(open_usb(TOKEN)) as link:
        threading.Thread(target=lambda: card.asked.wait(PATIENCE) and port.close()).start()
        try:
            link.transmit(SELECT)
        except NotReachable as error:
            assert (error.code, error.effect) == ("device_gone", Effect.UNKNOWN), (error.code, error.effect)
        else:
            raise AssertionError("a token that is gone answered")


def pulled_out_before_a_clear_is_carried_out_it_is_cleared_once_after_plugging_in(host: Host) -> None:
    _clear_and_pull_out("before", Outcome.CLEARED)


def pulled_out_after_a_clear_is_carried_out_it_is_not_cleared_twice(host: Host) -> None:
    _clear_and_pull_out("after", Outcome.ALREADY_CLEARED)


def _clear_and_pull_out(pull: str, then: Outcome) -> None:
    image = _image()
    inside = _Held(image)
    inside.token = token = Token(inside)
    with contextlib.closing(_Out(Plugged(token))) as port:
        with _card() as card:
            card.verify_pin(PIN)
            payload = payload_for(card.report((SPECIAL,)).sealed)
            inside.pull = pull
            try:
                card.clear((SPECIAL,), payload)
            except OutcomeUnknown as error:
                assert error.code == "outcome_unknown_clear", error.code
            else:
                raise AssertionError("a clear without an answer was one")
        port.plugged.pull_out()
        inside.pull = ""
        token.plug()
        port.plugged = Plugged(token)
        applied = counts(image, "clear").get(f"{SPECIAL.value} 2026-10-01..2026-10-31", {}).get("applied", 0)
        assert applied == (pull == "after"), counts(image, "clear")
        with _card() as card:
            card.verify_pin(PIN)
            assert card.clear((SPECIAL,), payload).outcome is then
    assert [told["applied"] for told in counts(image, "clear").values()] == [1]


class _Out:
    """Pulls out what is plugged in when the check ends."""

    def __init__(self, plugged: Plugged) -> None:
        self.plugged = plugged

    def close(self) -> None:
        self.plugged.pull_out()


@contextlib.contextmanager
def _token(*faults: Mapping[str, Any], image: Path | None = None) -> Iterator[Plugged]:
    with contextlib.closing(_Out(Plugged(Token(CardInside(image or _image()), faults=faults)))) as port:
        yield port.plugged


@contextlib.contextmanager
def _card(where: str = TOKEN) -> Iterator[Gb18240Card]:
    with contextlib.closing(DRIVER.open(open_usb(where), f"gb18240+usb://{where}")) as card:
        assert isinstance(card, Gb18240Card)
        yield card


def _image(**made: Any) -> Path:
    return make_image(Path(mkdtemp()) / "card.json", **made)


def _invoice(number: int) -> Invoice:
    amount = Decimal("113.00")
    return Invoice(
        code="4403201130",
        number=f"{number:08}",
        invoice_type=SPECIAL,
        issue_date=date(2026, 10, 9),
        amount=amount,
        tax=Decimal("0.00"),
        total=amount,
    )
