"""Discovery (查找设备): the list comes whole and in time, whatever one link, one driver or one device does."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.discovery import Discovery
from fapiao_kernel.api.devices import DevicesView, DeviceView
from fapiao_kernel.devices.links.serial_t1 import open_serial
from fapiao_kernel.devices.plug import Found, Link
from fapiao_kernel.domain.card import CardState
from fapiao_kernel.domain.errors import NotReachable
from fapiao_kernel.domain.home import Home
from tests.agent.strangers import DRIVER, install, path
from tests.simulator.card.maker import CardProcess, make_image

__all__ = ["path"]

NEAR = """
import threading
from fapiao_kernel.devices.plug import LinkSpec
FOUND, OPENS, ASKED = [], {}, []
def find():
    return list(FOUND)
def opened(where):
    ASKED.append(where)
    return OPENS[where]()
def hangs():
    threading.Event().wait()
def fails():
    raise LookupError("no such bus")
def endless():
    while True:
        yield "a place"
LINK = LinkSpec(id="near", api_version=1, open=opened, find=find)
HANGS = LinkSpec(id="hangs", api_version=1, open=opened, find=hangs)
FAILS = LinkSpec(id="fails", api_version=1, open=opened, find=fails)
ENDLESS = LinkSpec(id="endless", api_version=1, open=opened, find=endless)
"""


class Deaf:
    """A card that knows no command of ours."""

    name = "deaf"

    def transmit(self, apdu: bytes) -> bytes:
        return b"\x6d\x00"

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CardProcess]:
    """A simulated card on a real line."""
    process = CardProcess.start(make_image(tmp_path_factory.mktemp("card") / "card.json"))
    yield process
    process.stop()


@pytest.fixture
def house(tmp_path: Path, path: Path) -> Iterator[House]:
    """A fresh home with a stranger's link ``near``, of which each test says what it sees."""
    install(path, "stranger-near", NEAR, {"links:near": "LINK"})
    house = House(Home(tmp_path / "home"))
    house.worker.settled()
    house.plugins.group("links")
    yield house
    house.close()


@pytest.fixture
def near(house: House) -> ModuleType:
    return sys.modules["stranger_near"]


@pytest.fixture
def never(house: House) -> Iterator[threading.Event]:
    """What a hanging device waits for; it comes when the test is over, so that the home can close."""
    event = threading.Event()
    yield event
    event.set()


Look = Callable[..., DevicesView]


@pytest.fixture
def look(house: House, monkeypatch: pytest.MonkeyPatch) -> Look:
    """The list, with short deadlines. The machine's own ports and readers stay out of it."""
    for id in ("serial", "pcsc", "usb"):
        if id in house.plugins.group("links"):
            monkeypatch.delitem(house.plugins.group("links"), id)  # the registry's own dict
    return lambda look_for=5.0, ask_for=5.0, **more: Discovery(house, look_for, ask_for).look(**more)


def line(card: CardProcess) -> Callable[[], Link]:
    return lambda: open_serial(card.line)


def until(never: threading.Event) -> Callable[[], Link]:
    """A device that hangs while it is opened."""

    def opens() -> Link:
        never.wait()
        raise NotReachable("device_absent", where="mute")

    return opens


def place(near: ModuleType, where: str, opens: Callable[[], Any], **more: Any) -> None:
    near.FOUND.append(Found(where=where, reader=f"reader {where}", **more))
    near.OPENS[where] = opens


def device(found: DevicesView, where: str) -> DeviceView:
    return next(d for d in found.devices if d.address.endswith(f"+near://{where}"))


def test_a_card_that_may_be_asked_says_whose_it_is(near: ModuleType, look: Look, card: CardProcess) -> None:
    place(near, "one", line(card), usb_id="1209:0001")
    found = device(look(simulated=True), "one")
    assert found.address == "gb18240+near://one"
    assert (found.reader, found.usb_id, found.card_present, found.of_home) == ("reader one", "1209:0001", True, False)
    assert found.identity is not None and found.problem is None
    assert found.identity.taxpayer_name == "深圳甲有限公司"
    assert found.identity.device_number == found.device_number == "661234567890"
    assert found.identity.valid_until == "2036-10-28"


def test_looking_changes_neither_home_nor_cards(house: House, near: ModuleType, look: Look, card: CardProcess) -> None:
    place(near, "one", line(card))
    look()
    assert house.settings.fresh
    assert house.cards.addresses() == ()


def test_simulated_ones_are_listed_only_when_asked_for(near: ModuleType, look: Look, card: CardProcess) -> None:
    place(near, "one", line(card))
    assert look().devices == []


