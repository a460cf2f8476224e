"""Run by ``test_umockdev.py`` in a process of its own, under umockdev: the USB link on the real pyusb and the real libusb.

One behaviour each. Nothing here waits for longer than the fault in question takes.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import usb.core
import usb.util

from fapiao_kernel.devices.drivers.gb18240 import DRIVER
from fapiao_kernel.devices.links.serial_t1.finding import find as find_ports
from fapiao_kernel.devices.links.usb_ccid import find, open_usb
from fapiao_kernel.domain.errors import FapiaoError, NotReachable
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.protocol import ccid
from fapiao_kernel.simulator.token.descriptors import Level, Model
from fapiao_kernel.simulator.token.inside import CardInside
from fapiao_kernel.simulator.token.mock_bed import Bed, missing
from fapiao_kernel.simulator.token.token import Token
from tests.simulator.card.maker import PIN, counts, make_image
from tests.simulator.token.host import STATUS, XFR, Echo, packed, read

TOKEN = "1209:0001"
SPAN = "004 2026-10-01..2026-10-31"
VERIFY = b"\xc0\xf9\x00\x00\x08" + PIN.encode()
REPORT = bytes.fromhex("C0F4000100000820261001202610310000")

pytestmark = pytest.mark.skipif(
    bool(missing()), reason=f"{missing()}; enable: Debian's own Python version, and umockdev-wrapper"
)


@pytest.fixture(scope="module")
def one_bed() -> Iterator[Bed]:
    """libusb listens to the bed that was there when it was loaded, so one serves all."""
    made = Bed()
    yield made
    made.close()


@pytest.fixture
def bed(one_bed: Bed) -> Iterator[Bed]:
    yield one_bed
    one_bed.clear()


@pytest.fixture
def opened() -> Iterator[Callable[[str], Any]]:
    """``open_usb``, closed afterwards."""
    links: list[Any] = []

    def open_one(where: str = TOKEN) -> Any:
        links.append(open_usb(where))
        return links[-1]

    yield open_one
    for link in links:
        link.close()


def device() -> usb.core.Device:
    found = usb.core.find(idVendor=0x1209)
    assert found is not None
    return found


def extended(data: bytes) -> bytes:
    return b"\x00\xd6\x00\x00\x00" + len(data).to_bytes(2, "big") + data


def test_libusb_reads_the_tokens_own_descriptors_and_strings(bed: Bed) -> None:
    token = Token(Echo())
    bed.plug(token)
    one = device()
    interface = one[0][(0, 0)]
    assert (one.serial_number, one.manufacturer) == ("PRACTICE0001", "fapiao-kernel")
    assert bytes(interface.extra_descriptors) == token.descriptors().ccid
    assert [e.bEndpointAddress for e in interface] == [0x01, 0x82, 0x83]
    usb.util.dispose_resources(one)


def test_a_reader_is_found_by_its_class_with_name_and_serial_number(bed: Bed) -> None:
    bed.plug(Token(Echo()))
    (found,) = find()
    assert (found.where, found.usb_id, found.problem) == (f"{TOKEN}/PRACTICE0001", TOKEN, None)
    assert "Practice tax token" in found.reader


@pytest.mark.parametrize("where", ["ccid", TOKEN, f"{TOKEN}/PRACTICE0001"])
def test_a_card_is_opened_by_class_by_number_and_by_serial_number(
    bed: Bed, opened: Callable[[str], Any], where: str
) -> None:
    bed.plug(Token(Echo()))
    link = opened(where)
    assert link.atr is not None and link.transmit(b"\0\xb0\0\0\0") == b"\0\xb0\0\0\0\x90\0"


def test_two_tokens_are_told_apart_by_serial_number(bed: Bed, opened: Callable[[str], Any]) -> None:
    cards = {"A1": Echo(), "B2": Echo()}
    for serial, card in cards.items():
        bed.plug(Token(card, Model(serial=serial)))
    with pytest.raises(NotReachable) as caught:
        opened(TOKEN)
    assert caught.value.code == "usb_several"
    opened(f"{TOKEN}/B2").transmit(b"\0\xb0\0\0\0")
    assert [len(card.heard) for card in cards.values()] == [0, 1]


@pytest.mark.parametrize(
    ("model", "size"),
    [
        (Model(), 4000),
        (Model(), 60000),
        (Model(max_message=271), 4000),
        (Model(max_message=1034), 9000),
        (Model(level=Level.TPDU_T1), 1500),
    ],
    ids=["4 kB", "60 kB", "chained by 261", "chained, full packets", "T=1 blocks"],
)
def test_long_apdus_arrive_whole_both_ways(bed: Bed, opened: Callable[[], Any], model: Model, size: int) -> None:
    card = Echo()
    bed.plug(Token(card, model))
    apdu = extended(bytes(i * 7 & 0xFF for i in range(size)))
    assert opened().transmit(apdu) == apdu + b"\x90\x00"
    assert card.heard == [apdu]


@pytest.mark.parametrize("level", [Level.EXTENDED_APDU, Level.TPDU_T1, Level.TPDU_T0])
def test_the_driver_reads_the_state_of_the_practice_card(
    bed: Bed, opened: Callable[[], Any], tmp_path: Path, level: Level
) -> None:
    bed.plug(Token(CardInside(make_image(tmp_path / "card.json")), Model(level=level)))
    state = DRIVER.open(opened(), f"gb18240+usb://{TOKEN}").read_state()
    assert state.identity.device_number == "661234567890" and state.identity.simulated
    assert len(state.monitoring) == 2


def test_a_transfer_times_out_when_it_should(bed: Bed) -> None:
    bed.plug(Token(Echo()))
    one = device()
    begun = time.perf_counter()
    with pytest.raises(usb.core.USBTimeoutError) as caught:
        one.read(0x82, 512, 60)
    assert caught.value.errno == errno.ETIMEDOUT and time.perf_counter() - begun >= 0.06
    usb.util.dispose_resources(one)


@pytest.mark.parametrize(("do", "heard"), [("silence", 0), ("lose_reply_after_commit", 1)])
def test_a_silent_card_is_an_outcome_unknown_and_the_command_is_not_sent_again(
    bed: Bed, opened: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, do: str, heard: int
) -> None:
    monkeypatch.setattr(ccid, "ANSWER_WAIT", -1.3)  # with the block waiting time of the ATR, 1.6 s: some 0.3 s
    card = Echo()
    token = Token(card, faults=[{"at": "xfr", "do": do}])
    bed.plug(token)
    link = opened()
    error = failure(lambda: link.transmit(b"\0\xb0\0\0\0"))
    assert (error.code, error.effect) == ("device_silent", Effect.UNKNOWN)
    assert failure(lambda: link.transmit(b"\0\xb0\0\0\0")).code == "device_link_broken"
    assert len(card.heard) == heard


def failure(act: Callable[[], object]) -> FapiaoError:
    with pytest.raises(FapiaoError) as caught:
        act()
    return caught.value


def test_a_late_answer_is_not_taken_for_the_next_ones(
    bed: Bed, opened: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    bed.plug(Token(Echo(), faults=[{"at": "xfr", "do": "late", "n": 1000}]))
    with monkeypatch.context() as patch:
        patch.setattr(ccid, "ANSWER_WAIT", -1.3)
        link = opened()
        assert failure(lambda: link.transmit(b"\0\xb0\0\0\x01")).code == "device_silent"
    link.close()
    assert opened().transmit(b"\0\xb0\0\0\x02") == b"\0\xb0\0\0\x02\x90\0"


@pytest.mark.parametrize("do", ["stale", "zlp_first", "time_extension", "stall_in"])
def test_what_a_reader_may_do_is_borne(bed: Bed, opened: Callable[[], Any], do: str) -> None:
    card = Echo()
    bed.plug(Token(card, faults=[{"at": "xfr", "do": do}]))
    assert opened().transmit(b"\0\xb0\0\0\0") == b"\0\xb0\0\0\0\x90\0" and len(card.heard) == 1


@pytest.mark.parametrize(("do", "heard"), [("stall_out", 0), ("overflow", 1), ("broken", 1), ("truncate", 1)])
def test_what_a_reader_may_not_do_breaks_the_link(bed: Bed, opened: Callable[[], Any], do: str, heard: int) -> None:
    card = Echo()
    bed.plug(Token(card, faults=[{"at": "xfr", "do": do, "n": 7}]))
    link = opened()
    assert failure(lambda: link.transmit(b"\0\xb0\0\0\0")).effect is Effect.UNKNOWN
    assert failure(lambda: link.transmit(b"\0\xb0\0\0\0")).code == "device_link_broken"
    assert len(card.heard) == heard


def test_an_unplugged_token_is_gone_and_no_longer_found(bed: Bed, opened: Callable[[], Any]) -> None:
    token = Token(Echo())
    bed.plug(token)
    link = opened()
    bed.unplug(token)
    assert failure(lambda: link.transmit(b"\0\xb0\0\0\0")).code == "device_gone"
    assert list(find()) == [] and failure(lambda: open_usb(TOKEN)).code == "device_absent"


def test_a_replugged_token_is_opened_anew(bed: Bed, opened: Callable[[], Any]) -> None:
    token = Token(Echo())
    bed.plug(token)
    link = opened()
    bed.unplug(token)
    bed.plug(token)
    assert failure(lambda: link.transmit(b"\0\xb0\0\0\0")).code == "device_gone"
    link.close()
    assert opened().transmit(b"\0\xb0\0\0\0")[-2:] == b"\x90\0"


@pytest.mark.parametrize(("do", "applied"), [("unplug_before_commit", 0), ("unplug_after_commit", 1)])
def test_unplugged_in_the_middle_of_a_report_the_outcome_is_unknown_and_the_card_has_it_once_or_not(
    bed: Bed, opened: Callable[[], Any], tmp_path: Path, do: str, applied: int
) -> None:
    image = make_image(tmp_path / "card.json")
    token = Token(CardInside(image), faults=[{"at": "xfr", "do": do, "nth": 2}])
    bed.plug(token)
    link = opened()
    assert link.transmit(VERIFY) == b"\x90\x00"
    error = failure(lambda: link.transmit(REPORT))
    assert (error.code, error.effect) == ("device_gone", Effect.UNKNOWN)
    assert counts(image, "report").get(SPAN, {}).get("applied", 0) == applied
    assert list(find()) == []


def test_a_drawn_card_is_absent(bed: Bed, opened: Callable[[], Any]) -> None:
    token = Token(Echo())
    bed.plug(token)
    link = opened()
    token.draw()
    assert failure(lambda: link.transmit(b"\0\xb0\0\0\0")).code == "device_card_absent"
    link.close()
    assert failure(open_usb_again).code == "device_card_absent"


def open_usb_again() -> None:
    open_usb(TOKEN)


def test_an_interface_in_use_is_busy(bed: Bed) -> None:
    bed.plug(Token(Echo()), busy=True)
    assert failure(lambda: open_usb(TOKEN)).code in ("usb_busy", "device_busy_by")


def test_a_driver_of_the_kernel_is_detached(bed: Bed, opened: Callable[[], Any]) -> None:
    usbfs = bed.plug(Token(Echo()), kernel_driver="usbhid")
    assert opened().transmit(b"\0\xb0\0\0\0")[-2:] == b"\x90\0"
    assert usbfs.kernel_driver == ""


def test_without_permission_a_reader_is_found_and_says_why_it_cannot_be_opened(bed: Bed) -> None:
    """Run apart: root may open anything unless it gives that power up."""
    bed.plug(Token(Echo()), denied=True)
    assert failure(lambda: open_usb(TOKEN)).code == "device_denied_usb"
    (found,) = find()
    assert found.usb_id == TOKEN and found.problem is not None and found.problem.code == "device_denied_usb"


def test_a_raw_message_is_answered_through_libusb(bed: Bed) -> None:
    bed.plug(Token(Echo()))
    one = device()
    one.write(0x01, packed(STATUS, seq=5), 500)
    assert read(bytes(one.read(0x82, 512, 500))).seq == 5
    assert bytes(one.read(0x83, 8, 500)) == b"\x50\x03"
    one.write(0x01, packed(XFR, b"\0\0\0\0", seq=6), 500)
    assert read(bytes(one.read(0x82, 512, 500))).error == 0xFE
    usb.util.dispose_resources(one)


def test_a_usb_serial_adapter_is_listed_with_number_and_serial_number(bed: Bed) -> None:
    bed.plug_serial("ttyUSB7", vendor=0x1A86, product=0x7523, serial="SER7")
    (port,) = [found for found in find_ports() if found.where == "/dev/ttyUSB7"]
    assert port.usb_id == "1a86:7523" and "SER7" in port.reader
