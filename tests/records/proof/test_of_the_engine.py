"""Bundles of runs as the shipped engine makes them: every way a clear can end in a record verifies offline."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from fapiao_kernel.domain.clearing import Event, Run
from fapiao_kernel.domain.errors import OutcomeUnknown
from fapiao_kernel.domain.home import Home
from fapiao_kernel.records.journal.store import FileJournal
from fapiao_kernel.records.proof.recorder import ProofRecorder
from fapiao_kernel.records.proof.verify import verify_bundle
from tests.operations.fakes import PIN
from tests.operations.world import World
from tests.records.proof.conftest import KnownKey
from tests.records.proof.forging import contents


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world of the engine's own tests, with journal and recorder as they ship."""
    world = World(tmp_path)
    home = Home(tmp_path / "home")
    journal = FileJournal(home.journal, world.clock)
    world.journal = journal  # type: ignore[assignment]  # the port, by the real store
    world.recorder = ProofRecorder(home, journal, KnownKey(b"k"))  # type: ignore[assignment]  # the port, by the real recorder
    world.start()
    yield world
    journal.close()


def executed(world: World, **faults: str) -> Run:
    run, token = world.confirmed()
    world.card.faults = {act.replace("_", " "): what for act, what in faults.items()}
    try:
        return world.engine.execute(run.id, run.revision, token, PIN)
    except OutcomeUnknown:
        return world.engine.read_back(run.id)


def checked(run: Run) -> dict[str, bytes]:
    path = Path(run.facts[Event.RECORDED]["bundle"])
    check = verify_bundle(path)
    assert (check.ok, check.findings) == (True, ())
    return contents(path)


@pytest.mark.parametrize(
    ("faults", "verdict"),
    [
        ({}, "cleared"),
        ({"clear_004": "refuse"}, "partial"),
        ({"clear_004": "not_sent"}, "partial"),
        ({"clear_004": "lost"}, "partial"),
        ({"clear_007": "lost"}, "cleared"),
        ({"clear_007": "lost_before"}, "partial"),
    ],
)
def test_however_the_clear_went_its_bundle_verifies(world, faults, verdict):
    run = executed(world, **faults)
    assert run.verdict == verdict
    assert json.loads(checked(run)["manifest.json"])["verdict"] == verdict


def test_a_device_that_had_been_cleared_before_verifies_as_that(world):
    run, token = world.confirmed()
    world.card.faults = {"clear 004": "already", "clear 007": "already"}

    def elsewhere() -> None:
        for kind, shown in world.card.monitoring.items():
            world.card.monitoring[kind] = replace(shown, lock_date=date(2026, 12, 17), report_start=date(2026, 11, 1))

    world.card.at_clear = elsewhere
    run = world.engine.execute(run.id, run.revision, token, PIN)
    assert json.loads(checked(run)["manifest.json"])["verdict"] == "already_cleared"


def test_the_rest_of_a_part_has_a_bundle_of_its_own_that_tells_nothing_of_the_first(world):
    first = executed(world, clear_004="refuse")
    second = world.executed()
    held = checked(second)
    assert first.id.encode() not in held["journal.jsonl"]
    assert json.loads(held["manifest.json"])["verdict"] == "cleared"
    checked(first)


def test_the_record_is_in_the_journal_with_every_file_and_its_hash(world):
    told = world.executed().facts[Event.RECORDED]
    assert set(told["sha256"]) == {"record", "bundle", "sheet", "data"}
    assert all(Path(told[name]).is_file() for name in told["sha256"])
