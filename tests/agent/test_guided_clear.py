"""One whole clear through the client, and what can get in its way."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fapiao_kernel.api.practice import PracticeView
from fapiao_kernel.api.runs import Confirmed, RunView
from fapiao_kernel.cli.agent import end
from fapiao_kernel.client import Client, RequestError, connect

SIZE = 60


def done(client: Client, view: RunView) -> RunView:
    view = client.wait(view.id, timeout=60)
    assert view.error is None, view.error
    return view


def to_preview(client: Client, practice: PracticeView) -> RunView:
    view = client.open_run(practice.card)
    done(client, client.check(view.id))
    done(client, client.backup(view.id))
    done(client, client.report(view.id, practice.pin, view.period))
    client.file_return(view.id)
    done(client, client.declaration(view.id))
    return done(client, client.preview(view.id))


def confirmed(client: Client, view: RunView) -> Confirmed:
    assert view.preview is not None
    return client.confirm(view.id, view.preview.revision, view.preview.confirm_device, view.preview.confirm_period)


def journal(home: Path) -> list[dict[str, object]]:
    return [json.loads(line) for file in sorted((home / "journal").glob("*.jsonl")) for line in file.open()]


def kinds(home: Path) -> list[object]:
    return [record["kind"] for record in journal(home)]


@pytest.fixture
def practice(client: Client) -> PracticeView:
    return client.practice_start(size=SIZE)


def test_a_clear_from_practice_to_record_and_no_secret_stays_behind(home: Path, client: Client) -> None:
    practice = client.practice_start(size=SIZE)
    assert practice.fresh and [file.status for file in practice.imports] == ["imported"]
    assert not client.practice_start().fresh
    view = to_preview(client, practice)
    assert view.state == "previewed" and view.preview is not None
    token = confirmed(client, view)
    view = done(client, client.execute(view.id, token.revision, token.token, practice.pin))
    if view.state != "finished":
        view = done(client, client.conclude(view.id))
    assert (view.state, view.verdict) == ("finished", "cleared")
    assert all(unit.outcome == "cleared" and unit.stage == "acknowledged" for unit in view.units)
    assert all(unit.lock_date_before < unit.lock_date_after for unit in view.units)
    assert all(list(unit.stage_times) == ["sent", "answered", "acknowledged"] for unit in view.units)
    assert Path(view.record).is_file() and Path(view.bundle).is_file()
    assert len(view.backups) >= 2 and all(backup.proven for backup in view.backups)
    assert view.census_before is not None and view.census_after is not None
    assert view.census_after["open"]["count"] == 0
    assert view.census_after["cleared"]["count"] == view.census_before["open"]["count"] > 0
    status = client.status()
    assert [card.verdict for card in status.cards] == ["cleared"] and status.cards[0].simulated
    told = client.diagnosis()
    assert told.cleared is True and told.run == view and told.ground and told.timeline and told.journal["ok"]
    again = client.execute(view.id, token.revision, token.token, practice.pin)
    assert (again.state, again.busy) == ("finished", "")
    assert kinds(home).count("clear.intent") == 1
    _no_secret(home, practice.pin, token.token)


def _no_secret(home: Path, *secrets: str) -> None:
    for file in home.rglob("*"):
        if file.is_file() and "practice" not in file.relative_to(home).parts[:1]:
            held = file.read_bytes()
            for secret in secrets:
                assert secret.encode() not in held, f"a secret in {file.relative_to(home)}"


def test_two_clients_race_and_there_is_one_clear(home: Path, client: Client, practice: PracticeView) -> None:
    view = to_preview(client, practice)
    token = confirmed(client, view)
    answers: list[object] = []

    def execute() -> None:
        with connect(home, start=False) as other:
            try:
                answers.append(other.execute(view.id, token.revision, token.token, practice.pin).id)
            except RequestError as refused:
                answers.append(refused.code)

    racers = [threading.Thread(target=execute) for _ in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(60)
    view = client.wait(view.id, timeout=60)
    assert len(answers) == 4 and view.id in answers
    assert view.verdict == "cleared"
    assert kinds(home).count("clear.intent") == 1


def test_a_restarted_agent_finds_the_run_where_it_was(home: Path, client: Client, practice: PracticeView) -> None:
    view = client.open_run(practice.card)
    view = done(client, client.check(view.id))
    boot = client.boot_id
    assert end(client)
    with connect(home) as other:
        assert other.boot_id != boot
        found = other.run(view.id)
        assert (found.state, found.units, found.checks) == (view.state, view.units, view.checks)
        assert client.run(view.id).state == view.state, "a client of the first agent finds the second"
        assert done(other, other.backup(view.id)).state == "backed_up"


def test_a_refused_act_is_told_in_the_view_and_the_journal(home: Path, client: Client, practice: PracticeView) -> None:
    view = client.open_run(practice.card)
    client.backup(view.id)
    view = client.wait(view.id, timeout=30)
    assert view.error is not None and view.error.exit_code == 3
    assert [f.code for f in view.findings] == [view.error.code]
    assert "refusal.noted" in kinds(home)
    assert done(client, client.check(view.id)).error is None


def test_an_agent_killed_in_mid_clear_asks_the_card_when_it_comes_back(home: Path) -> None:
    with connect(home) as client:
        practice = client.practice_start(size=SIZE, fault="lost-reply")
        view = to_preview(client, practice)
        token = confirmed(client, view)
        client.execute(view.id, token.revision, token.token, practice.pin)
        _until(lambda: "unit.sent" in kinds(home))
        os.kill(client.pid, signal.SIGKILL)
    with connect(home) as client:
        view = client.wait(view.id, timeout=60)
        _until(lambda: client.run(view.id).verdict != "unknown")
        view = client.run(view.id)
        first, card = view.units[0], client.status().cards[0]
        moved = card.types[0].lock_date > first.lock_date_before
        assert (first.outcome in ("cleared", "already_cleared")) == moved, "what is told is what the card says"
        assert kinds(home).count("clear.intent") == 1
        assert client.journal_verify()["ok"]


def test_a_lesson_loses_the_answer_and_the_sheet_ticks_itself(home: Path, client: Client) -> None:
    client.practice_start(size=SIZE)
    (lesson,) = client.lessons()
    world = client.lesson_start(lesson["name"])
    assert (world["fault"], world["fresh"]) == (lesson["fault"], True), "another world, with the fault"
    practice = client.practice()
    view = to_preview(client, practice)
    token = confirmed(client, view)
    client.execute(view.id, token.revision, token.token, practice.pin)
    view = client.wait(view.id, timeout=60)
    assert (view.state, view.verdict) == ("outcome_unknown", "unknown")
    assert view.error is not None and (view.error.effect, view.error.exit_code) == ("UNKNOWN", 4)
    assert client.diagnosis().cleared is None
    half = client.lesson_sheet(lesson["name"], view.id)
    view = done(client, client.read_back(view.id))
    sheet = client.lesson_sheet(lesson["name"], view.id)
    assert half.score < sheet.score and not half.passed
    if view.verdict == "cleared":
        assert sheet.passed, sheet.tasks
    again = client.lesson_start(lesson["name"])
    assert again["fresh"], "a run that is over makes room for another lesson"
    assert client.census()["cleared"]["count"] == 0
    assert client.open_run(again["card"]).state == "opened"


def _until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "did not come true"
        time.sleep(0.02)


def test_a_production_home_takes_no_practice(home: Path, client: Client, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("no invoice")
    client.import_files([tmp_path / "x.txt"])
    with pytest.raises(RequestError) as refused:
        client.practice_start(size=10)
    assert refused.value.code == "home_is_production"


@pytest.fixture(autouse=True)
def _ended(home: Path) -> Iterator[None]:
    """Two detached far ends a test: end them by their own road, so that the next test has the machine to itself."""
    yield
    with connect(home, start=False) as client:
        client.practice_stop()
        end(client)
