"""Rehearsals through a real agent: the card's image stays as it was, byte for byte, and the report tells what a clear would do."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.settings import PRODUCTION
from fapiao_kernel.api.practice import PracticeRequest, PracticeView
from fapiao_kernel.api.rehearsals import RehearsalView
from fapiao_kernel.api.selection import Selecting
from fapiao_kernel.client import Client, RequestError, connect
from fapiao_kernel.domain.clearing import Event
from fapiao_kernel.domain.home import Home
from fapiao_kernel.domain.invoice import InvoiceStatus
from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.practice import PracticeOptions
from fapiao_kernel.ports import Reading
from fapiao_kernel.records.journal.verify import verify
from fapiao_kernel.simulator import full_export, processes
from fapiao_kernel.simulator.clock import CHINA, offset_to
from fapiao_kernel.simulator.sample_month import sample_month
from fapiao_kernel.simulator.world import PRACTICE
from tests.records.ledger.conftest import make
from tests.simulator.card.maker import CardProcess, make_image

SIZE = PracticeOptions(size=60).size


def rehearsed(client: Client, card: str, **asked: list[str]) -> RehearsalView:
    begun = client.rehearse(card, **asked)
    assert begun.state == "running" and begun.verdict == ""
    return client.wait_rehearsal(begun.id, timeout=90)


def codes(view: RehearsalView) -> list[str]:
    assert view.facts is not None
    return [need["code"] for need in view.facts["needs"]]


def told(home: Path, kind: str) -> list[dict[str, object]]:
    lines = (line for file in sorted((home / "journal").glob("*.jsonl")) for line in file.open(encoding="utf-8"))
    return [record["data"] for line in lines if (record := json.loads(line))["kind"] == kind]


def test_a_rehearsal_changes_nothing_of_the_card_and_ends_in_a_report(home: Path, client: Client) -> None:
    practice = client.practice_start(size=SIZE)
    image, census = (home / "practice" / "card.json").read_bytes(), client.census()
    view = rehearsed(client, practice.card)
    assert (home / "practice" / "card.json").read_bytes() == image
    assert (view.state, view.verdict, view.error) == ("done", "would_clear", None)
    assert view.facts is not None
    assert {step["outcome"] for step in view.facts["steps"]} == {"done"}
    assert sum(unit["count"] for unit in view.facts["units"]) == census["open"]["count"] > 0
    assert view.facts["census_after"]["open"]["count"] == 0 and client.census() == census
    assert client.runs() == [] and codes(view)[0] == "rehearsal_report_needed"

    page = Path(view.report).read_text("utf-8")
    assert "真实设备只被读取过一次" in page and practice.device_number in page
    assert hashlib.sha256(page.encode()).hexdigest() == view.sha256
    ended = told(home, "rehearsal.ended")
    assert ended == [{"id": view.id, "verdict": "would_clear", "report": view.report, "sha256": view.sha256}]
    assert [begun["id"] for begun in told(home, "rehearsal.begun")] == [view.id]
    assert [known.id for known in client.rehearsals()] == [view.id]

    folder = Path(view.report).parent
    assert sorted(path.name for path in folder.iterdir()) == ["journal", "演练报告.html", "演练报告.json"]
    assert verify(folder / "journal").ok and client.journal_verify()["ok"]
    assert all(practice.pin.encode() not in path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert not (home / "records").exists() and list((home / "backups").rglob("*")) == []
    assert client.open_run(practice.card).state == "opened"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house in this process, for what needs no agent."""
    house = House(Home(tmp_path / "home"))
    house.worker.settled()
    yield house
    house.close(world_too=True)


def practise(house: House, **options: Any) -> PracticeView:
    return house.practice.start(
        PracticeRequest(size=SIZE, **options), house.importing, house.cards, house.worker, "tests"
    )


def rehearsed_here(house: House, card: str) -> RehearsalView:
    id = house.rehearsals.begin(Selecting(card=card)).id
    house.rehearsals.wait()
    return house.rehearsals.view(id)


def test_an_invoice_that_was_not_imported_is_named_by_the_rehearsal(house: House) -> None:
    month = sample_month(SIZE)
    lost = next(i for i in month.invoices[10:] if i.status is InvoiceStatus.NORMAL and not i.red)
    world = PRACTICE.start(house.home.practice, PracticeOptions(size=SIZE))
    full_export.write(world.files[0], [invoice for invoice in month.exported if invoice.key != lost.key])
    practice = practise(house)
    image = (house.home.practice / "card.json").read_bytes()
    view = rehearsed_here(house, practice.card)
    assert (house.home.practice / "card.json").read_bytes() == image
    assert view.facts is not None and view.verdict == "would_clear"
    told = [f for step in view.facts["steps"] for f in step["findings"] if f["code"] == "statistics_differ"]
    assert f"{lost.code} {lost.number}" in told[0]["evidence"]
    assert f"{lost.code} {lost.number}" in Path(view.report).read_text("utf-8")


