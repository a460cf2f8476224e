"""DESIGN §10, to the letter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Fapiao = Callable[..., "object"]


def test_help_names_every_verb(fapiao) -> None:
    ran = fapiao("--help")
    assert ran.code == 0
    for verb in (
        "demo",
        "lab",
        "import",
        "status",
        "preview",
        "clear",
        "journal",
        "verify",
        "agent",
        "devices",
        "plugins",
        "doctor",
        "backup",
    ):
        assert verb in ran.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("status", "--no-such-option"),
        ("demo", "--size", "many"),
        ("no-such-verb",),
        ("clear", "--revision", "r"),
        ("clear", "--revision", "r", "--confirm", "no comma"),
    ],
)
def test_wrong_use_is_exit_2_and_one_error_object(fapiao, arguments) -> None:
    ran = fapiao(*arguments, "--json")
    assert ran.code == 2
    assert set(ran.value) == {"error"}
    assert set(ran.value["error"]) >= {"code", "sentence", "effect", "remedy", "who"}
    assert ran.err


def test_stopping_an_agent_that_does_not_run_is_done(fapiao, home: Path) -> None:
    ran = fapiao("agent", "stop", "--json")
    assert (ran.code, ran.value["running"]) == (0, False)
    assert not (home / "agent.token").exists()


def test_starting_twice_names_the_same_agent_and_stopping_ends_it(fapiao) -> None:
    first, second = fapiao("agent", "start", "--json"), fapiao("agent", "start", "--json")
    assert (first.code, second.code) == (0, 0)
    assert first.value["pid"] == second.value["pid"]
    stopped = fapiao("agent", "stop", "--json")
    assert (stopped.code, stopped.value) == (0, {"stopped": True, "running": False})
    assert fapiao("agent", "stop").code == 0


def test_the_journal_of_a_fresh_home_verifies_without_an_agent(fapiao, home: Path) -> None:
    ran = fapiao("journal", "verify", "--json")
    assert (ran.code, ran.value) == (0, {"ok": True, "records": 0, "first_bad": None})
    assert not (home / "agent.json").exists()


def test_a_changed_journal_is_exit_1_with_file_line_and_reason(fapiao, home: Path) -> None:
    fapiao("agent", "start")
    fapiao("agent", "stop")
    (file,) = (home / "journal").glob("*.jsonl")
    file.write_text(file.read_text().replace("agent.started", "agent.startet"))
    ran = fapiao("journal", "verify", "--json")
    assert (ran.code, ran.value["ok"]) == (1, False)
    assert set(ran.value["first_bad"]) == {"file", "line", "reason"}
    assert (ran.value["first_bad"]["file"], ran.value["first_bad"]["line"]) == (str(file), 1)


def test_the_status_of_a_fresh_home(fapiao) -> None:
    ran = fapiao("status", "--json")
    assert ran.code == 0
    assert set(ran.value) == {"agent", "cards", "runs"}
    assert set(ran.value["agent"]) == {"url", "pid", "version"}
    assert (ran.value["cards"], ran.value["runs"]) == ([], [])


def test_the_openapi_document_needs_no_agent(fapiao, home: Path) -> None:
    ran = fapiao("agent", "openapi", "--json")
    assert ran.code == 0
    assert ran.value["openapi"].startswith("3.")
    assert not (home / "agent.json").exists()


def test_a_file_without_invoices_is_rejected_with_exit_1(fapiao, tmp_path: Path) -> None:
    bad = tmp_path / "bad.xlsx"
    bad.write_bytes(b"PK not a zip")
    ran = fapiao("import", str(bad), str(tmp_path / "absent.ofd"), "--json")
    assert ran.code == 1
    files = {file["file"]: file for file in ran.value["files"]}
    assert set(files) == {str(bad), str(tmp_path / "absent.ofd")}
    for file in files.values():
        assert file["status"] == "rejected"
        assert file["invoices"] == []
        assert len(file["findings"]) == 1
        assert set(file["findings"][0]) == {"code", "severity", "message", "row"}


def test_a_preview_without_a_card_is_wrong_use(fapiao) -> None:
    ran = fapiao("preview", "--json")
    assert (ran.code, ran.value["error"]["code"]) == (2, "no_card")
