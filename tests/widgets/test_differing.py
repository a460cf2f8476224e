"""Step ④ names the invoices that differ."""

from __future__ import annotations

from typing import Any

import pytest
from fapiao_widgets.viewmodels import differing, previewing
from fapiao_widgets.viewmodels.frame import Frame
from fapiao_widgets.viewmodels.session import Session
from widget_shapes import preview, run, unit

from fapiao_kernel.api.differences import DifferenceView
from fapiao_kernel.domain.clearing import State

NOTHING: dict[str, Any] = {"count": 0, "shown": []}


def brief(number: int, **changes: Any) -> dict[str, Any]:
    return {"code": "3300264130", "number": f"{number:08}", "issue_date": "2026-10-03", "total": "1130.00", **changes}


def listed(*rows: dict[str, Any], count: int = 0) -> dict[str, Any]:
    return {"count": count or len(rows), "shown": list(rows)}


def entry(**changes: Any) -> DifferenceView:
    fields = {"invoice_type": "004", "period": "2026-10", "by": "card_list", "list_agrees": True}
    lists = dict.fromkeys(("only_card", "only_ledger", "other"), NOTHING)
    return DifferenceView.model_validate({**fields, **lists, **changes})


def block(**changes: Any) -> dict[str, Any]:
    (made,) = differing.differences(
        preview([unit("004", State.PREVIEWED)]).model_copy(update={"differences": [entry(**changes)]})
    )
    assert made["kind"] == "more"
    return made


def rows(made: dict[str, Any]) -> list[list[str]]:
    return [row for inner in made["blocks"] if inner["kind"] == "table" for row in inner["rows"]]


def words(made: dict[str, Any]) -> list[str]:
    return [inner["text"] for inner in made["blocks"] if inner["kind"] == "text"]


def test_an_invoice_of_the_device_alone_stands_with_its_amount_in_the_devices_column() -> None:
    made = block(only_card=listed(brief(7)))
    assert made["summary"] == "专票 2026-10：相差的发票 1 张"
    (table,) = made["blocks"]
    assert [column["text"] for column in table["columns"]] == [
        "发票代码", "发票号码", "开票日期", "设备金额", "发票库金额", "说明",
    ]  # fmt: skip
    assert rows(made) == [["3300264130", "00000007", "2026-10-03", "1,130.00", "", "只在设备上"]]


def test_an_invoice_of_the_ledger_alone_stands_in_the_ledgers_column_and_says_that_it_is_void() -> None:
    made = block(only_ledger=listed(brief(8, void=True)))
    assert rows(made) == [["3300264130", "00000008", "2026-10-03", "", "1,130.00", "只在发票库 · 作废"]]


@pytest.mark.parametrize(
    ("ledger", "shown", "why"),
    [
        ({"total": "1130.01"}, "1,130.01", "金额不同"),
        ({"void": True}, "1,130.00", "状态不同：设备正常，发票库作废"),
        ({"red": True, "void": True}, "1,130.00", "状态不同：设备正常，发票库红字、作废"),
    ],
)
def test_an_invoice_that_both_have_says_what_is_not_alike(ledger: dict[str, Any], shown: str, why: str) -> None:
    both = {"code": "3300264130", "number": "00000009", "card": brief(9), "ledger": brief(9, **ledger)}
    assert rows(block(other=listed(both))) == [["3300264130", "00000009", "2026-10-03", "1,130.00", shown, why]]


def test_a_device_that_cannot_list_says_so_and_how_many_stay_without_a_number() -> None:
    gap = {"code": "3300264130", "number": "00000012"}
    made = block(by="volume_gaps", list_agrees=None, only_card=listed(gap), unnamed=2)
    assert made["summary"].endswith("3 张")
    assert words(made)[0].startswith("设备没有列出发票明细") and words(made)[1] == "另有 2 张说不出号码"
    assert rows(made) == [["3300264130", "00000012", "", "", "", "发票库中断号"]]


def test_a_list_that_does_not_come_to_the_devices_own_statistics_is_only_a_hint() -> None:
    assert any("仅供参考" in said for said in words(block(list_agrees=False, only_card=listed(brief(7)))))


def test_a_long_list_is_cut_and_the_rest_counted_without_hiding_the_other_lists() -> None:
    many = listed(*(brief(n) for n in range(200)), count=5_000)
    made = block(only_card=many, only_ledger=listed(brief(999)))
    assert len(rows(made)) == differing.LISTED + 1
    assert words(made) == [f"还有 {5_000 - differing.LISTED:,} 张，这里不列出"]
    assert rows(made)[-1][1] == "00000999"


def test_a_unit_of_which_nothing_can_be_named_has_no_empty_table() -> None:
    made = block(by="volume_gaps", list_agrees=None, unnamed=4)
    assert rows(made) == [] and "另有 4 张说不出号码" in words(made)


def test_the_frozen_preview_shows_them_right_under_the_statistics() -> None:
    view = run(State.PREVIEWED)
    assert view.preview is not None
    told = view.preview.model_copy(update={"differences": [entry(only_card=listed(brief(7)))]})
    view = view.model_copy(update={"preview": told})
    shown = previewing.look(view, Frame("清卡"), Session())
    summaries = [made.get("caption") or made.get("summary") for made in shown["blocks"]]
    at = summaries.index("专票 2026-10：相差的发票 1 张")
    assert summaries[at - 1] == "与设备月统计核对"


def test_without_differences_nothing_is_added() -> None:
    assert differing.differences(preview([unit("004", State.PREVIEWED)])) == []
