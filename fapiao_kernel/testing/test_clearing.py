"""Suite Clearing (清卡): the real agent clears the practice card of this driver. On a simulated device only, each home thrown away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fapiao_kernel.api.runs import RunView
from fapiao_kernel.client import RequestError
from fapiao_kernel.devices.plug import DriverCan
from fapiao_kernel.domain.clearing import Outcome
from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.domain.practice import PracticeOptions
from fapiao_kernel.ports import Authority
from fapiao_kernel.testing import month
from fapiao_kernel.testing.fixtures import DESTRUCTIVE, NO_WORLD
from fapiao_kernel.testing.guided import NO_SUCH_FAULT, House, at_once
from fapiao_kernel.testing.reading import but_clock, first_group
from fapiao_kernel.testing.subject import PATIENCE, Subject

LOST_REPLY = "lost-reply"
"""Fault of a practice world: the card clears, and its answer is lost on the way."""


@pytest.fixture(scope="module")
def clearing(subject: Subject, pytestconfig: pytest.Config) -> Subject:
    """The device, when its clear may be tested at all."""
    if not pytestconfig.getoption("--fapiao-destructive"):
        pytest.skip(DESTRUCTIVE)
    for needed in (DriverCan.REPORT, DriverCan.CLEAR, DriverCan.STATISTICS):
        if needed not in subject.driver.can:
            pytest.skip(f"driver {subject.driver.id} does not claim: {needed}")
    if not subject.practises:
        pytest.skip(NO_WORLD)
    if not subject.state.identity.simulated:
        pytest.fail("the practice plugin's card does not say that it is simulated: nothing is cleared on it")
    return subject


@dataclass
class Story:
    """One clear from the beginning to its end, with what was tried on the way."""

    house: House
    undeclared: RunView
    """The run after asking for the return before it was filed."""
    wrong_revision: RequestError | None
    raced: list[object]
    """What two threads got that executed the same confirmation at once."""
    again: RunView
    """The run after executing it once more, when it was over."""
    before: dict[str, int]
    after: dict[str, int]
    """The ledger's census: how many invoices stand where."""


