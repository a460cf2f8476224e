"""Verbs beside the straight road: select, accept, cancel, recover."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from fapiao_kernel.api.runs import Confirmed
from fapiao_kernel.cli.clear import _execute
from fapiao_kernel.client import RequestError, connect


@pytest.fixture
def card(home: Path) -> str:
    with connect(home) as client:
        return client.practice_start(size=60).card


def test_a_selection_that_is_a_whole_unit_is_exact(fapiao, card) -> None:
    ran = fapiao("select", "--preset", "last-month", "--kinds", "ordinary", "--json")
    assert (ran.code, ran.value["exact"], ran.value["card"]) == (0, True, card)
    assert [(u["invoice_type"], u["period"], u["along"]) for u in ran.value["units"]] == [("007", "2026-10", "")]


def test_a_narrower_range_is_shown_against_the_unit_that_would_really_close(fapiao, card) -> None:
    ran = fapiao("select", "--from", "2026-10-01", "--to", "2026-10-10", "--json")
    assert (ran.code, ran.value["exact"]) == (1, False)
    for unit in ran.value["units"]:
        assert (unit["along"], unit["asked_count"] < unit["count"]) == ("rest", True)


def test_a_preview_of_a_narrower_range_is_refused_and_names_the_units(fapiao, card) -> None:
    ran = fapiao("preview", "--from", "2026-10-01", "--to", "2026-10-10", "--json")
    assert (ran.code, ran.value["error"]["code"]) == (3, "unit_wider_than_asked")
    assert "2026-10" in ran.value["error"]["sentence"]


def test_a_preview_that_asks_for_the_whole_units_opens_the_run(fapiao, card) -> None:
    ran = fapiao("preview", "--from", "2026-10-01", "--to", "2026-10-10", "--whole", "--json")
    assert (ran.code, ran.value["error"]["code"]) == (3, "waits_for_report")
    assert fapiao("status", "--json").value["runs"][0]["state"] == "backed_up"


def test_a_selection_beside_an_open_run_is_refused(fapiao, card) -> None:
    fapiao("preview", "--json")
    ran = fapiao("preview", "--preset", "quarter", "--json")
    assert (ran.code, ran.value["error"]["code"]) == (3, "run_open")


def test_the_punctuation_of_a_chinese_keyboard_is_understood(fapiao, card) -> None:
    ran = fapiao("select", "--types", "004，007", "--json")
    assert (ran.code, [u["invoice_type"] for u in ran.value["units"]]) == (0, ["004", "007"])
    assert fapiao("select", "--types", "004、007", "--json").code == 0


@pytest.mark.parametrize("wrong", [("--preset", "week"), ("--periods", "2026-13"), ("--invoice", "12345")])
def test_a_selection_that_means_nothing_is_wrong_use(fapiao, card, wrong) -> None:
    ran = fapiao("select", *wrong, "--json")
    assert (ran.code, ran.value["error"]["code"]) == (2, "selection_wrong")


def test_stopping_needs_an_open_run_and_ends_it(fapiao, card) -> None:
    ran = fapiao("cancel", "--json")
    assert (ran.code, ran.value["error"]["code"]) == (3, "no_open_run")
    fapiao("preview", "--json")
    ran = fapiao("cancel", "--json")
    assert (ran.code, ran.value["state"], ran.value["verdict"]) == (0, "cancelled", "cancelled")


def test_taking_on_a_warning_that_does_not_stand_is_refused(fapiao, card) -> None:
    fapiao("preview", "--json")
    ran = fapiao("accept", "statistics_differ", "--reason", "已核对", "--json")
    assert (ran.code, ran.value["error"]["code"]) == (3, "warning_not_standing")


def test_recover_says_by_four_witnesses_that_nothing_is_wrong(fapiao, card, home) -> None:
    before = [line for file in sorted((home / "journal").glob("*.jsonl")) for line in file.open()]
    ran = fapiao("recover", "--json")
    assert (ran.code, ran.value["action"], ran.value["agree"], ran.value["readable"]) == (0, "none", True, True)
    after = [line for file in sorted((home / "journal").glob("*.jsonl")) for line in file.open()]
    assert [json.loads(line)["kind"] for line in after[len(before) :]] == []


def test_a_false_alarm_without_a_run_is_kept_in_the_journal(fapiao, card, home) -> None:
    ran = fapiao("recover", "--false-alarm", "停电，以为清过了", "--json")
    assert (ran.code, ran.value["run"]) == (0, "")
    told = [json.loads(line) for file in (home / "journal").glob("*.jsonl") for line in file.open(encoding="utf-8")]
    assert [r["data"]["statement"] for r in told if r["kind"] == "recovery.false_alarm"] == ["停电，以为清过了"]


def test_going_on_from_a_device_that_did_not_clear_is_refused(fapiao, card) -> None:
    ran = fapiao("recover", "--continue", "--json")
    assert ran.code == 3
    assert ran.value["error"]["effect"] == "NOT_SENT"


def test_both_ways_at_once_is_wrong_use(fapiao) -> None:
    ran = fapiao("recover", "--continue", "--false-alarm", "x", "--json")
    assert (ran.code, ran.value["error"]["code"]) == (2, "recover_one_way")


def test_a_card_that_cannot_be_read_is_told_as_not_known(fapiao, card) -> None:
    ran = fapiao("recover", "--card", "gb18240+serial:///dev/no-such-line", "--json")
    assert (ran.code, ran.value["readable"]) == (5, False)
    assert [one["code"] for one in ran.value["findings"]] == ["device_absent"]
    assert "nothing to recover" not in ran.err


def test_a_false_alarm_needs_a_reason_also_when_it_is_left_empty(fapiao, card) -> None:
    ran = fapiao("recover", "--false-alarm", "", "--json")
    assert (ran.code, ran.value["error"]["code"]) == (2, "recovery_statement_missing")


def test_what_is_reported_already_goes_on_to_the_preview_without_report_or_pin(fapiao, card, home: Path) -> None:
    with connect(home) as client:
        practice = client.practice()
        assert practice is not None
        run = client.open_run(card)
        for act in (client.check, client.backup):
            client.wait(act(run.id).id)
        client.wait(client.report(run.id, practice.pin, client.run(run.id).period).id)
        client.file_return(run.id)
        client.cancel(run.id)
    ran = fapiao("preview", "--json")
    assert (ran.code, ran.value["verdict"]) == (0, "clearable")


def test_a_preview_of_a_run_with_an_unknown_outcome_ends_as_unknown(fapiao, home: Path) -> None:
    with connect(home) as client:
        practice = client.practice_start(size=40, fault="lost-reply")
        run = client.open_run(practice.card)
        for act in (client.check, client.backup):
            client.wait(act(run.id).id)
        client.wait(client.report(run.id, practice.pin, client.run(run.id).period).id)
        client.file_return(run.id)
        client.wait(client.declaration(run.id).id)
        view = client.wait(client.preview(run.id).id).preview
        assert view is not None
        given = client.confirm(run.id, view.revision, view.confirm_device, view.confirm_period)
        assert client.wait(client.execute(run.id, view.revision, given.token, practice.pin).id).verdict == "unknown"
    ran = fapiao("preview", "--json")
    assert ran.code == 4
    assert "--confirm" not in ran.err
    late = fapiao("cancel", "--json")
    assert (late.code, late.value["error"]["code"], late.value["error"]["effect"]) == (3, "not_cancellable", "UNKNOWN")
    other = fapiao("preview", "--preset", "quarter", "--json")
    assert other.code == 4
    with connect(home) as client, pytest.raises(RequestError) as opened:
        client.open_run(practice.card)
    assert (opened.value.code, opened.value.effect) == ("run_open", "UNKNOWN")
    again = fapiao("clear", "--revision", view.revision, "--confirm", "0000, 2026-10", "--pin-stdin")
    assert again.code == 4
    assert "fapiao recover --continue" in again.out and "record:" not in again.out
    wide = fapiao("approve", "--revision", view.revision, "--code-stdin", "--json", stdin="123456\n")
    assert (wide.code, wide.value["error"]["code"], wide.value["error"]["effect"]) == (3, "revision_used", "UNKNOWN")


def test_another_practice_address_is_no_busy_device(fapiao, card) -> None:
    ran = fapiao("preview", "--card", "gb18240+sim://other", "--json")
    assert (ran.code, ran.value["error"]["code"]) == (5, "no_practice_card")


class Waiting:
    """A client whose confirmation waits for a code."""

    def confirm(self, id: str, revision: str, tail: str, period: str) -> Confirmed:
        return Confirmed(revision=revision, token="", expires_at="", needs=["code"])


@pytest.mark.parametrize("state", ["previewed", "awaiting", "confirmed"])
def test_a_confirmation_that_still_needs_a_code_says_so_and_clears_nothing(state: str) -> None:
    steps, view = SimpleNamespace(client=Waiting()), SimpleNamespace(state=state, id="r")
    with pytest.raises(RequestError) as refused:
        _execute(steps, view, "R1", "1234", "2026-10", True)
    assert (refused.value.code, refused.value.exit_code) == ("approval_waits", 3)
    assert "验证码" in refused.value.sentence and "fapiao approve --revision R1" in refused.value.remedy