def test_invoices_that_wait_for_their_upload_would_refuse_the_clear(house: House) -> None:
    view = rehearsed_here(house, practise(house, fault="uploads-missing").card)
    assert (view.state, view.verdict) == ("done", "would_be_refused")
    assert codes(view)[0] == "check_uploads_wait"
    assert "照现在的情形，不能清卡" in Path(view.report).read_text("utf-8")


def test_a_card_that_is_reported_already_is_rehearsed_from_there(house: House) -> None:
    practice = practise(house)
    run = house.engine.open_run(practice.card, who="tests")
    house.engine.check(run.id)
    house.engine.backup(run.id)
    house.engine.report(run.id, practice.pin, "2026-10")
    image = (house.home.practice / "card.json").read_bytes()
    view = rehearsed_here(house, practice.card)
    assert view.verdict == "would_clear" and view.facts is not None
    assert len(view.facts["summaries"]) == 2 and {"rehearsal_run_open", "rehearsal_return_waits"} <= set(codes(view))
    assert (house.home.practice / "card.json").read_bytes() == image
    assert house.engine.run(run.id).state == "reported"


def test_what_was_rehearsed_is_what_the_real_clear_then_does(house: House) -> None:
    practice = practise(house)
    rehearsal = rehearsed_here(house, practice.card)
    engine, run = house.engine, house.engine.open_run(practice.card, who="tests")
    engine.check(run.id)
    engine.backup(run.id)
    engine.report(run.id, practice.pin, "2026-10")
    total = sum((s.total for s in house.cards.get(practice.card).read_statistics()), ZERO)
    identity = house.cards.get(practice.card).read_state().identity
    house.authority(practice.card).file_return(identity, (Period(2026, 10),), total)
    engine.declaration(run.id)
    frozen = engine.freeze(run.id)
    token = engine.confirm(run.id, frozen.revision, practice.device_number[-4:], "2026-10").token
    done = engine.execute(run.id, frozen.revision, token, practice.pin)
    assert (done.verdict, rehearsal.verdict) == ("cleared", "would_clear") and rehearsal.facts is not None
    keys = ("invoice_type", "period", "count", "voids", "reds", "amount", "tax", "total", "rates", "digest")
    shown = [{key: unit[key] for key in keys} for unit in rehearsal.facts["units"]]
    assert shown == [{key: unit[key] for key in keys} for unit in done.frozen["units"]]
    assert rehearsal.facts["census_after"] == done.facts[Event.CLOSED]["census"]


def test_a_backup_place_that_cannot_take_a_backup_would_refuse_the_clear(house: House, tmp_path: Path) -> None:
    practice = practise(house)
    (house.home.root / "backups").write_text("a file where a folder should be")
    view = rehearsed_here(house, practice.card)
    assert view.verdict == "would_be_refused" and codes(view).count("rehearsal_place_bad") == 2


