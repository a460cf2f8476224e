"""A journal that lost whole records from its end chains all the same: the newest backup misses what was its last record."""

from __future__ import annotations

from pathlib import Path

from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.diagnosis import diagnose
from fapiao_kernel.agent.doctor import doctor
from fapiao_kernel.agent.runs import Runs
from fapiao_kernel.domain.home import Home


def codes(house: House) -> set[str]:
    return {finding["code"] for finding in doctor(house)["findings"]}


def backed_up(place: Home) -> None:
    house = House(place)
    house.journal.append("agent.started", {})
    house.journal.append("agent.started", {})
    house.backups.make("by hand")
    assert "journal_ok" in codes(house)
    house.close()


def cut_to_one(place: Home) -> None:
    first, *rest = sorted(place.journal.glob("*.jsonl"))
    first.write_bytes(first.read_bytes().splitlines(keepends=True)[0])
    for file in rest:
        file.unlink()


def test_the_doctor_and_the_diagnosis_say_that_the_newest_backup_misses_records(home: Path) -> None:
    place = Home(home)
    backed_up(place)
    cut_to_one(place)
    house = House(place)
    try:
        assert "check_journal_cut" in codes(house) and "journal_ok" not in codes(house)
        journal = diagnose(house, Runs(house), None).journal
        assert (journal["ok"], journal["first_bad"], bool(journal["cut"])) == (False, None, True)
    finally:
        house.close()


def test_a_journal_that_went_on_after_the_backup_misses_nothing(home: Path) -> None:
    place = Home(home)
    backed_up(place)
    house = House(place)
    try:
        assert "journal_ok" in codes(house)
        journal = diagnose(house, Runs(house), None).journal
        assert (journal["ok"], journal["cut"]) == (True, "")
    finally:
        house.close()


def test_looking_for_a_backup_makes_no_keys_and_no_folders(home: Path) -> None:
    place = Home(home)
    house = House(place)
    try:
        assert "journal_ok" in codes(house)
        assert not place.keys.exists() and not any(folder.exists() for folder in place.backups)
    finally:
        house.close()
