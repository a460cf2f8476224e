"""Acts on a device that are no clear (设备管理): on the card's own thread, noted, and never in the way of a clear."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.device_acts import DeviceActs
from fapiao_kernel.agent.settings import PRACTICE
from fapiao_kernel.api.devices import PinRequest
from fapiao_kernel.devices.plug import DriverSpec
from fapiao_kernel.domain.errors import FapiaoError, NotReachable
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.domain.home import Home
from fapiao_kernel.ports import Card
from tests.agent.strangers import DRIVER, install, path
from tests.simulator.card.maker import PIN, CardProcess, make_image

__all__ = ["path"]

WRONG = "00000000"


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CardProcess]:
    process = CardProcess.start(make_image(tmp_path_factory.mktemp("card") / "card.json"))
    yield process
    process.stop()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A practice home, so that a simulated card may stand for a real one."""
    house = House(Home(tmp_path / "home"))
    house.settings.claim(PRACTICE)
    house.worker.settled()
    yield house
    house.close()


@pytest.fixture
def acts(house: House) -> DeviceActs:
    return DeviceActs(house)


@pytest.fixture
def address(card: CardProcess) -> str:
    return f"gb18240+serial://{card.line}"


def noted(house: House, *kinds: str) -> list[dict[str, object]]:
    return [dict(r.data) for r in house.journal.records() if r.kind in kinds]


def refused(call: object, *given: object) -> FapiaoError:
    with pytest.raises(FapiaoError) as error:
        call(*given)
    return error.value


# --- known and forgotten


def test_a_card_is_read_and_then_known_and_noted_once(house: House, acts: DeviceActs, address: str) -> None:
    assert acts.add(address) == acts.add(f" {address} ") == address
    assert house.cards.addresses() == (address,)
    (said,) = noted(house, "device.added")
    assert said["device_number"] == "661234567890"


def test_a_device_that_is_not_there_is_not_remembered(house: House, acts: DeviceActs, tmp_path: Path) -> None:
    error = refused(acts.add, f"gb18240+serial://{tmp_path}/none")
    assert error.code == "device_absent"
    assert house.cards.addresses() == ()


def test_a_forgotten_card_is_closed_and_no_more_of_the_home(house: House, acts: DeviceActs, address: str) -> None:
    acts.add(address)
    acts.forget(address)
    assert (house.cards.addresses(), house.cards.holds(address)) == ((), False)
    assert noted(house, "device.forgotten") == [{"card": address}]
    assert refused(acts.forget, address).code == "device_unknown"


def test_a_card_with_an_open_clear_is_not_forgotten(house: House, acts: DeviceActs, address: str) -> None:
    acts.add(address)
    house.worker.call(address, lambda: house.engine.open_run(address, who="tests"))
    assert refused(acts.forget, address).code == "device_run_open"
    assert house.cards.addresses() == (address,)


def test_a_card_at_work_is_left_alone(house: House, acts: DeviceActs, address: str, tmp_path: Path) -> None:
    acts.add(address)
    go_on = threading.Event()
    house.worker.start(address, "run", "clear", "清卡", lambda: go_on.wait(20))
    try:
        for call in (acts.forget, lambda a: acts.record(a, tmp_path / "c"), lambda a: acts.verify_pin(pin(a))):
            assert refused(call, address).code == "device_at_work"
    finally:
        go_on.set()


# --- one that hangs


class Hanging:
    """A link and its driver in one, which waits until the test lets it go on."""

    name = "hanging"

    def __init__(self, card: Card | None = None) -> None:
        self.begun, self.go_on, self._card = threading.Event(), threading.Event(), card

    def __getattr__(self, name: str) -> object:
        return getattr(self._card, name)

    def read_state(self) -> object:
        self.begun.set()
        assert self.go_on.wait(20)
        return self._card.read_state()


@pytest.fixture
def hanging(house: House, address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hanging]:
    """The card of ``address`` answers no reading until it may."""
    device = Hanging()
    opened = house.cards.open

    def opens(text: str, *more: object) -> Hanging:
        device._card = opened(text, *more)
        return device

    monkeypatch.setattr(house.cards, "open", opens)
    yield device
    device.go_on.set()


def test_a_device_that_hangs_is_told_in_time_and_comes_into_no_home_when_it_answers_late(
    house: House, address: str, hanging: Hanging
) -> None:
    error = refused(DeviceActs(house, read_for=0.05).add, address)
    assert (error.code, error.effect) == ("device_slow", Effect.NOT_SENT)
    hanging.go_on.set()
    house.worker.call(address, lambda: None)  # behind it on the card's thread
    assert house.cards.addresses() == () and noted(house, "device.added") == []