@pytest.fixture(scope="module")
def story(clearing: Subject, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Told once: most tests of this suite ask it something."""
    house = House.build(clearing, tmp_path_factory.mktemp("clearing") / "home")
    try:
        yield _tell(house)
    finally:
        house.end()


def _tell(house: House) -> Story:
    before = _census(house)
    view = house.reported()
    house.client.declaration(view.id)
    undeclared = house.client.wait(view.id, timeout=PATIENCE)
    view = house.declared(view)
    wrong_revision = None
    assert view.preview is not None
    try:
        house.client.confirm(view.id, "0" * 64, view.preview.confirm_device, view.preview.confirm_period)
    except RequestError as refused:
        wrong_revision = refused
    token = house.confirmed(view)
    raced = at_once(2, lambda: house.execute(view, token).id)
    house.finished(view.id)
    house.execute(view, token)
    again = house.client.wait(view.id, timeout=PATIENCE)
    return Story(house, undeclared, wrong_revision, raced, again, before, _census(house))


def _census(house: House) -> dict[str, int]:
    return {name: each["count"] for name, each in house.client.census().items()}


def test_clearing_goes_from_report_to_record(story: Story) -> None:
    view = story.again
    assert (view.state, view.verdict) == ("finished", "cleared"), view.findings
    assert {unit.outcome for unit in view.units} == {"cleared"}
    assert Path(view.record).is_file() and Path(view.bundle).is_file()


def test_clearing_moves_the_lock_date_and_the_span(story: Story) -> None:
    (card,) = story.house.client.status().cards
    told = {each.invoice_type: each.lock_date for each in card.types}
    for unit in story.again.units:
        assert unit.lock_date_before < unit.lock_date_after == told[unit.invoice_type]
        assert unit.report_start_before < unit.report_start_after


def test_clearing_leaves_no_invoice_out_and_makes_none(story: Story) -> None:
    assert story.after["open"] == 0
    assert story.after["cleared"] == story.before["open"] == len(month.invoices())


def test_clearing_is_refused_until_the_return_is_filed(story: Story) -> None:
    assert story.undeclared.state == "reported"
    assert story.undeclared.error is not None and story.undeclared.error.effect != "DONE"


def test_clearing_a_revision_that_is_not_shown_is_refused(story: Story) -> None:
    assert story.wrong_revision is not None and story.wrong_revision.exit_code in (2, 3)


def test_clearing_executed_by_two_at_once_is_sent_once(story: Story) -> None:
    assert len(story.raced) == 2 and story.again.id in story.raced
    assert len(story.house.records("clear.intent")) == 1
    sent = [record["data"] for record in story.house.records("unit.sent")]
    assert len(sent) == len({json.dumps(each, sort_keys=True) for each in sent}), "a unit was sent twice"


def test_clearing_executed_again_when_it_is_over_changes_nothing(story: Story) -> None:
    assert (story.again.state, story.again.busy, story.again.verdict) == ("finished", "", "cleared")


def test_clearing_keeps_its_journal_whole(story: Story) -> None:
    assert story.house.client.journal_verify()["ok"]


def test_clearing_leaves_no_pin_in_the_home(story: Story) -> None:
    for file in story.house.home.rglob("*"):
        if file.is_file() and "practice" not in file.relative_to(story.house.home).parts[:1]:
            assert story.house.practice.pin.encode() not in file.read_bytes(), file.name


def test_clearing_a_reply_that_is_lost_is_unknown_until_it_is_read_back(clearing: Subject, tmp_path: Path) -> None:
    house = _with_lost_reply(clearing, tmp_path)
    try:
        view = house.previewed()
        house.execute(view, house.confirmed(view))
        view = house.client.wait(view.id, timeout=PATIENCE)
        assert (view.state, view.verdict) == ("outcome_unknown", "unknown")
        assert view.error is not None and view.error.effect == "UNKNOWN"
        view = house.finished(view.id)
        assert view.verdict in ("cleared", "partial") and view.units[0].outcome in ("cleared", "already_cleared")
        assert len(house.records("clear.intent")) == 1
        assert _census(house)["cleared"] > 0
    finally:
        house.end()


def test_clearing_goes_on_after_the_agent_was_killed_and_clears_once(clearing: Subject, tmp_path: Path) -> None:
    try:
        house = House.build(clearing, tmp_path / "home", LOST_REPLY)
    except RequestError as error:
        if error.code != NO_SUCH_FAULT:
            raise
        house = House.build(clearing, tmp_path / "without", "")
    try:
        view = house.previewed()
        house.execute(view, house.confirmed(view))
        house.until("unit.sent")
        house.kill()
        house.until_settled(view.id)
        view = house.client.run(view.id)
        (card,) = house.client.status().cards
        told = {each.invoice_type: each.lock_date for each in card.types}
        for unit in view.units:
            moved = told[unit.invoice_type] > unit.lock_date_before
            assert (unit.outcome in ("cleared", "already_cleared")) == moved, "what is told is not what the card says"
        assert len(house.records("clear.intent")) == 1
        assert house.client.journal_verify()["ok"]
    finally:
        house.end()


def _with_lost_reply(clearing: Subject, tmp_path: Path) -> House:
    try:
        return House.build(clearing, tmp_path / "home", LOST_REPLY)
    except RequestError as error:
        if error.code == NO_SUCH_FAULT:
            pytest.skip(f"practice plugin {clearing.driver.practice} does not know the fault: {LOST_REPLY}")
        raise


def test_clearing_what_is_cleared_already_is_success(clearing: Subject, tmp_path: Path) -> None:
    """Driver and tax side alone, so that the same payload can reach the card twice."""
    world = clearing.practice.start(tmp_path / "world", PracticeOptions(invoices=month.invoices()))
    authority: Authority = clearing.plugins.only("authorities").open(world.authority)
    card = clearing.driver.open(clearing.plugins.get("links", world.link).open(world.line), world.card)
    try:
        state, group = card.read_state(), first_group(clearing)
        identity, periods = state.identity, state.monitoring[0].periods
        card.verify_pin(world.pin)
        summary = card.report(group)
        assert card.read_summary(group) == summary, "the same summary can be read again"
        authority.upload_summary(identity, summary)
        total = sum((s.total for s in card.read_statistics() if s.invoice_type in group), ZERO)
        authority.file_return(identity, periods, total)
        payload = authority.authorise(identity, group, periods).payload
        assert card.clear(group, payload[:-1] + bytes([payload[-1] ^ 1])).outcome is Outcome.REFUSED
        assert card.clear(group, payload).outcome is Outcome.CLEARED
        cleared = card.read_state()
        assert card.clear(group, payload).outcome is Outcome.ALREADY_CLEARED
        assert but_clock(card.read_state()) == but_clock(cleared)
    finally:
        card.close()
        clearing.practice.stop(tmp_path / "world")


def test_clearing_a_report_without_the_pin_is_refused_and_changes_nothing(clearing: Subject, tmp_path: Path) -> None:
    world = clearing.practice.start(tmp_path / "world", PracticeOptions(invoices=month.invoices()))
    card = clearing.driver.open(clearing.plugins.get("links", world.link).open(world.line), world.card)
    try:
        before = card.read_state()
        with pytest.raises(Refused) as refused:
            card.report(first_group(clearing))
        assert refused.value.effect is not Effect.UNKNOWN
        assert but_clock(card.read_state()) == but_clock(before)
    finally:
        card.close()
        clearing.practice.stop(tmp_path / "world")