def test_links_that_hang_fail_or_talk_nonsense_are_findings_and_the_others_are_listed(
    near: ModuleType, house: House, look: Look
) -> None:
    place(near, "one", Deaf)
    spec = house.plugins.group("links")
    spec.update(hangs=near.HANGS, fails=near.FAILS, endless=near.ENDLESS)  # the registry's own dict
    found = look(look_for=0.2)
    wrong = sorted(f.code for f in found.findings if f.code.startswith("link_"))
    assert wrong == ["link_no_look", "link_no_look", "link_slow"]
    assert any("LookupError: no such bus" in f.evidence for f in found.findings)
    assert device(found, "one")


@pytest.mark.parametrize(
    "more", [{"where": None}, {"reader": 7}, {"usb_id": b"1209"}, {"card_present": "yes"}, {"problem": "busy"}]
)
def test_a_place_of_wrong_make_is_a_finding_and_the_others_are_listed(
    near: ModuleType, house: House, look: Look, more: dict[str, Any]
) -> None:
    place(near, "one", Deaf)
    wrong = Found(**{"where": "two", "reader": "reader", **more})
    house.plugins.group("links")["fails"] = replace(near.LINK, id="fails", find=lambda: [wrong])
    found = look()
    assert device(found, "one") and len(found.devices) == 1
    assert [f.code for f in found.findings if f.code.startswith("link_")] == ["link_no_look"]


def test_names_of_a_device_cannot_steer_a_terminal(near: ModuleType, look: Look) -> None:
    place(near, "one", Deaf)
    near.FOUND[0] = replace(near.FOUND[0], reader="读卡器\x1b[2J\nall is well\u202e\ud800")
    place(near, "surrogate\udcff", Deaf)
    found = look()
    assert device(found, "one").reader == "读卡器\ufffd[2J\ufffdall is well\ufffd\ufffd"
    assert "link_where" in [f.code for f in found.findings] and found.model_dump_json()


def test_a_reading_that_cannot_be_shown_is_the_plugin_s_failure(
    near: ModuleType, house: House, look: Look, card: CardProcess
) -> None:
    place(near, "one", line(card))
    drivers = house.plugins.group("drivers")
    drivers["gb18240"] = replace(drivers["gb18240"], open=lambda link, address: Odd())
    try:
        assert device(look(), "one").problem.code == "device_plugin"
        house.settings.add_card("gb18240+near://one")
        assert device(look(), "one").problem.code == "device_plugin"
    finally:
        house.plugins._loaded.clear()


class Odd:
    """A driver whose reading is of the right kind, and nothing in it is."""

    def read_state(self) -> CardState:
        return CardState(None, None, None, "?")

    def close(self) -> None:
        pass


def test_a_service_that_the_machine_has_not_is_no_more_than_information(
    near: ModuleType, house: House, look: Look
) -> None:
    def no_service() -> list[Found]:
        raise NotReachable("device_pcsc_down")

    house.plugins.group("links")["fails"] = replace(near.LINK, id="fails", find=no_service)
    (told,) = [f for f in look().findings if f.code == "device_pcsc_down"]
    assert told.severity == "info"


def test_a_device_that_hangs_holds_up_no_other(near: ModuleType, look: Look, never: threading.Event) -> None:
    place(near, "mute", until(never))
    place(near, "one", Deaf)
    found = look(ask_for=0.2)
    assert device(found, "mute").problem.code == "device_slow"
    assert device(found, "one").problem.code == "device_no_driver"


def test_a_hanging_device_is_not_asked_again_while_it_hangs(
    house: House, near: ModuleType, look: Look, never: threading.Event
) -> None:
    place(near, "mute", until(never))
    discovery = Discovery(house, look_for=5.0, ask_for=0.05)
    for _ in range(3):
        assert device(discovery.look(), "mute").problem.code == "device_slow"
    assert near.ASKED == ["mute"]


def test_a_card_that_no_driver_knows_is_listed_with_what_it_said(near: ModuleType, look: Look) -> None:
    place(near, "one", Deaf)
    problem = device(look(), "one").problem
    assert problem is not None
    assert problem.code == "device_no_driver"
    assert problem.original.startswith("gb18240: ")


def test_drivers_are_tried_in_turn_and_one_that_fails_is_no_end(
    near: ModuleType, house: House, path: Path, look: Look, card: CardProcess
) -> None:
    install(path, "stranger-driver", DRIVER.format(id="aaa"), {"drivers:aaa": "DRIVER"})
    drivers = house.plugins.group("drivers")
    first = dict(reversed(drivers.items()))
    assert list(first) == ["aaa", "gb18240"]
    drivers.clear()  # the registry's own dict: the stranger's first, as ours never are
    drivers.update(first)
    place(near, "one", line(card))
    assert device(look(simulated=True), "one").address == "gb18240+near://one"


