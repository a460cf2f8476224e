"""The step rail: a total table, and a position that is derived."""

from __future__ import annotations

import pytest

from fapiao_kernel.domain.clearing import OVER, State
from fapiao_kernel.domain.steps import Step, StepState, current, rail


@pytest.mark.parametrize("state", list(State))
def test_every_state_draws_all_eight_steps(state: State) -> None:
    drawn = rail(state)
    assert list(drawn) == list(Step)
    assert len(drawn) == 8


@pytest.mark.parametrize("state", [s for s in State if s not in OVER])
def test_an_open_run_stands_at_a_step_that_asks_for_something(state: State) -> None:
    assert rail(state)[current(state)] in (StepState.ACTIVE, StepState.ATTENTION)


@pytest.mark.parametrize("state", list(State))
def test_no_step_is_done_behind_one_that_is_locked(state: State) -> None:
    marks = list(rail(state).values())
    if StepState.LOCKED in marks:
        assert set(marks[marks.index(StepState.LOCKED) :]) == {StepState.LOCKED}


def test_a_finished_run_has_done_them_all() -> None:
    assert set(rail(State.FINISHED).values()) == {StepState.DONE}
    assert current(State.FINISHED) is Step.CLOSE


def test_unknown_outcomes_ask_for_attention() -> None:
    assert rail(State.OUTCOME_UNKNOWN)[Step.CLEAR] is StepState.ATTENTION
    assert rail(State.REPORT_UNKNOWN)[Step.REPORT] is StepState.ATTENTION


def test_every_step_and_step_state_has_its_word() -> None:
    words = [*(step.zh for step in Step), *(state.zh for state in StepState)]
    assert all(words)
    assert len(set(words)) == len(words)
