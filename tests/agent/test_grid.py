"""The ledger's table over a real agent (发票库表格): pages, totals, summaries, lookup, exports and their stopping."""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fapiao_kernel.agent.browsing import Browsing
from fapiao_kernel.api.grid import GridScope, GridView
from fapiao_kernel.client import Client
from fapiao_kernel.client.errors import RequestError
from fapiao_kernel.domain.clearing import Event
from fapiao_kernel.domain.home import Home
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit


def code_of(call: Any) -> str:
    with pytest.raises(RequestError) as refused:
        call()
    return refused.value.code


def test_the_table_of_a_fresh_home_is_empty_and_makes_no_ledger(client: Client, home: Path, tmp_path: Path) -> None:
    assert client.grid_page({})["rows"] == []
    assert client.grid_totals({})["sums"] == {"amount": "0.00", "tax": "0.00", "total": "0.00"}
    assert client.grid_facets({}, "amount")["bins"] == []
    assert client.lookup("00000001")["rows"] == []
    assert client.totals() == []
    assert code_of(lambda: client.grid_export({}, "csv", tmp_path / "out.csv")) == "ledger_empty"
    assert not Home(home).ledger.exists()


def test_a_table_is_read_to_its_end_and_every_way_to_count_it_agrees(
    filled: Client, home: Path, tmp_path: Path
) -> None:
    view = {
        "sort": [{"column": "amount", "descending": True}],
        "columns": ["code", "number", "amount", "state", "period"],
    }
    rows: list[list[Any]] = []
    after = ""
    while page := filled.grid_page(view, limit=20, after=after):
        rows += page["rows"]
        if not (after := page["next"]):
            break
    assert page["age"] is None
    assert [column["name"] for column in page["columns"]] == view["columns"]
    census, totals = filled.census(), filled.grid_totals(view)
    expected = census["all"]["count"] + census["fully_digital"]["count"] + census["card_unknown"]["count"]
    assert len(rows) == totals["count"] == expected == sum(each["count"] for each in filled.totals())
    assert len({(row[0], row[1]) for row in rows}) == len(rows)
    assert filled.grid_page(view, limit=5, offset=30)["rows"] == rows[30:35]
    dear = {"filters": [{"column": "amount", "op": ">=", "value": Decimal(rows[9][2])}]}  # a Decimal goes as its text
    assert filled.grid_totals(dear)["count"] == sum(Decimal(row[2]) >= Decimal(rows[9][2]) for row in rows)
    assert filled.grid_totals({"scope": {"state": "open"}})["sums"]["total"] == census["open"]["total"]
    assert sum(each["count"] for each in filled.grid_facets(view, "amount")["bins"]) == expected
    assert filled.lookup(rows[0][1], rows[0][0])["rows"][0][:2] == rows[0][:2]
    told = filled.grid_export(view, "xlsx", tmp_path / "out.xlsx")
    assert (told["rows"], Path(told["path"]).exists()) == (expected, True)
    assert told["digest"] == filled.grid_export(view, "parquet", tmp_path / "out.parquet")["digest"]
    noted = [record for record in filled.journal() if record["kind"] == "export.done"]
    assert [record["data"]["rows"] for record in noted] == [expected, expected]
    inside = Home(home)
    assert code_of(lambda: filled.grid_export(view, "csv", inside.root / "x.csv")) == "export_place"
    assert code_of(lambda: filled.grid_export(view, "csv", tmp_path / "out.xlsx")) == "export_exists"


def test_refusals_come_over_the_wire_with_their_sentence(filled: Client) -> None:
    assert code_of(lambda: filled.grid_page({"filters": [{"column": "x", "op": "=", "value": 1}]})) == "grid_column"
    assert code_of(lambda: filled.grid_page({"filters": [{"column": "amount", "op": "~", "value": 1}]})) == "grid_op"
    assert (
        code_of(lambda: filled.grid_page({"filters": [{"column": "amount", "op": "=", "value": 0.1}]})) == "grid_value"
    )
    assert code_of(lambda: filled.grid_page({}, after="nonsense")) == "grid_token"
    assert code_of(lambda: filled.grid_page({"scope": {"frozen": "no such run"}})) == "run_not_found"
    assert code_of(lambda: filled.grid_page({}, limit=0)) == "bad_request"
    assert filled.stop_export("none") is False


def test_a_run_without_a_preview_has_no_table_of_its_own(filled: Client) -> None:
    (card,) = filled.status().cards
    run = filled.open_run(card.address)
    assert code_of(lambda: filled.grid_page({"scope": {"frozen": run.id}})) == "no_frozen_preview"


def test_a_frozen_preview_is_its_units_up_to_their_watermarks() -> None:
    unit = ClearUnit("661000012345", InvoiceType.SPECIAL, Period(2026, 10))
    units = [{"invoice_type": "004", "period": "2026-10", "watermark": 3}]
    run = SimpleNamespace(facts={Event.FROZEN: {"units": units}}, device_number=unit.device_number)
    house: Any = SimpleNamespace(engine=SimpleNamespace(run={"a run": run}.__getitem__))
    view = Browsing(house, house).view(GridView(scope=GridScope(frozen="a run", state="cleared")))
    assert view.scope.frozen == ((unit.key, 3),)


def test_an_export_is_stopped_by_its_id_and_leaves_nothing(filled: Client, tmp_path: Path) -> None:
    said: list[str] = []
    folder = tmp_path / "out"
    folder.mkdir()
    begun = threading.Event()

    def ask() -> None:
        begun.set()
        try:
            filled.grid_export({}, "xlsx", folder / "out.xlsx", id="mine")
        except RequestError as error:
            said.append(error.code)

    asking = threading.Thread(target=ask)
    asking.start()
    begun.wait()
    while asking.is_alive() and not filled.stop_export("mine"):
        asking.join(0.001)
    asking.join()
    # Of 50 invoices the export may have been quicker than the stop: then its file is whole.
    assert [p.name for p in folder.iterdir()] == ([] if said == ["export_cancelled"] else ["out.xlsx"])
