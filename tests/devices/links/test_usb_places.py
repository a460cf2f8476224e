"""Finding USB readers and opening the one that is meant: by id, by serial number, by socket, or the only one there is."""

from __future__ import annotations

import errno
import functools
import logging
from pathlib import Path
from typing import Any

import pytest
import usb.backend.libusb1
import usb.core

from fapiao_kernel.agent.plugins import API_VERSION
from fapiao_kernel.devices import owner
from fapiao_kernel.devices.links.usb_ccid import LINK, find, opening, readers
from fapiao_kernel.devices.links.usb_ccid.opening import open_usb
from fapiao_kernel.domain.errors import NotReachable
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.simulator.token.bus import Bus
from fapiao_kernel.simulator.token.descriptors import Model
from fapiao_kernel.simulator.token.token import Token
from tests.devices.links.usb_lab import Card, apdu


def bus_of(*serials: str, **model: Any) -> tuple[Bus, list[Card]]:
    cards = [Card() for _ in serials]
    return Bus(
        *(Token(card, Model(serial=serial, **model)) for card, serial in zip(cards, serials, strict=True))
    ), cards


def refused(where: str, bus: Bus) -> str:
    with pytest.raises(NotReachable) as caught:
        open_usb(where, bus)
    assert caught.value.effect is Effect.NOT_SENT
    assert all(not port.handles for port in bus.ports)
    return caught.value.code


@pytest.mark.parametrize("where", ["1209:0001", "ccid", "1209:0001/A%2F1", "1209:0001@1-1"])
def test_a_reader_is_opened_by_each_kind_of_place(where: str) -> None:
    bus, cards = bus_of("A/1")
    open_usb(where, bus).transmit(apdu(1))
    assert len(cards[0].heard) == 1


def test_of_two_alike_the_serial_number_or_the_socket_tells_which() -> None:
    bus, cards = bus_of("A1", "B2")
    open_usb("1209:0001/B2", bus).transmit(apdu(1))
    open_usb("1209:0001@1-1", bus).transmit(apdu(2))
    assert [len(card.heard) for card in cards] == [1, 1]


@pytest.mark.parametrize("where", ["1209:0001", "ccid"])
def test_of_several_none_is_opened_by_guessing(where: str) -> None:
    bus, _ = bus_of("A1", "B2")
    assert refused(where, bus) == "usb_several"


def test_of_two_with_one_serial_number_none_is_opened_either() -> None:
    assert refused("1209:0001/A1", bus_of("A1", "A1")[0]) == "usb_several"


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ("1209:0002", "device_absent"),
        ("1209:0001/C3", "device_absent"),
        ("1209:0001@2-1", "device_absent"),
        ("1209", "usb_where"),
        ("1209:0001/", "usb_where"),
        ("/dev/ttyUSB0", "usb_where"),
    ],
)
def test_what_is_not_there_is_told(where: str, code: str) -> None:
    assert refused(where, bus_of("A1")[0]) == code


def test_a_device_that_is_no_reader_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    bus, _ = bus_of("A1")
    monkeypatch.setattr(readers.ccid_descriptor, "find", lambda descriptors: None)
    assert refused("1209:0001", bus) == "usb_no_reader"
    assert refused("ccid", bus) == "device_absent"
    assert find(bus) == []


@pytest.mark.parametrize("where", ["1209:0001", "1209:0001/A1"])
def test_a_missing_permission_says_what_is_to_be_done(where: str) -> None:
    bus, _ = bus_of("A1")
    bus.ports[0].denied = True
    assert refused(where, bus) == "device_denied_usb"
    found = find(bus)[0]
    assert found.problem is not None and found.problem.code == "device_denied_usb"
    assert "install-rules" in found.problem.remedy and "Zadig" in found.problem.remedy


def test_the_driver_of_the_kernel_comes_back_when_the_interface_cannot_be_had() -> None:
    bus, _ = bus_of("A1")
    bus.ports[0].busy = bus.ports[0].kernel_driver = True
    assert refused("1209:0001", bus) == "usb_busy"
    assert bus.ports[0].kernel_driver


