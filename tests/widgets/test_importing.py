"""Importing from a notebook: beside the page, with how far it is and a way to stop it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from fapiao_widgets.viewmodels import importing
from fapiao_widgets.viewmodels.clearing import Clearing
from widget_shapes import card, finding, run, status

from fapiao_kernel.api.ledger import FileView, ImportAnswer
from fapiao_kernel.api.shapes import WorkView
from fapiao_kernel.client import RequestError
from fapiao_kernel.domain.clearing import State


def file(name: str, outcome: Any = "imported", count: int = 3, **more: Any) -> FileView:
    return FileView(file=name, status=outcome, invoices=[], count=count, **{"findings": [], **more})


def wizard(client: Any, beside: Callable[[Callable[[], None]], None] = lambda work: work()) -> Clearing:
    made = Clearing(client, lambda view: None, beside=beside)
    made.refresh()
    return made


def drawn(made: Clearing) -> str:
    return json.dumps(made.view["panel"], ensure_ascii=False)


def working(client: Any, *work: WorkView) -> None:
    client._status = lambda: status(client.cards, list(client.views.values()), work=list(work))


UNDER_WAY = WorkView(id="import", label="十月.csv", done=120000, total=0)


def test_an_import_under_way_says_how_far_it_is_and_offers_its_end(client: Any) -> None:
    for cards, runs in (([], {}), (client.cards, {}), (client.cards, {"r": run(State.OPENED, id="r")})):
        client.cards, client.views = cards, runs
        working(client, UNDER_WAY)
        made = wizard(client)
        first, second = made.view["panel"]["blocks"][:2]
        assert (first["kind"], first["label"], first["done"]) == ("progress", "正在导入：十月.csv", 120000)
        assert [button["act"] for button in second["buttons"]] == ["cancel-import"]
        assert '"act": "import"' not in drawn(made)
        made.handle({"do": "cancel-import"})
        assert "cancel_import" in [name for name, _, _ in client.asked]


def test_an_import_goes_on_beside_the_page_and_its_end_is_told(client: Any) -> None:
    held: list[Callable[[], None]] = []
    client._import_files = lambda paths: ImportAnswer(files=[file("十月.csv", count=1234)])
    made = wizard(client, held.append)
    made.handle({"do": "import", "paths": ' "C:\\发票\\十月.csv" '})
    assert client.acts == []  # the click is over, the page is free for the cancel
    held[0]()
    assert [args for name, args, _ in client.asked if name == "import_files"] == [(["C:\\发票\\十月.csv"],)]
    assert "十月.csv：已导入，1,234 张" in drawn(made)


def test_an_import_that_is_refused_is_a_failure_card_and_one_of_nothing_is_said(client: Any) -> None:
    made = wizard(client)
    made.handle({"do": "import", "paths": "  "})
    assert client.acts == [] and "没有写文件或文件夹" in drawn(made)
    client.refuse = {"import_files": RequestError.of("import_busy")}
    made.handle({"do": "import", "paths": "/a.csv"})
    assert "import_busy" in drawn(made) and "没有写文件或文件夹" not in drawn(made)


def test_a_cancelled_import_says_so_first() -> None:
    lines = importing.told(ImportAnswer(files=[file("a.csv")], cancelled=True))
    assert lines[0].startswith("已取消") and lines[1] == "a.csv：已导入，3 张"
    assert importing.told(ImportAnswer(files=[], cancelled=True)) == ["已取消，一张也没有导入。"]


def test_of_many_files_the_outcomes_are_counted_and_the_doubtful_ones_named() -> None:
    files = [file(f"{n}.ofd", count=1) for n in range(1200)] + [file("坏.ofd", "rejected", 0, findings=[finding()])]
    lines = importing.told(ImportAnswer(files=files))
    assert lines[0] == "共 1,201 个文件：已导入 1,200、没有导入 1。"
    assert len(lines) == 2 and lines[1].startswith("坏.ofd：没有导入，0 张；")


def test_the_formats_are_named_where_files_are_asked_for(client: Any) -> None:
    for client.cards in ([], [card()]):
        assert all(word in drawn(wizard(client)) for word in ("xlsx", "CSV", "OFD", "PDF", "zip"))
