"""The card's image: what it keeps, what it refuses, and that it holds no PIN."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

import pytest

from fapiao_kernel.domain.card import Volume
from fapiao_kernel.simulator.card.image import load, save
from tests.simulator.card.maker import PIN, SPECIAL, make_image


def test_an_image_read_and_written_again_is_the_same(tmp_path: Path) -> None:
    path = make_image(tmp_path / "card.json", [{"at": "clear", "do": "refuse", "status": "9302"}])
    before = path.read_text("utf-8")
    save(path, load(path))
    assert path.read_text("utf-8") == before


def test_an_image_is_its_owners_alone_and_holds_no_pin(tmp_path: Path) -> None:
    path = make_image(tmp_path / "card.json")
    assert PIN not in path.read_text("utf-8")
    if os.name != "nt":
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "fault",
    [
        {"at": "clear", "do": "explode"},
        {"at": "nowhere", "do": "refuse"},
        {"at": "clear", "kind": "refuse"},
        {"at": "clear", "do": "refuse", "nth": 0},
        {"at": "clear", "do": "refuse", "status": "69"},
    ],
)
def test_a_fault_that_could_never_strike_as_meant_is_refused(tmp_path: Path, fault: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        make_image(tmp_path / "card.json", [fault])
    assert not (tmp_path / "card.json").exists()


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"version": 1}', '{"version": 99}'])
def test_what_is_no_image_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "card.json"
    path.write_text(content)
    with pytest.raises(ValueError):
        load(path)


def test_a_month_of_the_span_without_statistics_begins_at_zero(tmp_path: Path) -> None:
    path = make_image(tmp_path / "card.json", start=date(2026, 7, 1))
    july = [t for t in json.loads(path.read_text("utf-8"))["totals"] if t["month"] == "2026-07"]
    assert [entry["counts"] for entry in july] == [[0, 0, 0, 0]] * 2


@pytest.mark.parametrize(
    ("code", "first", "last"),
    [
        ("4403201130123", "1", "2"),
        ("", "1", "2"),
        ("44", "100000000", "100000001"),
        ("44", "2", "1"),
        ("44", "1", "10"),
    ],
)
def test_a_volume_that_no_record_can_hold_is_refused(tmp_path: Path, code: str, first: str, last: str) -> None:
    with pytest.raises(ValueError, match="volume"):
        make_image(tmp_path / "card.json", volumes=[Volume(SPECIAL, code, first, last)])