def busy_by(pid: int) -> Callable[[], Link]:
    def busy() -> Link:
        raise NotReachable("device_busy_by", where="one", program="开票软件", pid=pid)

    return busy


def test_a_busy_device_names_its_owner(near: ModuleType, look: Look) -> None:
    place(near, "one", busy_by(4711))
    place(near, "two", Deaf, problem=NotReachable("device_busy_by", where="two", program="pcscd", pid=12))
    found = look()
    owners = [device(found, where).owner for where in ("one", "two")]
    assert [(o.program, o.pid) for o in owners if o] == [("开票软件", 4711), ("pcscd", 12)]
    assert device(found, "one").problem.code == "device_busy_by"
    assert near.ASKED == ["one"], "what is known to be busy is not opened"


@pytest.mark.parametrize("why", [{"may_ask": False}, {"card_present": False}])
def test_what_may_not_be_asked_or_is_empty_is_listed_and_left_alone(
    near: ModuleType, look: Look, why: dict[str, bool]
) -> None:
    place(near, "one", Deaf, **why)
    found = device(look(), "one")
    assert (found.identity, found.problem) == (None, None)
    assert near.ASKED == []


def test_a_place_that_makes_no_address_is_a_finding(near: ModuleType, look: Look) -> None:
    place(near, "two words", Deaf)
    found = look()
    assert found.devices == []
    assert "link_where" in [f.code for f in found.findings]


def test_a_card_of_this_home_is_shown_as_last_read_and_never_opened_twice(
    house: House, near: ModuleType, look: Look, card: CardProcess
) -> None:
    house.settings.claim("practice")
    place(near, "one", line(card))
    address = "gb18240+near://one"
    house.worker.call(address, house.cards.get(address).read_state)
    found = device(look(simulated=True), "one")
    assert found.of_home and found.reader == "reader one"
    assert found.identity is not None and found.lock_date
    assert found.owner is not None and found.owner.pid == os.getpid()
    assert near.ASKED == ["one"]


def test_a_card_of_this_home_at_another_spelling_of_its_place_is_listed_once(
    house: House, near: ModuleType, look: Look, card: CardProcess
) -> None:
    house.settings.claim("practice")
    near.OPENS["short"] = line(card)
    address = "gb18240+near://short"
    house.worker.call(address, house.cards.get(address).read_state)
    place(near, "short/serial", busy_by(os.getpid()))
    assert [d.address for d in look(simulated=True).devices] == [address]
    house.cards.let_go(address)
    near.OPENS["short/serial"] = line(card)
    assert [d.address for d in look(simulated=True).devices] == [address]


def test_a_card_of_this_home_that_hangs_keeps_no_other_from_being_asked(
    house: House, near: ModuleType, look: Look, never: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    near.OPENS["mute"] = until(never)
    place(near, "one", Deaf)
    house.settings.add_card("gb18240+near://mute")
    monkeypatch.setattr("fapiao_kernel.agent.cards.PATIENCE", 0.1)
    found = look(ask_for=0.5)
    assert device(found, "one").problem.code == "device_no_driver"
    assert device(found, "mute").identity is None


def test_while_a_card_is_at_work_no_other_is_asked_and_its_last_reading_is_shown(
    house: House, near: ModuleType, look: Look, card: CardProcess
) -> None:
    house.settings.claim("practice")
    place(near, "one", line(card))
    place(near, "two", Deaf)
    address = "gb18240+near://one"
    house.worker.call(address, house.cards.get(address).read_state)
    begun, go_on = threading.Event(), threading.Event()

    def act() -> None:
        begun.set()
        go_on.wait(20)

    house.worker.start(address, "run", "clear", "清卡", act)
    assert begun.wait(20)
    found = look(simulated=True)
    go_on.set()
    assert device(found, "one").identity is not None
    assert device(found, "two").problem.code == "device_not_asked"
    assert near.ASKED == ["one"]


def test_a_driver_of_the_home_that_breaks_takes_neither_list_nor_status_along(
    house: House, path: Path, near: ModuleType, look: Look
) -> None:
    from fapiao_kernel.agent.status import status

    broken = DRIVER.format(id="aaa").replace("raise OSError", "return OSError")  # a card that has none of its methods
    install(path, "stranger-driver", broken, {"drivers:aaa": "DRIVER"})
    place(near, "one", Deaf)
    house.settings.add_card("aaa+near://one")
    assert device(look(), "one").problem.code == "device_plugin"
    assert [c.problem.code for c in status(house).cards if c.problem] == ["device_plugin"]