def test_no_pin_goes_out_to_a_device_that_was_given_up(house: House, address: str, hanging: Hanging) -> None:
    error = refused(DeviceActs(house, act_for=0.05).verify_pin, pin(address))
    assert (error.code, error.effect) == ("device_slow", Effect.NOT_SENT)
    hanging.go_on.set()
    house.worker.call(address, lambda: None)
    assert noted(house, "pin.intent", "pin.result") == []


def test_a_pin_under_way_that_gets_no_answer_is_unknown(
    house: House, acts: DeviceActs, address: str, hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging.go_on.set()
    acts.add(address)
    late = threading.Event()
    monkeypatch.setattr(Hanging, "verify_pin", lambda self, pin: late.wait(20) and None, raising=False)
    error = refused(DeviceActs(house, act_for=0.1).verify_pin, pin(address))
    late.set()
    assert (error.code, error.effect) == ("pin_answer_lost", Effect.UNKNOWN)


def test_a_driver_that_fails_over_a_pin_leaves_its_words_in_no_log(
    house: House,
    acts: DeviceActs,
    address: str,
    hanging: Hanging,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    hanging.go_on.set()
    acts.add(address)
    monkeypatch.setattr(Hanging, "verify_pin", lambda self, pin: raised(ValueError(f"bad: {pin}")), raising=False)
    error = refused(acts.verify_pin, pin(address))
    assert (error.code, error.effect, error.original) == ("pin_answer_lost", Effect.UNKNOWN, "ValueError")
    assert [said["outcome"] for said in noted(house, "pin.result")] == ["pin_answer_lost"]
    assert PIN not in caplog.text and error.__context__ is None
    assert not house.cards.holds(address), "what it did to its link nobody knows"


def test_a_device_that_hangs_does_not_keep_the_agent_from_ending(
    house: House, address: str, hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fapiao_kernel.agent.worker.END_IN", 0.05)
    monkeypatch.setattr("fapiao_kernel.agent.kept.CLOSE_IN", 0.05)
    refused(DeviceActs(house, read_for=0.05).tries, address)
    assert house.worker.close() is False
    house.cards.close()


def test_a_plugin_that_raises_what_is_no_error_of_ours_is_told_as_that(
    house: House, acts: DeviceActs, address: str, hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wrong in (LookupError("what"), SystemExit(3), KeyboardInterrupt()):
        monkeypatch.setattr(Hanging, "read_state", lambda self, wrong=wrong: raised(wrong))
        assert refused(acts.add, address).code == "device_plugin"
    assert house.cards.addresses() == ()


def raised(error: BaseException) -> None:
    raise error


# --- recorded


def test_a_recorded_reading_is_a_file_that_replays(
    house: House, acts: DeviceActs, address: str, tmp_path: Path
) -> None:
    acts.add(address)
    made = acts.record(address, tmp_path / "card.jsonl")
    assert made.problem is None
    assert made.exchanges == len((tmp_path / "card.jsonl").read_text("utf-8").splitlines()) - 1 > 5
    replayed = house.cards.open(f"gb18240+replay://{made.file}")
    assert replayed.read_state().identity.device_number == "661234567890"
    assert house.worker.call(address, house.cards.get(address).read_state), "the home's own link opens again"
    assert refused(acts.record, address, tmp_path / "card.jsonl").code == "capture_exists"


def test_a_device_that_fails_in_the_middle_leaves_what_was_recorded(
    house: House, acts: DeviceActs, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver: DriverSpec = house.plugins.get("drivers", "gb18240")

    def silent(self: object) -> None:
        raise NotReachable("device_silent", where="here")

    monkeypatch.setattr(type(driver.open(None, address)), "read_volumes", silent)  # no link is used
    made = acts.record(address, tmp_path / "card.jsonl")
    assert made.problem is not None and made.problem.code == "device_silent"
    assert made.exchanges > 0


# --- PIN


def pin(address: str, value: str = PIN, low: bool = False) -> PinRequest:
    return PinRequest(card=address, pin=value, spend_low_tries=low)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A card of the test's own, whose tries it may spend: its address, and its image."""
    image = make_image(tmp_path / "card.json")
    process = CardProcess.start(image)
    yield f"gb18240+serial://{process.line}", image
    process.stop()


def test_a_pin_is_noted_before_and_after_and_never_itself(
    house: House, acts: DeviceActs, own: tuple[str, Path]
) -> None:
    address, _ = own
    whole = acts.tries(address).tries_left
    assert whole is not None and whole > 3
    error = refused(acts.verify_pin, pin(address, WRONG))
    assert (error.code, error.facts["left"]) == ("pin_wrong", whole - 1)
    done = acts.verify_pin(pin(address))
    assert (done.tries_before, done.tries_left) == (whole - 1, whole)
    outcomes = [
        (r.kind, r.data.get("outcome"), r.data.get("left"))
        for r in house.journal.records()
        if r.kind.startswith("pin.")
    ]
    assert outcomes == [
        ("pin.intent", None, None),
        ("pin.result", "pin_wrong", whole - 1),
        ("pin.intent", None, None),
        ("pin.result", "verified", whole),
    ]
    journal = "".join(file.read_text("utf-8") for file in house.home.journal.glob("*.jsonl"))
    assert PIN not in journal and WRONG not in journal
    assert PIN not in repr(pin(address))


def test_at_few_tries_it_is_sent_only_when_asked_for_by_name(
    house: House, acts: DeviceActs, own: tuple[str, Path]
) -> None:
    address, _ = own
    left = acts.tries(address).tries_left or 0
    for _ in range(left - 3):
        refused(acts.verify_pin, pin(address, WRONG))
    before = len(noted(house, "pin.intent"))
    assert refused(acts.verify_pin, pin(address)).code == "pin_tries_low"
    assert len(noted(house, "pin.intent")) == before, "nothing was sent, so nothing was begun"
    now = acts.tries(address)
    assert (now.tries_left, now.low) == (3, True)
    assert acts.verify_pin(pin(address, low=True)).tries_left == left
    assert noted(house, "pin.intent")[-1]["spend_low_tries"] is True


def test_no_pin_is_no_pin(acts: DeviceActs, address: str) -> None:
    assert refused(acts.verify_pin, pin(address, "")).code == "pin_missing"


def test_a_pin_that_the_card_gave_itself_waits_until_somebody_has_it(
    house: House, acts: DeviceActs, tmp_path: Path
) -> None:
    image = make_image(tmp_path / "card.json")
    image.write_text(json.dumps({**json.loads(image.read_text("utf-8")), "renews_pin": True}), "utf-8")
    process = CardProcess.start(image)
    address = f"gb18240+serial://{process.line}"
    new = acts.verify_pin(pin(address)).new_pin
    assert new and new != PIN
    assert refused(acts.verify_pin, pin(address)).code == "new_pin_waits"
    assert [acts.new_pin(address).new_pin, acts.new_pin(address).new_pin] == [new, new]
    assert acts.tries(address).new_pin_waits
    acts.handed_on(address)
    assert acts.new_pin(address).new_pin == ""
    assert acts.verify_pin(pin(address, new)).new_pin not in ("", new)
    journal = "".join(file.read_text("utf-8") for file in house.home.journal.glob("*.jsonl"))
    assert new not in journal
    process.stop()


def test_an_act_whose_end_an_agent_did_not_live_to_note_is_settled_by_the_card(
    house: House, acts: DeviceActs, address: str
) -> None:
    house.journal.append("pin.intent", {"card": address, "device_number": "661234567890", "tries_left": 7})
    acts.verify_pin(pin(address))
    settled = noted(house, "pin.result")[0]
    assert (settled["outcome"], settled["effect"], settled["tries_left"]) == ("unknown", "UNKNOWN", 7)
    assert settled["left"] == acts.tries(address).tries_left


# --- a stranger's driver and the kind of home


def test_a_stranger_s_driver_that_is_not_allowed_makes_no_home_one_of_production(
    tmp_path: Path, path: Path, card: CardProcess
) -> None:
    code = DRIVER.format(id="real") + REAL
    install(path, "stranger-driver", code, {"drivers:real": "REAL"})
    house = House(Home(tmp_path / "home"))
    house.worker.settled()
    acts = DeviceActs(house)
    address = f"real+serial://{card.line}"
    assert refused(acts.add, address).code == "plugin_not_allowed"
    assert house.settings.fresh and not house.cards.holds(address)
    from fapiao_kernel.agent.plugin_acts import PluginActs

    PluginActs(house).allow("stranger-driver")
    acts.add(address)
    assert house.settings.production
    assert [r.data["id"] for r in house.journal.records() if r.kind == "plugin.loaded"] == ["real"]
    PluginActs(house).forbid("stranger-driver")
    with pytest.raises(NotReachable, match="no_plugin"):
        house.worker.call(address, house.cards.get(address).read_state)
    house.close()


REAL = '''
from dataclasses import replace
from fapiao_kernel.devices.drivers.gb18240.card import Gb18240Card
class Real(Gb18240Card):
    """Says of a practice card that it is none."""
    def read_state(self):
        state = super().read_state()
        return replace(state, identity=replace(state.identity, simulated=False))
REAL = DriverSpec(id="real", api_version=1, open=Real, profile=PROFILE)
'''


def test_a_recording_is_read_and_no_home_knows_it_as_a_device(
    house: House, acts: DeviceActs, address: str, tmp_path: Path
) -> None:
    file = tmp_path / "card.jsonl"
    acts.record(address, file)
    there = acts.read(address)
    replay = f"gb18240+replay://{file}"
    told = acts.read(replay)
    assert (told.device_number, told.types) == (there.device_number, there.types)
    assert refused(acts.add, replay).code == "not_a_device"
    assert replay not in house.cards.addresses()
