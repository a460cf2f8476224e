"""``fapiao demo``, and what its home then says."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

KEYS = {"open_before", "open_after", "cleared_before", "cleared_after", "all_before", "all_after"}


def test_the_demo_clears_and_prints_its_object(fapiao, home: Path) -> None:
    place = home / "demo"
    ran = fapiao("demo", "--size", "60", "--home", str(place), "--json")
    assert ran.code == 0, ran.err
    value = ran.value
    assert set(value) == {"verdict", "units", "invoices", "amounts", "record", "bundle", "backups", "home", "seconds"}
    assert value["verdict"] == "cleared"
    assert [(u["invoice_type"], u["outcome"]) for u in value["units"]] == [("004", "cleared"), ("007", "cleared")]
    for unit in value["units"]:
        assert set(unit) == {"invoice_type", "period", "outcome", "lock_date_before", "lock_date_after"}
        assert unit["lock_date_before"] < unit["lock_date_after"]
    assert set(value["invoices"]) == set(value["amounts"]) == KEYS
    counts, amounts = value["invoices"], {name: Decimal(text) for name, text in value["amounts"].items()}
    assert counts["open_before"] == counts["cleared_after"] == counts["all_after"] > 0
    assert counts["open_after"] == counts["cleared_before"] == 0
    assert amounts["open_before"] == amounts["cleared_after"] != 0
    assert value["home"] == str(place)
    assert len(value["backups"]) == 2
    for path in (value["record"], value["bundle"], *value["backups"]):
        assert Path(path).is_absolute() and Path(path).is_file()
    assert {"practice", "sample", "import", "check", "backup", "report", "preview", "confirm", "execute"} <= set(
        value["seconds"]
    )
    assert not (place / "agent.json").exists(), "the demo ends the agent that it started"
    assert not list((place / "practice").glob("*.pid")), "and the practice world"
    _the_home_agrees(fapiao, place, value)


def _the_home_agrees(fapiao, place: Path, value: dict[str, object]) -> None:
    verified = fapiao("journal", "verify", "--home", str(place), "--json")
    assert (verified.code, verified.value["ok"]) == (0, True)
    bundle = fapiao("verify", "bundle", str(value["bundle"]), "--json")
    assert (bundle.code, bundle.value["ok"]) == (0, True), bundle.out
    assert set(bundle.value) == {"ok", "findings", "not_known"}
    status = fapiao("status", "--home", str(place), "--json").value
    (card,) = status["cards"]
    assert set(card) == {"address", "device_number", "taxpayer_id", "verdict", "lock_date", "simulated"}
    assert (card["address"], card["verdict"], card["simulated"]) == ("gb18240+sim://novice", "cleared", True)
    assert [run["over"] for run in status["runs"]] == [True]
    assert fapiao("agent", "stop", "--home", str(place)).code == 0


def test_preview_then_clear_by_the_command_line(fapiao, home: Path) -> None:
    from fapiao_kernel.client import connect

    with connect(home) as client:
        practice = client.practice_start(size=60)
        waits = fapiao("preview", "--json")
        assert (waits.code, waits.value["error"]["code"]) == (3, "waits_for_report")
        waits = fapiao("preview", "--report", "--pin-stdin", "--json", stdin=practice.pin + "\n")
        assert (waits.code, waits.value["error"]["code"]) == (3, "declaration_not_seen")
        client.file_return(client.runs()[-1].id)
        shown = fapiao("preview", "--json")
        assert shown.code in (0, 1), shown.err
        assert set(shown.value) == {"revision", "units", "verdict", "findings"}
        assert set(shown.value["units"][0]) == {"invoice_type", "period", "count", "total", "digest"}
        revision, period = shown.value["revision"], shown.value["units"][0]["period"]
        typed = f"{practice.device_number[-4:]}, {period}"
        wrong = fapiao(
            "clear", "--revision", revision, "--confirm", f"0000x, {period}", "--pin-stdin", "--json", stdin="1\n"
        )
        assert wrong.code in (2, 3) and set(wrong.value) == {"error"}
        stale = fapiao("clear", "--revision", "another", "--confirm", typed, "--pin-stdin", "--json", stdin="1\n")
        assert (stale.code, stale.value["error"]["code"]) == (3, "preview_changed")
        cleared = fapiao(
            "clear", "--revision", revision, "--confirm", typed, "--pin-stdin", "--json", stdin=practice.pin
        )
        assert cleared.code == 0, cleared.err
        assert set(cleared.value) == {"run", "verdict", "units", "record", "bundle", "findings"}
        assert cleared.value["verdict"] == "cleared"
        typed = typed.replace(", ", "，")
        again = fapiao("clear", "--revision", revision, "--confirm", typed, "--pin-stdin", "--json", stdin=practice.pin)
        assert (again.code, again.value["run"]) == (0, cleared.value["run"]), (
            "the same clear asked for again is the same clear"
        )
        client.practice_stop()


def test_a_lost_reply_is_settled_by_reading_back_in_the_home_that_the_environment_names(fapiao, home: Path) -> None:
    ran = fapiao("demo", "--size", "40", "--fault", "lost-reply", "--json")
    assert ran.code in (0, 1), ran.err
    assert ran.value["home"] == str(home)
    assert ran.value["units"][0]["outcome"] in ("cleared", "already_cleared")


def test_an_unknown_fault_is_wrong_use(fapiao, tmp_path: Path) -> None:
    ran = fapiao("demo", "--fault", "no-such-fault", "--home", str(tmp_path / "x"), "--json")
    assert ran.code == 2
    assert set(ran.value) == {"error"}


def test_several_paths_may_follow_invoices() -> None:
    code = "import json; from fapiao_kernel.cli.demo import spread; import sys; print(json.dumps(spread(sys.argv[1:])))"
    arguments = ["demo", "--invoices", "a", "b", "--json", "--invoices", "c", "--size", "5"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    spread = ["demo", "--invoices", "a", "--invoices", "b", "--json", "--invoices", "c", "--size", "5"]
    assert json.loads(done.stdout) == spread
