"""``fapiao issue``, ``void``, ``red``, ``find``: previewed first, one JSON object, the exit codes of DESIGN §10."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fapiao_kernel.cli.main import main
from fapiao_kernel.client import connect

HEADER = "请求流水号,票种,购方名称,购方税号,商品名称,金额,税率"
ROW = "{id},专票,北京样例有限公司,91110000600037341L,轴承,100.00,{rate}"
SPAN = {"start": "2026-11-01", "end": "2026-11-30", "lock_date": "2026-12-17", "last_report": "2026-11-05"}


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, Any]]:
    """A verb with ``--json`` in this process: its exit code and its one object."""

    def run(*arguments: str, pin: str = "") -> tuple[int, Any]:
        monkeypatch.setattr("sys.stdin", io.StringIO(pin))
        capsys.readouterr()
        code = main([*arguments, *(["--pin-stdin"] if pin else []), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


@pytest.fixture
def pin(home: Path) -> str:
    """A practice card whose span is the month that it is."""
    with connect(home) as client:
        practice = client.practice_start(size=20)
        client.practice_stop()
    file = home / "practice" / "card.json"
    state = json.loads(file.read_text(encoding="utf-8"))
    for record in state["records"]:
        record.update(SPAN)
    file.write_text(json.dumps(state), encoding="utf-8")
    return practice.pin


def requests(folder: Path, rate: str = "13%") -> str:
    file = folder / "开票.csv"
    file.write_text("\n".join([HEADER, *(ROW.format(id=id, rate=rate) for id in ("A1", "A2"))]), encoding="utf-8")
    return str(file)


def test_invoices_from_preview_to_void_and_nothing_while_one_is_held_up(ask, tmp_path: Path, pin: str) -> None:
    code, held = ask("issue", requests(tmp_path, "17%"), "--preview")
    assert (code, held["ready"]) == (1, False)
    assert [f["code"] for row in held["rows"] for f in row["findings"]] == ["issue_rate", "issue_rate"]
    code, refused = ask("issue", requests(tmp_path, "17%"), pin=pin)
    assert (code, refused["error"]["code"]) == (3, "issue_not_ready")
    assert refused["rows"] == held["rows"], "why, in the same object"

    code, empty = ask("issue", "--json-request", "[]", pin=pin)
    assert (code, empty["error"]["code"]) == (2, "issue_file_empty")

    file = requests(tmp_path)
    code, seen = ask("issue", file, "--preview")
    assert (code, seen["ready"], seen["totals"][0]["total"]) == (0, True, "226.00")
    code, done = ask("issue", file, pin=pin)
    assert (code, done["verdict"]) == (0, "done")
    numbers = [one["number"] for one in done["invoices"]]
    assert numbers == [row["number"] for row in seen["rows"]]
    code, again = ask("issue", file, pin=pin)
    assert [(one["outcome"], one["number"]) for one in again["invoices"]] == [("again", n) for n in numbers]

    series, (first, second) = done["invoices"][0]["code"], numbers
    code, unsure = ask("void", series, first, pin=pin)
    assert (code, unsure["error"]["code"]) == (3, "void_not_confirmed")
    code, voided = ask("void", series, first, "--confirm", first[-4:], pin=pin)
    assert (code, voided["invoices"][0]["void"], voided["invoices"][0]["entered"]) == (0, True, True)
    code, red = ask("red", series, second, "--confirm", second[-4:], pin=pin)
    assert (code, red["invoices"][0]["total"]) == (0, "-113.00")
    code, found = ask("find", first)
    assert (code, found["agree"], found["on_card"]["void"]) == (0, True, True)
    code, none = ask("find", "99999999")
    assert (code, none["on_card"], none["in_ledger"]) == (1, None, None)
    assert ask("issue", "--settle") == (0, {"verdict": "done", "card": done["card"], "invoices": []})


@pytest.mark.parametrize("arguments", [(), ("a.csv", "--settle"), ("--json-request", "{}", "--settle")])
def test_one_way_of_asking_at_a_time(ask, arguments: tuple[str, ...]) -> None:
    assert ask("issue", *arguments)[0] == 2
