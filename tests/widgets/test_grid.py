"""The paged grid's view model, over the agent's answers and over a relation in the kernel."""

from __future__ import annotations

import queue
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from fapiao_widgets.viewmodels import sqltext
from fapiao_widgets.viewmodels.grid import Grid
from fapiao_widgets.viewmodels.local_pages import LocalPages
from fapiao_widgets.viewmodels.pages import AgentPages
from fapiao_widgets.views.grid import GridView, _look
from hypothesis import given
from hypothesis import strategies as st

from fapiao_kernel.api.shapes import WorkView
from fapiao_kernel.client import RequestError
from fapiao_kernel.records.ledger.names import normalised

COLUMNS = [{"name": n, "kind": "text", "zh": n, "en": n} for n in ("invoice_type", "number", "amount", "status")]


class FakeLedger:
    """Answers as the agent does, over ten invoices; writes down what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
        self.refuse: dict[str, Exception] = {}
        self.count = 10
        self.working: list[str] = []
        self.during: Callable[[], None] = lambda: None

    def _asked(self, name: str, view: dict[str, Any], **more: Any) -> None:
        self.asked.append((name, view, more))
        if name in self.refuse:
            raise self.refuse[name]

    def census(self) -> dict[str, Any]:
        return {"all": {"count": self.count}}

    def grid_page(self, view: Any, limit: int = 200, after: str = "", offset: int | None = None) -> dict[str, Any]:
        self._asked("page", view, limit=limit, after=after, offset=offset)
        start = int(after) if after else offset or 0
        rows = [
            ["004", f"{n:08}", "1234567.80", "void" if n == 1 else "normal"]
            for n in range(start, min(start + limit, 10))
        ]
        return {
            "columns": COLUMNS,
            "rows": rows,
            "next": str(start + limit) if start + limit < 10 else "",
            "offset": start,
        }

    def grid_totals(self, view: Any) -> dict[str, Any]:
        self._asked("totals", view)
        sums = {"amount": "11111110.20", "tax": "0.10", "total": "11111110.30"}
        return {"count": 10, "voids": 1, "reds": 0, "sums": sums}

    def grid_facets(self, view: Any, column: str) -> dict[str, Any]:
        self._asked("facets", view, column=column)
        bins = [{"from": "0.00", "to": "9.99", "count": 4}, {"from": "10.00", "to": "20.00", "count": 6}]
        values = [{"value": "004", "count": 7}, {"value": None, "count": 2}]
        numeric = column == "amount"
        return {
            "column": column,
            "count": 10,
            "distinct": 3,
            "values": [] if numeric else values,
            "bins": bins if numeric else [],
        }

    def reopen(self) -> None:
        self.asked.append(("reopen", {}, {}))
        self.refuse.clear()

    def status(self) -> Any:
        return SimpleNamespace(work=[WorkView(id=id, label="写文件", done=1200, total=2000) for id in self.working])

    def stop_export(self, id: str) -> bool:
        self.working.remove(f"export {id}")
        return True

    def grid_export(self, view: Any, format: str, path: str, id: str) -> dict[str, Any]:
        self._asked("export", view, format=format, path=path)
        self.working.append(f"export {id}")
        self.during()
        return {"path": path, "rows": 10, "digest": "ab" * 32, "sha256": "cd" * 32}


@pytest.fixture
def ledger() -> FakeLedger:
    return FakeLedger()


@pytest.fixture
def grid(ledger: FakeLedger, tmp_path: Path) -> Grid:
    made = Grid(AgentPages(ledger), {"scope": {"state": "open"}}, tmp_path)
    made.answer({"ask": "page", "limit": 4})
    ledger.asked.clear()
    return made


def test_amounts_are_exact_text_with_separators_and_codes_are_words(grid: Grid) -> None:
    answer = grid.answer({"ask": "page", "limit": 4, "id": 7, "to": "me"})
    assert answer["rows"][1] == ["专票", "00000001", "1,234,567.80", "作废"]
    assert answer["voids"] == [1] and (answer["id"], answer["to"]) == (7, "me")


def test_going_on_asks_from_where_the_page_before_ended_and_a_jump_by_its_place(grid: Grid, ledger: FakeLedger) -> None:
    for offset in (0, 4, 9):
        grid.answer({"ask": "page", "limit": 4, "offset": offset})
    assert [(more["after"], more["offset"]) for _, _, more in ledger.asked] == [("", 0), ("4", None), ("", 9)]


def test_a_place_of_another_view_is_never_gone_on_from(grid: Grid, ledger: FakeLedger) -> None:
    grid.answer({"ask": "page", "limit": 4, "offset": 4, "view": {"typed": {"amount": ">5"}}})
    assert ledger.asked[-1][2]["after"] == ""


def test_a_ledger_that_changed_between_two_pages_is_said(grid: Grid, ledger: FakeLedger) -> None:
    ledger.refuse["page"] = RequestError.of("grid_changed") if _known("grid_changed") else _changed()
    assert grid.answer({"ask": "page", "limit": 4, "offset": 4})["outdated"] is True


def _known(code: str) -> bool:
    try:
        RequestError.of(code)
    except KeyError:
        return False
    return True


def _changed() -> RequestError:
    error = RequestError.of("agent_unreachable")
    error.code = "grid_changed"
    return error


def test_a_refusal_is_a_failure_card(grid: Grid, ledger: FakeLedger) -> None:
    ledger.refuse["totals"] = RequestError.of("agent_unreachable")
    assert grid.answer({"ask": "totals"})["failure"]["kind"] == "failure"


def test_what_is_typed_and_picked_narrows_within_the_scope(grid: Grid, ledger: FakeLedger) -> None:
    view = {
        "typed": {"amount": ">=5", "number": "0"},
        "picked": [{"filters": [{"column": "invoice_type", "op": "=", "value": "004"}]}],
        "sort": [{"column": "amount", "descending": True}],
    }
    grid.answer({"ask": "totals", "view": view})
    _, asked, _ = ledger.asked[-1]
    assert asked["scope"] == {"state": "open"}
    assert [f["column"] for f in asked["filters"]] == ["amount", "number", "invoice_type"]
    assert asked["sort"] == [{"column": "amount", "descending": True}]


def test_a_text_that_cannot_be_read_is_said_and_narrows_nothing(grid: Grid, ledger: FakeLedger) -> None:
    answer = grid.answer({"ask": "page", "limit": 4, "view": {"typed": {"amount": "多少"}}})
    assert "金额" in answer["wrong"]["amount"] and ledger.asked[-1][1]["filters"] == []


def test_a_column_that_there_is_not_is_never_asked_for(grid: Grid, ledger: FakeLedger) -> None:
    view = {
        "sort": [{"column": "1; drop table invoice"}],
        "picked": [{"filters": [{"column": "x", "op": "=", "value": "1"}]}],
    }
    grid.answer({"ask": "page", "limit": 4, "view": view})
    assert ledger.asked[-1][1]["sort"] == [] and ledger.asked[-1][1]["filters"] == []


def test_a_summary_does_not_narrow_itself(grid: Grid, ledger: FakeLedger) -> None:
    view = {"typed": {"invoice_type": "专票", "amount": ">5"}}
    answer = grid.answer({"ask": "facet", "column": "invoice_type", "view": view})
    assert [f["column"] for f in ledger.asked[-1][1]["filters"]] == ["amount"]
    assert [part["told"] for part in answer["parts"]] == ["专票：7 张", "（空）：2 张"]
    assert answer["parts"][1]["filters"] == [{"column": "invoice_type", "op": "empty", "value": True}]
    assert (answer["rest"], answer["rest_count"]) == ("其余 1 种", 1)


def test_a_bar_of_a_histogram_filters_by_its_own_bounds(grid: Grid) -> None:
    answer = grid.answer({"ask": "facet", "column": "amount"})
    assert [(f["op"], f["value"]) for f in answer["parts"][1]["filters"]] == [(">=", "10.00"), ("<=", "20.00")]
    assert answer["ends"] == ("0", "20")


def test_the_foot_says_the_sums_of_all_and_that_voids_are_zero_in_them(grid: Grid) -> None:
    told = grid.answer({"ask": "totals"})["sentence"]
    assert told == "共 10 张 · 金额 11,111,110.20 · 税额 0.10 · 价税合计 11,111,110.30，作废 1 张（合计中按 0 计）"
    narrowed = grid.answer({"ask": "totals", "view": {"typed": {"number": "1"}}})
    assert narrowed["sentence"].endswith("（已筛选）")


def test_after_a_lost_agent_going_on_brings_one_back_and_the_device_is_untouched(
    grid: Grid, ledger: FakeLedger
) -> None:
    ledger.refuse["page"] = RequestError.of("agent_unreachable")
    failed = grid.answer({"ask": "page", "limit": 4})
    assert dict(failed["failure"]["rows"])["设备有没有被改动"] == "没有"
    assert len(grid.answer({"ask": "page", "limit": 4})["rows"]) == 4
    grid.answer({"ask": "page", "limit": 4})
    assert [name for name, _, _ in ledger.asked] == ["page", "reopen", "page", "page"]


def test_an_export_under_way_says_how_far_it_is_and_can_be_stopped(grid: Grid, ledger: FakeLedger) -> None:
    told: list[Any] = []

    def during() -> None:
        told.append(grid.far())
        grid.stop()
        told.append((grid.far(), list(ledger.working)))

    ledger.during = during
    grid.answer({"ask": "export", "format": "csv"})
    assert told == ["写文件 1,200 / 2,000", ("", [])]
    assert grid.far() == ""


def test_an_export_never_takes_a_name_that_is_there(grid: Grid, ledger: FakeLedger, tmp_path: Path) -> None:
    (tmp_path / "发票-1.xlsx").touch()
    answer = grid.answer({"ask": "export", "format": "xlsx"})
    assert Path(ledger.asked[-1][2]["path"]).name == "发票-2.xlsx"
    assert (
        "10 行" in answer["exported"] and "abababababababab" in answer["exported"] and "cd" * 32 in answer["exported"]
    )


def test_a_folder_that_takes_no_file_is_said(tmp_path: Path) -> None:
    made = Grid(LocalPages(duckdb.sql("SELECT 1 AS a"), ""), folder=tmp_path / "missing")
    assert "没有导出" in made.answer({"ask": "export", "format": "csv"})["problem"]


def test_a_changed_ledger_is_noticed_and_an_unchanged_one_is_not(grid: Grid, ledger: FakeLedger) -> None:
    assert not grid.changed()
    ledger.count = 11
    assert grid.changed()


def test_the_query_of_what_is_seen_is_written_as_a_person_would() -> None:
    view = {
        "scope": {"state": "open", "period": "2026-10"},
        "filters": [
            {"column": "amount", "op": ">=", "value": "100"},
            {"column": "number", "op": "contains", "value": "4'2"},
            {"column": "invoice_type", "op": "in", "value": ["004", "007"]},
        ],
        "sort": [{"column": "amount", "descending": True}],
    }
    assert sqltext.of_view(view, ("code", "number", "amount", "state")) == (
        "SELECT code, number, amount\nFROM open_invoice\nWHERE period = '2026-10-01'\n  AND amount >= '100'\n"
        "  AND contains(number, '4''2')\n  AND invoice_type IN ('004', '007')\nORDER BY amount DESC, code, number"
    )
    assert "FROM current_invoice\nWHERE state = 'card_unknown'" in sqltext.of_view({"scope": {"state": "card_unknown"}})


@given(st.text(max_size=12))
def test_names_are_compared_as_the_ledger_does(name: str) -> None:
    assert sqltext.alike(name) == normalised(name)


@pytest.mark.parametrize("state", [None, "open", "; drop"])
def test_the_scope_is_chosen_from_those_there_are(grid: Grid, ledger: FakeLedger, state: Any) -> None:
    grid.base["scope"] = {"state": "cleared"}
    grid.answer({"ask": "totals", "view": {"state": state}})
    assert ledger.asked[-1][1]["scope"] == {"state": "open" if state == "open" else "cleared"}


def test_the_widgets_state_holds_no_row(ledger: FakeLedger) -> None:
    view = GridView(Grid(AgentPages(ledger)), "发票")
    own = {n for n in view.keys if not n.startswith("_") and n not in ("layout", "tabbable", "tooltip", "comm")}
    view.close()
    assert own == {"words", "name", "none", "nothing", "states", "stops"}


def test_a_bug_of_ours_is_a_failure_card_of_the_very_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    view = GridView(Grid(LocalPages(duckdb.sql("SELECT 1 AS a"), "")), "结果")
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(view, "send", sent.append)
    view._received(view, {"ask": "facet", "column": "nothing", "id": 3, "to": "me"}, None)
    view.close()
    assert (sent[0]["id"], sent[0]["to"], sent[0]["failure"]["kind"]) == (3, "me", "failure")


def test_asks_of_the_agent_are_answered_off_the_main_thread_and_a_change_is_told(ledger: FakeLedger) -> None:
    sent: queue.Queue[tuple[int, dict[str, Any]]] = queue.Queue()
    over = threading.Event()
    ledger.changes = lambda since: over.wait(30)  # type: ignore[attr-defined]  # the long poll: nothing is heard meanwhile
    view = GridView(Grid(AgentPages(ledger)), "发票", ledger)
    view.send = lambda message: sent.put((threading.get_ident(), message))  # type: ignore[method-assign]  # its comm is not there
    view._received(view, {"ask": "page", "limit": 4, "id": 1, "to": "me"}, None)
    thread, answer = sent.get(timeout=5)
    assert thread != threading.get_ident() and len(answer["rows"]) == 4
    _look(weakref.ref(view), None)
    assert sent.empty()
    ledger.count += 1
    _look(weakref.ref(view), None)
    assert sent.get(timeout=5)[1] == {"changed": True}
    view.close()
    view._follower.stop()
    over.set()
