"""The verdict of a certificate: ``certified`` says that all three suites ran, and that nothing which matters was waived."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fapiao_kernel.testing.certificate import Result, shortcomings
from fapiao_kernel.testing.fixtures import DESTRUCTIVE, NO_PAYLOAD, NO_PIN, NO_WORLD, REAL
from fapiao_kernel.testing.kit import FOLDER, Kit, known_tests

KNOWN = known_tests()
Change = Callable[[str], tuple[str, str] | None]


def judged(change: Change = lambda test: None, *, destructive: bool = True, problems: tuple[str, ...] = ()) -> str:
    results = [Result(suite, test, *(change(test) or ("passed", ""))) for test, suite in KNOWN.items()]
    return "partial" if shortcomings(results, KNOWN, problems, destructive) else "certified"


def one(name: str, outcome: str, reason: str = "") -> Change:
    assert name in KNOWN
    return lambda test: (outcome, reason) if test == name else None


def test_all_that_passed_is_certified_only_when_it_could_change_the_device() -> None:
    assert judged() == "certified"
    assert judged(destructive=False) == "partial"


@pytest.mark.parametrize("suite", ["link", "driver", "clearing"])
def test_a_suite_that_did_not_run_or_of_which_nothing_passed_is_not_certified(suite: str) -> None:
    results = [Result(of, test, "passed") for test, of in KNOWN.items() if of != suite]
    assert shortcomings(results, KNOWN, (), True) == [f"suite {suite}: {len(KNOWN) - len(results)} tests were not run"]
    why = ("skipped", "driver x does not claim: clear")
    assert judged(lambda test: why if KNOWN[test] == suite else None) == "partial"


def test_one_test_that_failed_or_is_missing_or_a_problem_beside_the_tests_is_not_certified() -> None:
    name = "test_driver_opening_asks_the_card_nothing"
    assert judged(one(name, "failed")) == judged(one(name, "error")) == "partial"
    assert judged(problems=("mark without a test: x",)) == "partial"
    results = [Result(suite, test, "passed") for test, suite in KNOWN.items() if test != name]
    assert shortcomings(results, KNOWN, (), True) == ["suite driver: 1 tests were not run"]


def test_what_is_not_claimed_may_be_skipped() -> None:
    skipped = one("test_driver_sends_an_issue_and_a_void_once_whatever_comes_back", "skipped", "does not claim: issue")
    assert judged(skipped) == "certified"


@pytest.mark.parametrize("reason", [DESTRUCTIVE, REAL, NO_PIN, NO_PAYLOAD, NO_WORLD])
def test_what_the_run_did_not_allow_or_was_not_given_is_not_certified(reason: str) -> None:
    assert judged(one("test_driver_sends_a_clear_once_whatever_comes_back", "skipped", reason)) == "partial"


def test_a_mark_is_for_ever_or_not_certified_yet() -> None:
    name = "test_driver_names_of_any_character_come_back"
    assert judged(one(name, "marked", "never: the card has no names")) == "certified"
    assert judged(one(name, "marked", "not yet: to do")) == "partial"


@pytest.mark.parametrize(
    "name",
    [
        "test_link_hands_a_command_over_once",
        "test_driver_sends_a_clear_once_whatever_comes_back",
        "test_driver_a_clear_whose_answer_is_lost_is_unknown",
        "test_driver_spends_no_try_at_three_or_fewer_unless_by_name",
        "test_driver_tells_no_pin_in_any_error",
        "test_clearing_moves_the_lock_date_and_the_span",
    ],
)
def test_no_mark_waives_what_keeps_a_clear_from_being_sent_twice_or_told_wrongly(name: str) -> None:
    assert judged(one(name, "marked", "never: ours is different")) == "partial"


def test_of_a_test_in_several_kinds_one_that_failed_counts() -> None:
    kit = Kit(None, None)  # no hook that needs them is called
    name = "test_driver_a_clear_whose_answer_is_lost_is_unknown"
    here = (str(FOLDER / "test_driver_faults.py"), 1, "Skipped: driver x does not claim: clear")
    for kind, outcome, why in (("one", "failed", "told as known"), ("two", "skipped", here), ("three", "passed", None)):
        report = pytest.TestReport(f"x.py::{name}[{kind}]", ("x.py", 1, name), {}, outcome, why, "call")
        kit.pytest_runtest_logreport(report)
    assert [found.outcome for found in kit._results.values()] == ["failed"]
