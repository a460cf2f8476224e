"""The course of a run, judged from its records alone: what comes out of order, twice, or without its act is named."""

from __future__ import annotations

import copy
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fapiao_kernel.records.proof.course import walk
from tests.records.proof.conftest import ORDINARY, RUN, SPECIAL

pytestmark = pytest.mark.usefixtures("reasons_in_english")


@pytest.fixture
def records(story) -> list[dict[str, Any]]:
    return [asdict(record) for record in story.journal.records(run=RUN)]


def place(records: list[dict[str, Any]], kind: str) -> int:
    return next(index for index, record in enumerate(records) if record["kind"] == kind)


def one(kind: str, **data: Any) -> dict[str, Any]:
    return {"seq": 99, "time": "2026-11-05T09:09:00+08:00", "kind": kind, "run": RUN, "who": "李会计", "data": data}


def test_the_story_as_it_was_told_is_the_legal_way(records):
    course = walk(records)
    assert course.departures == []
    assert course.run is not None and course.run.verdict == "cleared"


def test_an_act_before_its_intent_is_named(records):
    at = place(records, "clear.intent")
    records[at], records[at + 1] = records[at + 1], records[at]
    assert walk(records).departures == ["unit.sent (17): it cannot come after authorised"]


def test_a_clear_without_an_intent_is_named(records):
    del records[place(records, "clear.intent")]
    assert "it cannot come after authorised" in walk(records).departures[0]


def test_a_second_intent_is_named(records):
    at = place(records, "clear.intent")
    records.insert(at + 1, copy.deepcopy(records[at]))
    assert "it cannot come after clearing" in walk(records).departures[0]


def test_a_unit_sent_twice_is_named(records):
    at = place(records, "unit.sent")
    records.insert(at + 1, copy.deepcopy(records[at]))
    assert walk(records).departures == ["unit.sent (17): 004 2026-10 was sent twice"]


def test_a_unit_sent_that_no_intent_named_is_named(records):
    records[place(records, "clear.intent")]["data"]["groups"] = [[SPECIAL]]
    assert walk(records).departures == ["unit.sent (19): 007 2026-10 was sent without an intent"]


def test_an_answer_to_what_was_never_sent_is_named(records):
    del records[place(records, "unit.sent")]
    assert walk(records).departures == ["unit.answered (18): 004 2026-10 has an outcome without having been sent"]


def test_a_unit_without_an_outcome_is_named(records):
    del records[place(records, "unit.answered")]
    assert "004 2026-10 has no outcome" in walk(records).departures


def test_another_revision_than_the_frozen_one_is_named(records):
    records[place(records, "clear.intent")]["data"]["revision"] = "r2-other"
    assert walk(records).departures == ["clear.intent (16): names r2-other, frozen is r1-5c20e1"]


def test_a_unit_never_sent_may_be_settled_as_not_sent(records):
    at = place(records, "unit.sent") + 2
    del records[at:]
    records.append(one("unit.settled", units=[ORDINARY], outcome="not_sent", evidence="", source="read"))
    records.append(one("clear.partial", card=None))
    assert walk(records).departures == []


def test_a_unit_never_sent_cannot_be_settled_as_cleared(records):
    del records[place(records, "unit.sent") :]
    records.append(one("unit.settled", units=[ORDINARY], outcome="cleared", evidence="", source="read"))
    assert "007 2026-10 has an outcome without having been sent" in walk(records).departures[0]


def test_a_recovered_run_with_nothing_sent_is_the_legal_way(records, story):
    del records[place(records, "run.confirmed") :]
    outcomes = [{"units": [unit], "outcome": "cleared"} for unit in (SPECIAL, ORDINARY)]
    facts = {"card": story.facts["card_before"], "census": story.facts["census_before"]}
    records.append(one("recovery.cleared", preview=story.facts["preview"], outcomes=outcomes, **facts))
    course = walk(records)
    assert course.departures == []
    assert course.run is not None and course.run.verdict == "cleared"


def test_a_run_that_neither_cleared_nor_recovered_has_nothing_to_prove(records):
    del records[place(records, "run.confirmed") :]
    assert walk(records).departures == ["neither a clear nor a recovery"]


def test_records_that_open_nothing_make_no_sense(records):
    assert walk(records[1:]).departures == ["run.checked (3): makes no sense"]
    assert walk([]).run is None


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_act_left_out_or_moved_is_always_named(records, data):
    acts = [i for i, r in enumerate(records) if r["kind"].startswith(("clear.intent", "unit.", "execution.", "auth"))]
    changed = copy.deepcopy(records)
    at = data.draw(st.sampled_from(acts))
    moved = changed.pop(at)
    units = moved["kind"].startswith("unit.")
    if not units and data.draw(st.booleans()):
        changed.insert(data.draw(st.integers(0, len(changed)).filter(lambda to: to != at)), moved)
    assert walk(changed).departures
