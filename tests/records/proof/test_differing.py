"""The record names the invoices that differed when the preview was frozen: on the page, in the workbook, in the bundle."""

from __future__ import annotations

import json
import re
import zipfile
from html import unescape
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from fapiao_kernel.records.proof import differing
from fapiao_kernel.records.proof.bundle import PREVIEW

NOTHING: dict[str, Any] = {"count": 0, "shown": []}
CODE = "3300204130"


def row(number: int, **changes: Any) -> dict[str, Any]:
    told = {"issue_date": "2026-10-12", "total": "1130.00", "red": False, "void": False}
    return {"code": CODE, "number": f"{number:08}", **told, **changes}


def entry(**changes: Any) -> dict[str, Any]:
    lists = dict.fromkeys(("only_card", "only_ledger", "other"), NOTHING)
    told = {"by": "card_list", "unnamed": 0, "list_agrees": True}
    return {"invoice_type": "004", "period": "2026-10", **told, **lists, **changes}


def of(*rows: dict[str, Any], count: int = 0) -> dict[str, Any]:
    return {"count": count or len(rows), "shown": list(rows)}


def both(number: int, **ledger: Any) -> dict[str, Any]:
    return {"code": CODE, "number": f"{number:08}", "card": row(number), "ledger": row(number, **ledger)}


def written(story, *entries: dict[str, Any]):
    return story.record(preview={**story.facts["preview"], "differences": list(entries)})


def page(files) -> str:
    html = files.record.read_text("utf-8")
    return unescape(re.sub(r"<[^>]+>", " ", html.split("</style>")[1]))


def sheet(files) -> list[list[Any]]:
    return CalamineWorkbook.from_path(str(files.sheet)).get_sheet_by_name("差异").to_python()[2:]


ALL_THREE = entry(only_card=of(row(7)), only_ledger=of(row(8, void=True)), other=of(both(9, total="1130.01")))


def test_the_workbook_names_each_invoice_under_its_units_line(story) -> None:
    rows = sheet(written(story, ALL_THREE))
    assert [line[0] for line in rows] == ["004", "004", "004", "004", "007"]
    assert [line[6:] for line in rows[1:4]] == [
        [1130.0, "", "", "只在设备上", CODE, "00000007", "2026-10-12"],
        ["", 1130.0, "", "只在发票库 · 作废", CODE, "00000008", "2026-10-12"],
        [1130.0, 1130.01, "", "金额不同", CODE, "00000009", "2026-10-12"],
    ]


def test_the_page_lists_them_with_both_amounts(story) -> None:
    text = page(written(story, ALL_THREE))
    assert "专票 2026-10：相差的发票 3 张" in text
    for said in ("00000007", "只在设备上", "00000008", "只在发票库 · 作废", "00000009", "1,130.01", "金额不同"):
        assert said in text


@pytest.mark.parametrize(
    ("ledger", "why"),
    [({"void": True}, "状态不同：设备正常，发票库作废"), ({"red": True}, "状态不同：设备正常，发票库红字")],
)
def test_another_state_is_said_rather_than_another_amount(ledger: dict[str, Any], why: str) -> None:
    (one,) = differing.named(entry(other=of(both(9, total="0.00", **ledger))))
    assert (one.why, one.card, one.ledger) == (why, "1130.00", "0.00")


def test_the_page_shows_fifty_and_says_where_the_others_are(story) -> None:
    files = written(story, entry(only_card=of(*(row(n) for n in range(120)), count=130)))
    text = page(files)
    assert len(set(re.findall(r"000000\d\d|000001\d\d", text))) == differing.LISTED
    assert "还有 70 张，见证据包" in text and "另有 10 张只计数" in text
    rows = sheet(files)
    assert len([line for line in rows if line[9] == "只在设备上"]) == 120
    assert "另有 10 张只计数，没有逐张列出" in [line[9] for line in rows]
    assert not [line for line in rows if "证据包" in str(line[9])]


def test_the_bundle_has_what_the_page_leaves_out(story) -> None:
    told = entry(only_card=of(*(row(n) for n in range(120))))
    with zipfile.ZipFile(written(story, told).bundle) as bundle:
        assert json.loads(bundle.read(PREVIEW))["differences"] == [told]


def test_a_device_that_cannot_list_is_told_on_page_and_sheet_with_numbers_without_amounts(story) -> None:
    gap = {"code": CODE, "number": "00000012"}
    files = written(story, entry(by="volume_gaps", list_agrees=None, only_card=of(gap), unnamed=2))
    for said in ("设备没有列出发票明细", "发票库中断号", "00000012", "另有 2 张说不出号码"):
        assert said in page(files)
    found = sheet(files)
    assert found[1][6:] == ["", "", "", "发票库中断号", CODE, "00000012", ""]
    assert [line[9] for line in found[2:4]] == ["设备没有列出发票明细，号码按发票卷推断", "另有 2 张说不出号码"]


def test_a_list_that_does_not_come_to_the_devices_statistics_is_told(story) -> None:
    assert "设备的明细与它自己的月统计不一致" in page(written(story, entry(list_agrees=False, only_card=of(row(1)))))


def test_a_preview_that_names_nothing_has_no_such_section(story) -> None:
    assert "逐张列出" not in page(story.record()) and "逐张列出" not in page(written(story))
    assert len(sheet(story.record())) == 2


def test_text_from_the_card_cannot_become_markup(story) -> None:
    files = written(story, entry(only_card=of(row(7, code="<img src=x>"))))
    assert "<img" not in files.record.read_text("utf-8")


def test_english_is_one_setting(story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAPIAO_LANG", "en")
    text = page(written(story, entry(only_card=of(*(row(n) for n in range(60))))))
    assert "only on the device" in text and "And 10 more, see the bundle" in text
