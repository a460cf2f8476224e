"""Errors: code, sentence, effect, remedy, who; from one catalogue in two languages."""

from __future__ import annotations

import pickle

import pytest

from fapiao_kernel.domain.errors import (
    FapiaoError,
    NotReachable,
    OutcomeUnknown,
    ProtocolError,
    Refused,
    UsageError,
    catalogue,
    finding,
)
from fapiao_kernel.domain.finding import Effect, Finding, Severity, Who


def test_an_error_carries_what_a_clerk_needs() -> None:
    error = Refused("run_open", run="r-7")
    assert error.code == "run_open"
    assert "r-7" in error.sentence
    assert error.remedy
    assert (error.who, error.effect, error.exit_code) == (Who.ME, Effect.NOT_SENT, 3)


def test_english_is_one_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAPIAO_LANG", "en")
    assert Refused("run_open", run="r-7").sentence == "This device has an open clear already: r-7"


@pytest.mark.parametrize(
    ("kind", "code"),
    [(UsageError, 2), (Refused, 3), (OutcomeUnknown, 4), (NotReachable, 5), (ProtocolError, 5), (FapiaoError, 3)],
)
def test_exit_codes_follow_the_contract(kind: type[FapiaoError], code: int) -> None:
    assert kind("bug", what="x").exit_code == code


def test_an_unknown_outcome_is_always_of_unknown_effect() -> None:
    assert OutcomeUnknown("run_open", run="x").effect is Effect.UNKNOWN


def test_an_error_becomes_a_finding_that_holds_up() -> None:
    found = Refused("nothing_to_clear", proof="x", original="09d118").finding(row=3)
    assert (found.row, found.evidence) == (3, "09d118")


def test_a_code_that_is_not_in_the_catalogue_is_a_bug() -> None:
    with pytest.raises(KeyError):
        FapiaoError("no_such_code")


def test_a_missing_fact_is_a_bug() -> None:
    with pytest.raises(KeyError):
        Refused("run_open")


def test_a_finding_takes_another_severity_when_told() -> None:
    assert finding("bug", what="x", severity=Severity.WARNING).severity is Severity.WARNING


@pytest.mark.parametrize("severity", list(Severity))
def test_unknown_is_not_ok(severity: Severity) -> None:
    held = Finding("c", severity, "m").holds_up
    assert held == (severity in (Severity.BLOCKER, Severity.UNKNOWN))


def test_no_sentence_is_empty_in_either_language() -> None:
    assert [c for c, m in catalogue().items() if not m.zh.strip() or not m.en.strip()] == []


def test_every_who_has_its_word() -> None:
    assert len({who.zh for who in Who}) == len(Who)


def test_an_error_crosses_a_process_boundary_in_its_own_words() -> None:
    raised = Refused("run_not_found", run="r1", original="x")
    again = pickle.loads(pickle.dumps(raised))
    assert type(again) is Refused
    assert (again.code, again.sentence, again.facts, again.original) == (
        "run_not_found",
        raised.sentence,
        {"run": "r1"},
        "x",
    )
    assert str(again) == str(raised)