def test_a_twin_that_dies_breaks_it_off_and_the_report_says_where(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    practice = practise(house)
    tell = house.rehearsals._tell

    def kill_then_tell(step: str) -> None:
        if step == "report":
            twin = next(house.home.rehearsals.glob("*/twin")) / "card.json"
            running = processes.running(twin)
            assert running is not None
            os.kill(running["pid"], signal.SIGTERM)
            assert processes._gone(running["pid"], 5)
        tell(step)

    monkeypatch.setattr(house.rehearsals, "_tell", kill_then_tell)
    view = rehearsed_here(house, practice.card)
    assert (view.state, view.verdict) == ("broken_off", "broken_off")
    assert view.facts is not None and view.facts["steps"][3]["outcome"] == "broken"
    assert "演练中断，没有结论" in Path(view.report).read_text("utf-8")


def test_a_bug_of_ours_breaks_it_off_and_the_next_one_runs(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    practice = practise(house)
    with monkeypatch.context() as broken:
        broken.setattr(house.engine, "runs", lambda: 1 / 0)
        view = rehearsed_here(house, practice.card)
    assert view.error is not None and (view.error.code, view.state) == ("bug", "broken_off")
    assert list(house.home.rehearsals.glob("*/twin")) == []
    assert rehearsed_here(house, practice.card).verdict == "would_clear"


def test_one_rehearsal_at_a_time_and_what_was_asked_wrongly_is_refused_at_once(client: Client) -> None:
    practice = client.practice_start(size=SIZE)
    for card, types in (("no address", []), (practice.card, ["card"])):
        with pytest.raises(RequestError) as refused:
            client.rehearse(card, types=types)
        assert refused.value.exit_code == 2
    with pytest.raises(RequestError) as refused:
        client.rehearsal("y-none")
    assert (refused.value.code, refused.value.status) == ("rehearsal_not_found", 404)
    first = client.rehearse(practice.card)
    with pytest.raises(RequestError) as refused:
        client.rehearse(practice.card)
    assert refused.value.code == "rehearsal_busy"
    assert client.wait_rehearsal(first.id, timeout=90).state == "done"


def test_a_card_that_is_not_there_breaks_it_off_with_the_reason(client: Client, tmp_path: Path) -> None:
    view = rehearsed(client, f"gb18240+serial://{tmp_path}/absent")
    assert (view.state, view.verdict, view.report) == ("broken_off", "broken_off", "")
    assert view.error is not None and view.error.exit_code == 5


class Begun(Exception):
    """The twin runs."""


def begun_twin(client: Client, home: Path, card: str) -> tuple[str, list[int]]:
    """A rehearsal under way: its id, and the twin's processes, the card's among them halted where it stands."""
    folder = home / "rehearsals"

    def halt(view: RehearsalView) -> None:
        known = folder / view.id / "twin" / "card.json"
        if view.step.startswith("演练：") and (running := processes.running(known)):
            os.kill(running["pid"], signal.SIGSTOP)
            raise Begun

    id = client.rehearse(card).id
    with pytest.raises(Begun):
        client.wait_rehearsal(id, halt, timeout=60)
    files = [folder / id / "twin" / name for name in ("card.json", "authority.json")]
    return id, [running["pid"] for file in files if (running := processes.running(file))]


@pytest.fixture
def twins() -> Iterator[list[int]]:
    """Processes that go on, and end, whatever becomes of the test."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
            os.kill(pid, signal.SIGTERM)


@pytest.mark.skipif(os.name != "posix", reason="halts a process by signal; enable: a POSIX system")
def test_a_killed_agents_rehearsal_is_ended_by_the_next_and_told_as_broken_off(home: Path, twins: list[int]) -> None:
    with connect(home) as client:
        practice = client.practice_start(size=SIZE)
        image = (home / "practice" / "card.json").read_bytes()
        id, pids = begun_twin(client, home, practice.card)
        twins += pids
        assert len(pids) == 2
        os.kill(client.pid, signal.SIGKILL)
        os.kill(pids[0], signal.SIGCONT)
    with connect(home) as client:
        view = client.rehearsal(id)
        assert (view.state, view.verdict, view.report) == ("broken_off", "broken_off", "")
        assert view.error is not None and view.error.code == "rehearsal_broken_off"
        assert all(processes._gone(pid, 5) for pid in pids)
        assert sorted(path.name for path in (home / "rehearsals" / id).iterdir()) == ["journal"]
        assert (home / "practice" / "card.json").read_bytes() == image
        assert rehearsed(client, practice.card).verdict == "would_clear"
    assert next(ended["id"] for ended in told(home, "rehearsal.ended")) == id


@pytest.mark.skipif(os.name != "posix", reason="halts a process by signal; enable: a POSIX system")
def test_a_stopped_agent_ends_its_rehearsal_first(home: Path, twins: list[int]) -> None:
    with connect(home) as client:
        practice = client.practice_start(size=SIZE)
        id, pids = begun_twin(client, home, practice.card)
        twins += pids
        client.stop()
        os.kill(pids[0], signal.SIGCONT)
        assert processes._gone(client.pid, 20)
    ended = told(home, "rehearsal.ended")
    assert [(e["id"], e["verdict"]) for e in ended] == [(id, "broken_off")]
    assert all(processes._gone(pid, 5) for pid in pids)


def test_a_production_home_rehearses_its_card_though_it_refuses_simulated_ones(tmp_path: Path) -> None:
    """A card that says it is real: its twin is simulated, and neither card list nor ledger ever sees that."""
    image = make_image(tmp_path / "card.json", volumes=())
    state = json.loads(image.read_text("utf-8"))
    state["identity"]["card_number"] = "1100000000000001"
    image.write_text(json.dumps(state), "utf-8")
    house = House(Home(tmp_path / "home"))
    house.settings.claim(PRODUCTION)
    offset = offset_to(datetime(2026, 11, 5, 9, 0, tzinfo=CHINA))
    house.settings.practice_made(clock_offset=offset, authority="", fault="")
    house.worker.settled()
    card = CardProcess.start(image)
    try:
        before = image.read_bytes()
        address = f"gb18240+serial://{card.line}"
        id = house.rehearsals.begin(Selecting(card=address)).id
        house.rehearsals.wait()
        view = house.rehearsals.view(id)
        assert view.error is None and view.facts is not None
        assert image.read_bytes() == before
        # GB 18240 commands that change a card are only assumed: a real card is not sent them, whatever its twin does.
        assert view.verdict == "would_be_refused" and codes(view).count("evidence_too_weak") == 2
        assert house.settings.values.cards == (address,) and not house.settings.practice
        row = make(1, machine_number="661234567890")
        added = house.importing.add(Reading("十月.ofd", "0" * 64, "ofd", [row], ()), {}, None, "tests")
        assert added.status == "imported"
    finally:
        card.stop()
        house.close()
