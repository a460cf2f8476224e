"""A reader not written by us (读卡器): QEMU's usb-ccid, TPDU level, our practice card in it speaking T=0. Last scene: it ends with the
card drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fapiao_kernel.devices.drivers.gb18240 import DRIVER
from fapiao_kernel.devices.links.usb_ccid import find, open_usb
from fapiao_kernel.domain.errors import NotReachable
from fapiao_kernel.domain.finding import Effect

if TYPE_CHECKING:
    from tests.hardware_lab.guest.inside import Host

SELECT = bytes.fromhex("00A4000C02EF02")
READER = "08e6:4433"
"""Vendor and product that QEMU's reader goes by."""


def the_reader_is_found_by_its_class(host: Host) -> None:
    found = {each.usb_id: each for each in find()}
    assert READER in found and found[READER].where.startswith(READER) and found[READER].problem is None, found


def the_answer_to_reset_is_the_cards(host: Host) -> None:
    link = open_usb(READER)
    try:
        assert link.atr is not None and bytes(link.atr.raw).hex() == host.ask("atr"), link.atr
    finally:
        link.close()


def the_state_of_the_card_is_read_over_t0(host: Host) -> None:
    card = DRIVER.open(open_usb(READER), f"gb18240+usb://{READER}")
    try:
        state = card.read_state()
        assert state.identity.device_number == "661234567890" and state.pin_tries == 8
        assert state.identity.taxpayer_name == "深圳甲有限公司"
    finally:
        card.close()


def a_card_drawn_while_its_answer_is_awaited_is_told_and_the_effect_unknown(host: Host) -> None:
    link = open_usb(READER)
    try:
        host.ask("draw_at_next")
        try:
            link.transmit(SELECT)
        except NotReachable as error:
            assert (error.code, error.effect) == ("device_card_absent", Effect.UNKNOWN), (error.code, error.effect)
        else:
            raise AssertionError("a card that was drawn answered")
    finally:
        link.close()
        host.ask("insert_card")


def a_drawn_card_is_told_and_gets_no_command(host: Host) -> None:
    link = open_usb(READER)
    try:
        before = host.ask("draw_card")
        try:
            link.transmit(SELECT)
        except NotReachable as error:
            assert error.code == "device_card_absent", error.code
        else:
            raise AssertionError("a card that is not there answered")
        assert host.ask("commands") == before
    finally:
        link.close()
    try:
        open_usb(READER).close()
    except NotReachable as error:
        assert (error.code, error.effect) == ("device_card_absent", Effect.NOT_SENT), error.code
    else:
        raise AssertionError("a reader without a card was opened")
