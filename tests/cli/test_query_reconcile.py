"""``fapiao query`` and ``fapiao reconcile`` on a practice home."""

from __future__ import annotations

from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from fapiao_kernel.cli.main import main
from fapiao_kernel.client import connect
from tests.cli.conftest import Ran


def test_queries_and_reconciliation_from_the_terminal(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One practice home and one process for all of it: an agent and a world take their seconds."""

    def fapiao(*arguments: str) -> Ran:
        code = main(arguments)
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    listed = fapiao("query", "--json")
    assert listed.code == 0 and {"by_unit", "against_return"} <= {each["name"] for each in listed.value["queries"]}
    with connect(home) as client:
        client.practice_start(size=50)
        month = client.reconcile(client.status().cards[0].address).periods[-1].period

    asked = fapiao("query", "by_unit", "--param", f"period={month}", "--json")
    assert asked.code == 0, asked.err
    assert asked.value["count"] == len(asked.value["rows"]) > 0
    first = asked.value["rows"][0]
    assert (first["period"], first["state"]) == (f"{month}-01", "open")
    assert first["total"].count(".") == 1 and len(first["total"].partition(".")[2]) == 2
    shown = fapiao("query", "by_unit")
    assert shown.code == 0 and "价税合计" in shown.out
    assert "专票" in shown.out and "未清" in shown.out and f"{month}-01" not in shown.out

    file = tmp_path / "单元.xlsx"
    saved = fapiao("query", "by_unit", "--out", str(file), "--json")
    assert (saved.code, saved.value["count"], saved.value["out"]) == (0, len(asked.value["rows"]), str(file))
    sheet = CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()
    assert sheet[0][0] == "机器编号" and len(sheet) == saved.value["count"] + 1
    again = fapiao("query", "by_unit", "--out", str(file), "--json")
    assert (again.code, again.value["error"]["code"]) == (2, "export_exists")
    wrong = fapiao("query", "by_unit", "--param", "month=1", "--json")
    assert (wrong.code, wrong.value["error"]["code"]) == (2, "query_parameter")

    unknown = fapiao("reconcile", "--json")
    assert unknown.code == 1 and unknown.value["agreement"] == "unknown"
    total = sum_of(asked.value["rows"])
    agreed = fapiao("reconcile", "--period", month, "--stated", f"设备={total}", "--json")
    assert (agreed.code, agreed.value["agreement"]) == (0, "agrees"), agreed.out
    differs = fapiao("reconcile", "--period", month, "--stated", "设备=1.00")
    assert differs.code == 1
    assert "有差异" in differs.out and "对申报表" in differs.out and "差额可能来自" in differs.out
    vague = fapiao("reconcile", "--stated", "=1.00", "--json")
    assert (vague.code, vague.value["error"]["code"]) == (2, "bad_request")


def sum_of(rows: list[dict[str, str]]) -> str:
    fen = sum(int(row["total"].replace(".", "")) for row in rows)
    return f"{fen // 100}.{fen % 100:02d}"
