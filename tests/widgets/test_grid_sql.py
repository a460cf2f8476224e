"""「现在看到的就是这条查询」 and the ready-made queries' SQL, held to by a real agent over a practice month."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fapiao_widgets.viewmodels import querying
from fapiao_widgets.viewmodels.grid import Grid
from fapiao_widgets.viewmodels.pages import FACETED, SHOWN, STATES, AgentPages

from fapiao_kernel.client import Client, connect
from tests.conftest import end_processes


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    home: Path = tmp_path_factory.mktemp("grid") / "home"
    made = connect(home)
    made.practice_start(size=60)
    yield made
    made.practice_stop()
    made.stop()
    end_processes(home)


VIEWS: list[dict[str, Any]] = [
    *({"state": state} for state in STATES),
    {"typed": {"amount": ">=1000", "invoice_type": "专票", "status": "正常"}},
    {"typed": {"buyer_name": "（", "period": "2026-10", "red": "否"}},
    {"typed": {"rate": "13%", "issue_date": "2026-10-01..2026-10-15", "lines": ">=1", "code": "3"}},
    {"sort": [{"column": "total", "descending": True}], "typed": {"number": "1"}},
]


@pytest.mark.parametrize("asked", VIEWS, ids=str)
def test_the_query_of_what_is_seen_gives_what_is_seen(client: Client, asked: dict[str, Any]) -> None:
    grid = Grid(AgentPages(client))
    grid.answer({"ask": "page", "limit": 1})
    page = grid.answer({"ask": "page", "limit": 500, "view": asked})
    assert "failure" not in page and not page["wrong"]
    rows = client.query(page["sql"]).relation
    at = [column["name"] for column in page["columns"]].index("number")
    assert rows.columns == [name for name in SHOWN if name != "state" or "state" in rows.columns]
    assert [row[0] for row in rows.select("number").fetchall()] == [row[at] for row in page["rows"]]
    assert grid.answer({"ask": "totals", "view": asked})["count"] == len(page["rows"])


@pytest.mark.parametrize("column", FACETED)
def test_every_part_of_a_summary_narrows_down_to_its_count(client: Client, column: str) -> None:
    grid = Grid(AgentPages(client))
    grid.answer({"ask": "page", "limit": 1})
    facet = grid.answer({"ask": "facet", "column": column})
    count = grid.answer({"ask": "totals"})["count"]
    assert sum(part["count"] for part in facet["parts"]) + facet["rest_count"] == count or not facet["parts"]
    for part in [each for each in facet["parts"] if each["count"]][:4]:
        assert grid.answer({"ask": "totals", "view": {"picked": [part]}})["count"] == part["count"]


def test_a_ready_made_query_written_out_gives_the_same_rows(client: Client) -> None:
    for query in client.queries():
        given = {p["name"]: "2026-10-01" for p in query["params"] if p["name"] == "period"}
        if sql := querying.written_out(query, given):
            expected = client.named(query["name"], **given)
            rows = client.query(sql).relation
            assert (rows.columns, sorted(map(str, rows.fetchall()))) == (
                expected.columns,
                sorted(map(str, expected.fetchall())),
            ), query["name"]
