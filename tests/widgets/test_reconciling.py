"""The reconciliation's panel: the verdict first, figures under it, then which invoices."""

from __future__ import annotations

from typing import Any

import pytest
from fapiao_widgets.viewmodels.reconciling import Reconcile, told

from fapiao_kernel.api.reconciling import ReconcileAnswer, ReturnAnswer
from fapiao_kernel.client import RequestError


def side(count: int | None, total: str, **more: Any) -> dict[str, Any]:
    return {"count": count, "total": total, **more}


def candidate(number: int, ground: str, total: str = "113.00") -> dict[str, Any]:
    sums = {"amount": "100.00", "tax": "13.00", "total": total}
    where = {"invoice_type": "082", "code": "", "number": f"{number:020d}", "issue_date": "2026-10-09"}
    return {**where, **sums, "grounds": [ground]}


def line(**changes: Any) -> dict[str, Any]:
    given = {
        "invoice_type": "004",
        "name": "专票 2026-10",
        "period": "2026-10",
        "rate": "",
        "ledger": side(3, "169.50"),
    }
    same = {"card": side(3, "169.50"), "card_apart": side(0, "0.00"), "against_card": "agrees"}
    return {**given, **same, **changes}


def answer(*lines: dict[str, Any], agreement: str = "agrees", **changes: Any) -> ReconcileAnswer:
    period = {
        **{
            "device_number": "661000012345",
            "taxpayer_id": "91330106MA2TEST01X",
            "period": "2026-10",
            "tolerance": "0.00",
        },
        **{"agreement": agreement, "against_card": "agrees", "against_return": "unknown", "fresh": True},
        **{"read_at": "2026-11-05T09:00:00+08:00", "filed": [], "lines": list(lines), "findings": [], **changes},
    }
    return ReconcileAnswer.model_validate({"card": "c", "agreement": agreement, "periods": [period]})


def blocks(panel: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [each for each in panel["blocks"] if each["kind"] == kind]


@pytest.mark.parametrize(("agreement", "said"), [("agrees", "一致"), ("differs", "有差异"), ("unknown", "不知道")])
def test_the_verdict_is_the_first_thing(agreement: str, said: str) -> None:
    assert said in told(answer(line(), agreement=agreement))["answer"]


def test_three_columns_and_how_they_agree_in_words() -> None:
    (table,) = blocks(told(answer(line(against_return="unknown"))), "table")
    assert [column["text"] for column in table["columns"]] == [
        "",
        "发票库",
        "设备",
        "申报表",
        "发票库对设备",
        "发票库对申报表",
    ]
    assert table["rows"] == [["专票 2026-10", "3 张 169.50", "3 张 169.50", "—", "✓ 一致", "? 不知道（没有读到）"]]


def test_a_difference_stands_with_its_sign_and_to_the_fen() -> None:
    apart = side(-1, "-33.90", amount="-30.00", tax="-3.90")
    (table,) = blocks(told(answer(line(against_card="differs", card_apart=apart))), "table")
    assert table["rows"][0][4] == "✕ 有差异 -1 张、金额 -30.00、税额 -3.90"


def test_a_figure_known_by_its_total_alone_says_so() -> None:
    apart = side(None, "33.90")
    (table,) = blocks(
        told(answer(line(against_return="differs", filed=side(None, "135.60"), filed_apart=apart))), "table"
    )
    assert (table["rows"][0][3], table["rows"][0][5]) == ("135.60", "✕ 有差异 价税合计 +33.90")


def explained(**changes: Any) -> dict[str, Any]:
    suspects = [{"ground": "fully_digital", "count": 2, "amount": "200.00", "tax": "26.00", "total": "226.00",
                 "shown": [candidate(1, "fully_digital"), candidate(2, "fully_digital")]}]  # fmt: skip
    return {"suspects": suspects, "exact": [], "sets": [], "whole": True, **changes}


def words(given: dict[str, Any]) -> list[str]:
    (more,) = blocks(
        told(answer(line(against_return="differs", filed_apart=side(None, "226.00"), explained=given))), "more"
    )
    return [each["text"] for each in more["blocks"] if each["kind"] == "text"]


def test_a_whole_ground_and_a_set_that_are_the_difference_are_said_first() -> None:
    assert words(explained(exact=["fully_digital"])) == ["「数电票，也要申报」的 2 张合计 226.00，正好是差额。"]
    sets = [[candidate(1, "equal"), candidate(2, "red")]]
    assert words(explained(sets=sets)) == [f"这 2 张正好是差额：{1:020d}、{2:020d}"]


def test_what_was_not_tried_is_not_called_impossible() -> None:
    assert "都试过" in words(explained())[0]
    assert "没有全试" in words(explained(whole=False))[0]


def test_opening_the_page_reads_no_card_and_the_button_does(client: Any, published: list[dict[str, Any]]) -> None:
    client._reconcile = lambda *a, **k: answer(line())
    model = Reconcile(client, published.append)
    model.refresh()
    assert "还没有对账" in published[-1]["panel"]["answer"]
    assert [name for name, _, _ in client.asked if name == "reconcile"] == []
    model.handle({"do": "reconcile", "card": "c"})
    assert "一致" in published[-1]["panel"]["answer"]


def test_a_stated_return_is_kept_and_reconciled_at_once(client: Any, published: list[dict[str, Any]]) -> None:
    back = {
        "taxpayer_id": "t",
        "period": "2026-10",
        "figures": [],
        "source": "stated",
        "told_at": "2026-11-05T09:00:00+08:00",
    }
    client._state_return = lambda *a, **k: ReturnAnswer.model_validate({"returns": [back]})
    client._reconcile = lambda *a, **k: answer(line())
    model = Reconcile(client, published.append)
    model.handle({"do": "state-return", "card": "c", "period": "2026-10", "stated": "13%=1.00/0.13；=2.00"})
    asked = {name: args for name, args, _ in client.asked}
    assert asked["state_return"] == ("c", "2026-10", ["13%=1.00/0.13", "=2.00"])
    assert asked["reconcile"] == ("c", ["2026-10"])


def test_a_refusal_is_a_card_and_the_last_answer_stays(client: Any, published: list[dict[str, Any]]) -> None:
    client._reconcile = lambda *a, **k: answer(line())
    model = Reconcile(client, published.append)
    model.handle({"do": "reconcile", "card": "c"})
    client.refuse["reconcile"] = RequestError.of("ledger_empty")
    model.handle({"do": "reconcile", "card": "c"})
    panel = published[-1]["panel"]
    assert "一致" in panel["answer"] and panel["blocks"][0]["kind"] == "failure"