def test_a_claimed_interface_is_told_as_busy() -> None:
    bus, _ = bus_of("A1")
    bus.ports[0].busy = True
    assert refused("1209:0001", bus) == "usb_busy"


@pytest.mark.parametrize(("program", "code"), [("pcscd", "usb_busy_pcscd"), ("kaipiao", "device_busy_by")])
def test_who_has_the_reader_is_named(monkeypatch: pytest.MonkeyPatch, program: str, code: str, tmp_path: Path) -> None:
    bus, _ = bus_of("A1")
    bus.ports[0].busy = True
    monkeypatch.setattr(opening, "system_backend", lambda: bus)
    monkeypatch.setattr(owner, "claim", functools.partial(owner.claim, folder=tmp_path))
    monkeypatch.setattr(
        owner, "holder", lambda path: owner.Owner(77, program) if path == "/dev/bus/usb/001/002" else None
    )
    with pytest.raises(NotReachable) as caught:
        open_usb("ccid")
    assert (caught.value.code, caught.value.facts["pid"]) == (code, 77)
    problem = find()[0].problem
    assert problem is not None and problem.code == code


def test_a_second_opening_is_refused_with_the_name_of_the_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bus, _ = bus_of("A1")
    monkeypatch.setattr(opening, "system_backend", lambda: bus)
    monkeypatch.setattr(owner, "claim", functools.partial(owner.claim, folder=tmp_path))
    monkeypatch.setattr(owner, "seen", functools.partial(owner.seen, folder=tmp_path))
    link = open_usb("ccid")
    assert find()[0].problem is None  # ours: no problem to us
    with pytest.raises(NotReachable) as caught:
        open_usb("1209:0001")
    assert caught.value.code == "device_busy_by"
    link.close()
    open_usb("1209:0001").close()


def test_readers_are_found_with_their_names_and_no_card_is_opened() -> None:
    bus, cards = bus_of("A1", "B 2")
    found = find(bus)
    assert [(one.where, one.usb_id, one.problem) for one in found] == [
        ("1209:0001/A1", "1209:0001", None),
        ("1209:0001/B%202", "1209:0001", None),
    ]
    assert found[0].reader == "fapiao-kernel Practice tax token (simulated)"
    assert all(token.transfers == 0 for token in (port.token for port in bus.ports))
    assert all(not port.handles for port in bus.ports)
    assert open_usb(found[1].where, bus).transmit(apdu(1))
    assert len(cards[1].heard) == 1


def test_readers_without_serial_number_are_told_apart_by_their_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    bus, _ = bus_of("A1", "B2")
    monkeypatch.setattr(readers.Reader, "serial", "")
    assert [one.where for one in find(bus)] == ["1209:0001@1-1", "1209:0001@1-2"]


def test_a_reader_that_goes_away_while_it_is_looked_at_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    bus, _ = bus_of("A1", "B2")
    first = bus.ports[0].token
    whole = bus.get_configuration_descriptor

    def torn(dev: Any, config: int) -> Any:
        if dev.token is first:
            raise usb.core.USBError("gone", -4, errno.ENODEV)
        return whole(dev, config)

    monkeypatch.setattr(bus, "get_configuration_descriptor", torn)
    assert [one.where for one in find(bus)] == ["1209:0001/B2"]


def test_without_a_library_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usb.backend.libusb1, "get_backend", lambda find_library=None: None)
    readers.system_backend.cache_clear()
    try:
        for look in (find, lambda: open_usb("ccid")):
            with pytest.raises(NotReachable, match="usb_library_missing"):
                look()
    finally:
        readers.system_backend.cache_clear()


def test_the_packaged_library_serves_where_the_system_has_none(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    packaged = object()

    def get_backend(find_library: Any = None) -> Any:
        logging.getLogger("usb.backend.libusb1").error("no library")
        return packaged if find_library else None

    monkeypatch.setattr(usb.backend.libusb1, "get_backend", get_backend)
    readers.system_backend.cache_clear()
    try:
        assert readers.system_backend() is packaged
    finally:
        readers.system_backend.cache_clear()
    assert caplog.records == []


def test_the_link_is_a_plugin_of_this_version() -> None:
    assert (LINK.id, LINK.api_version, LINK.find) == ("usb", API_VERSION, find)
