"""A card that other software has cleared: an agent that knows nothing of it looks back, goes on from what the card says, and proves it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from fapiao_kernel.cli.agent import end
from fapiao_kernel.client import Client, RequestError, connect
from fapiao_kernel.records.proof.verify import verify_bundle
from tests.agent.test_guided_clear import confirmed, done, journal, kinds, to_preview
from tests.conftest import end_processes

SIZE = 40


@pytest.fixture
def behind(home: Path, tmp_path: Path) -> Path:
    """A home whose card and tax side have gone on without it: it stood at the preview when another home's agent cleared."""
    other = tmp_path / "other"
    with connect(home) as client:
        practice = client.practice_start(size=SIZE)
        to_preview(client, practice)
        end(client)
    shutil.copytree(home, other)
    with connect(other) as client:
        view = client.run(client.runs()[-1].id)
        view = done(client, client.preview(view.id))
        assert view.preview is not None
        token = confirmed(client, view).token
        pin = client.practice().pin  # type: ignore[union-attr]  # the copied world is there
        done(client, client.execute(view.id, view.preview.revision, token, pin))
        end(client)
    end_processes(other)
    for file in ("card.json", "authority.json"):
        shutil.copy(other / "practice" / file, home / "practice" / file)
    return home


def test_a_look_back_says_that_the_device_is_ahead_and_changes_nothing(behind: Path) -> None:
    with connect(behind) as client:
        before = kinds(behind)
        found = client.look_back(client.status().cards[0].address)
        assert (found.action, found.agree, found.readable) == ("continue_from_device", False, True)
        assert {(u.device, u.ledger, u.authority, u.journal) for u in found.units} == {
            ("cleared", "open", "cleared", "nothing")
        }
        assert kinds(behind) == before


def test_going_on_from_the_device_closes_the_ledger_and_sends_nothing(behind: Path) -> None:
    card = json.loads((behind / "practice" / "card.json").read_text(encoding="utf-8"))
    with connect(behind) as client:
        address = client.status().cards[0].address
        view = client.continue_from_device(address)
        assert (view.state, view.verdict) == ("finished", "already_cleared")
        assert client.census()["open"]["count"] == 0
        assert client.look_back(address).action == "none"
        bundle = verify_bundle(Path(view.bundle))
        assert bundle.ok, bundle.findings
    assert "unit.sent" not in kinds(behind) and "clear.intent" not in kinds(behind)
    after = json.loads((behind / "practice" / "card.json").read_text(encoding="utf-8"))
    assert after["counts"] == card["counts"]


def test_going_on_twice_is_going_on_once(behind: Path) -> None:
    with connect(behind) as client:
        address = client.status().cards[0].address
        first, second = client.continue_from_device(address), client.continue_from_device(address)
        assert first.id == second.id
    assert kinds(behind).count("recovery.cleared") == 1


def test_a_false_alarm_on_a_device_that_moved_is_refused_with_proof(behind: Path) -> None:
    with connect(behind) as client, pytest.raises(RequestError) as refused:
        client.false_alarm(client.status().cards[0].address, "以为清过了")
    assert refused.value.code == "recovery_device_moved"
    assert "→" in refused.value.sentence


def test_a_false_alarm_is_kept_with_its_statement_and_the_run_goes_on(home: Path, client: Client) -> None:
    practice = client.practice_start(size=SIZE)
    view = to_preview(client, practice)
    found = client.false_alarm(practice.card, "停电，以为清过了")
    assert found is not None and (found.id, found.state) == (view.id, "previewed")
    kept = [r for r in journal(home) if r["kind"] == "recovery.false_alarm"]
    assert [r["data"]["statement"] for r in kept] == ["停电，以为清过了"]  # type: ignore[index]  # records are objects


def test_a_stop_is_asked_and_done_and_the_card_can_be_cleared_by_another_run(home: Path, client: Client) -> None:
    practice = client.practice_start(size=SIZE)
    view = to_preview(client, practice)
    client.cancel(view.id)
    assert client.wait(view.id).state == "cancelled"
    assert [k for k in kinds(home) if k in ("cancel.asked", "run.cancelled")] == ["cancel.asked", "run.cancelled"]
    assert client.open_run(practice.card).id != view.id
