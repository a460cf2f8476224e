"""Registering, collecting and files without a layout on the simulated card, status by status, by hand from the note."""

from __future__ import annotations

import hmac
import json
from pathlib import Path

import pytest

from fapiao_kernel.simulator.card.card import SimulatedCard
from fapiao_kernel.simulator.card.image import load, save
from tests.simulator.card.maker import KEY, PIN, counts, make_image
from tests.simulator.card.test_card import ask, report, status, verify

NUMBER = bytes.fromhex("9999000000000001")
REGISTER_NUMBER = "C0F0000010"
COLLECTED = "C0FB000041" + "00" * 65 + "81"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A card at which no terminal is registered."""
    path = make_image(tmp_path / "card.json")
    memory = load(path)
    memory.registered = False
    save(path, memory)
    return path


def mac(what: bytes, random: bytes) -> bytes:
    return hmac.digest(KEY, what + random + NUMBER, "sha256")[:4]


def register(card: SimulatedCard, spoil: int = 0) -> bytes:
    random = ask(card, REGISTER_NUMBER)[:4]
    answer = mac(b"terminal", random)
    return ask(card, b"\xc0\xf1\x00\x00\x04" + answer[:3] + bytes([answer[3] ^ spoil]) + b"\x08")


def test_the_number_for_registering_comes_with_a_random_and_its_mac(image: Path) -> None:
    answer = ask(SimulatedCard(image), REGISTER_NUMBER)
    assert answer[4:12] == NUMBER and answer[12:16] == mac(b"mac1", answer[:4]) and answer[16:] == b"\x90\x00"


def test_a_registered_terminal_outlives_the_process_and_has_a_pin_of_its_own(image: Path) -> None:
    pin = register(SimulatedCard(image))
    assert len(pin) == 10 and pin[-2:] == b"\x90\x00" and pin[:8].isdigit()
    card = SimulatedCard(image)
    assert verify(card, pin[:8].decode()) == "9000" and verify(card, PIN) == "63C7"
    assert counts(image, "register") == {NUMBER.hex(): {"applied": 1, "answered": 0}}
    assert pin[:8].decode() not in image.read_text("utf-8")


@pytest.mark.parametrize(
    ("apdu", "expected"),
    [
        ("C0F0000008", "6C10"),
        ("C0F0000110", "6A86"),
        ("C0F10000040000000008", "6985"),
        ("C0F100000300000008", "6700"),
        (COLLECTED, "6982"),
        ("C0FB000241" + "00" * 65 + "81", "6A86"),
        ("00A4000C02EF07", "6A82"),
    ],
)
def test_each_command_is_refused_as_the_note_says(image: Path, apdu: str, expected: str) -> None:
    assert status(SimulatedCard(image), apdu) == expected


def test_a_resynch_forgets_the_random(image: Path) -> None:
    card = SimulatedCard(image)
    random = ask(card, REGISTER_NUMBER)[:4]
    card.opened()
    assert status(card, b"\xc0\xf1\x00\x00\x04" + mac(b"terminal", random) + b"\x08") == "6985"


def test_the_eighth_wrong_mac_locks_the_application(image: Path) -> None:
    card = SimulatedCard(image)
    answers = [register(card, spoil=1).hex() for _ in range(9)]
    assert answers == ["9302"] * 8 + ["9303"]


def test_a_card_without_a_terminal_neither_reports_nor_collects(image: Path) -> None:
    card = SimulatedCard(image)
    verify(card)
    assert report(card).hex() == "6901" and status(card, COLLECTED) == "6985"


def test_each_kind_of_collecting_is_done_once_a_day_and_wants_its_xor(tmp_path: Path) -> None:
    card = SimulatedCard(make_image(tmp_path / "card.json"))
    verify(card)
    spoilt = "C0FB000041" + "00" * 64 + "0181"
    other = "C0FB000141" + "00" * 65 + "81"
    answers = [status(card, apdu) for apdu in (spoilt, COLLECTED, COLLECTED, other, other)]
    assert answers == ["6A80", "9000", "6901", "9000", "6901"]
    assert counts(tmp_path / "card.json", "data_collect") == {"2026-11-05": {"applied": 1, "answered": 0}}


def test_a_fault_strikes_the_new_commands_too(tmp_path: Path) -> None:
    faults = [{"at": at, "do": "refuse", "status": "6F00"} for at in ("register_number", "daily_collect")]
    card = SimulatedCard(make_image(tmp_path / "card.json", faults))
    verify(card)
    assert [status(card, apdu) for apdu in (REGISTER_NUMBER, COLLECTED, COLLECTED)] == ["6F00", "6F00", "9000"]


def test_an_image_of_before_registering_is_read_and_its_terminal_is_registered(tmp_path: Path) -> None:
    path = make_image(tmp_path / "card.json")
    old = json.loads(path.read_text("utf-8"))
    for name in ("registered", "renews_pin", "collected", "raw_files"):
        del old[name]
    path.write_text(json.dumps({**old, "version": 2}), encoding="utf-8")
    card = SimulatedCard(path)
    verify(card)
    assert report(card)[-2:].hex() == "9000"
    assert json.loads(path.read_text("utf-8"))["version"] == 3
