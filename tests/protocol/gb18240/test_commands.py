"""Commands as bytes, held against docs/protocol/practice-card.md, and their evidence marks."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from fapiao_kernel.protocol.apdu import Command
from fapiao_kernel.protocol.gb18240 import commands
from fapiao_kernel.protocol.gb18240.commands import File


@pytest.mark.parametrize(
    ("command", "raw"),
    [
        (commands.select(File.DECLARATION), "00A4000C02EF04"),
        (commands.read_binary(139), "00B000008B"),
        (commands.read_record(1, 11), "00B2000100"),
        (commands.read_record(258, 32), "00B2010200"),
        (commands.read_record(2, 336), "00B20002000000"),
        (commands.clock(), "C0CA000107"),
        (commands.pin_tries(), "C0F90000"),
        (commands.verify_pin("12345678"), "C0F90000083132333435363738"),
        (commands.report(1, date(2026, 10, 1), date(2026, 10, 31)), "C0F4000100000820261001202610310000"),
        (commands.clear(2, bytes(29)), "C0F600021D" + "00" * 29),
    ],
)
def test_each_command_has_the_notes_bytes(command: Command, raw: str) -> None:
    assert command.encode().hex().upper() == raw


def test_evidence_is_what_the_note_says(root: Path) -> None:
    note = (root / "docs/protocol/practice-card.md").read_text("utf-8")
    section = note.split("## 3. Commands")[1].split("### ")[0]
    told = dict(re.findall(r"^\| `(\w+)` \|.*\| (standard|documented|assumed)[^|]*\|$", section, re.MULTILINE))
    assert told == {name: mark.value for name, mark in commands.EVIDENCE.items()}


@pytest.mark.parametrize("pin", ["", "1234567", "123456789", "1234567x", "１２３４５６７８"])
def test_what_is_no_pin_of_eight_digits_never_becomes_a_command(pin: str) -> None:
    with pytest.raises(ValueError, match="8 digits") as caught:
        commands.verify_pin(pin)
    assert pin == "" or pin not in str(caught.value)


@pytest.mark.parametrize("length", [0, 28, 30])
def test_a_payload_of_another_length_never_becomes_a_command(length: int) -> None:
    with pytest.raises(ValueError):
        commands.clear(1, bytes(length))


@pytest.mark.parametrize("number", [0, 256])
def test_a_record_number_beyond_a_byte_never_becomes_a_report(number: int) -> None:
    with pytest.raises(ValueError):
        commands.report(number, date(2026, 10, 1), date(2026, 10, 31))
