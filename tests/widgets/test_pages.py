"""The other people's pages: start, ledger, diagnosis."""

from __future__ import annotations

import json
from typing import Any

from fapiao_widgets.viewmodels.analysing import Ledger
from fapiao_widgets.viewmodels.diagnosing import Diagnose
from fapiao_widgets.viewmodels.starting import Start
from widget_shapes import ADDRESS, DEVICE, PIN, TIME, card, run

from fapiao_kernel.api.recovery import SituationView
from fapiao_kernel.api.support import Diagnosis, FailureView
from fapiao_kernel.domain.clearing import State


def drawn(model: Any, client: Any) -> Any:
    made = model(client, lambda view: None)
    made.refresh()
    return made


def diagnosis(**changes: Any) -> Diagnosis:
    fields: dict[str, Any] = {
        "answer": "已清卡。",
        "answer_en": "Cleared.",
        "cleared": True,
        "ground": ["设备读回：锁死日期 2026-12-15"],
        "card": card(),
        "run": run(State.FINISHED),
        "journal": {"ok": True, "records": 42, "first_bad": None},
        "checks": [],
        "versions": {"fapiao-kernel": "0.1.0"},
        "timeline": [{"time": TIME, "lane": "device", "text": "答复", "kind": "unit.answered", "seq": 9}],
    }
    return Diagnosis(**{**fields, **changes})


def test_the_start_page_of_an_empty_home_makes_a_practice_world_on_a_click(client: Any) -> None:
    client.cards = []
    page = drawn(Start, client)
    assert client.acts == []
    page.handle({"do": "practice-start", "paths": ""})
    assert ("practice_start", (), {}) in client.asked


def test_the_users_own_files_go_into_the_practice_world(client: Any) -> None:
    client.cards = []
    drawn(Start, client).handle({"do": "practice-start", "paths": " /a/b.xlsx "})
    assert ("practice_start", (), {"invoices": ["/a/b.xlsx"]}) in client.asked


def test_every_page_shows_the_bar_of_a_clear_under_way(client: Any) -> None:
    view = run(State.CLEARING)
    client.views = {view.id: view}
    client._census = lambda: {}
    client._totals = lambda: []
    for model in (Start, Ledger):
        assert drawn(model, client).view["attach"]["text"] == "正在清卡：专票 2026-10、普票 2026-10，第 6 步，共 8 步"


def test_an_empty_ledger_says_what_to_do_first(client: Any) -> None:
    client._census = lambda: {"all": {"count": 0, "total": "0.00"}}
    client._totals = lambda: []
    assert "还没有发票" in drawn(Ledger, client).view["panel"]["answer"]


def test_the_ledgers_totals_say_where_they_stand(client: Any) -> None:
    client._census = lambda: {"all": {"count": 2, "total": "1.00"}}
    row = {"invoice_type": "004", "period": "2026-10", "rate": "0.13", "count": 2, "amount": "100.00", "tax": "13.00"}
    client._totals = lambda: [{**row, "state": "cleared"}, {**row, "state": "open"}]
    table = drawn(Ledger, client).view["panel"]["blocks"][1]
    assert [line[3] for line in table["rows"]] == ["未清卡", "已清卡"]  # what is still to be cleared first
    assert [column["num"] for column in table["columns"]] == [False] * 4 + [True] * 3


def test_the_ledger_shows_exact_sums(client: Any) -> None:
    client._census = lambda: {
        "open": {"count": 2, "total": "12345678901.10"},
        "all": {"count": 2, "total": "12345678901.10"},
    }
    client._totals = lambda: [
        {"invoice_type": "004", "period": "2026-10", "rate": "0.13", "count": 2, "amount": "100.00", "tax": "13.00"}
    ]
    text = json.dumps(drawn(Ledger, client).view, ensure_ascii=False)
    assert "12,345,678,901.10" in text and "13%" in text


def test_the_diagnosis_answers_first_and_gives_its_ground(client: Any) -> None:
    client._diagnosis = diagnosis
    panel = drawn(Diagnose, client).view["panel"]
    assert panel["answer"] == "已清卡。"
    assert panel["blocks"][0]["items"][0]["title"] == "设备读回：锁死日期 2026-12-15"


def test_the_timeline_has_four_lanes(client: Any) -> None:
    client._diagnosis = diagnosis
    lanes = next(b for b in drawn(Diagnose, client).view["panel"]["blocks"] if b["kind"] == "lanes")
    assert [name for _, name in lanes["lanes"]] == ["操作员", "程序", "设备", "税局"]
    assert lanes["rows"][0]["lane"] == "device"


def test_a_broken_journal_is_named_to_the_line(client: Any) -> None:
    client._diagnosis = lambda: diagnosis(
        journal={"ok": False, "records": 3, "first_bad": {"file": "2026-11.jsonl", "line": 4, "reason": "hash"}}
    )
    assert "第 4 行起不可信" in json.dumps(drawn(Diagnose, client).view, ensure_ascii=False)


def test_a_pasted_code_gives_meaning_check_fix_and_who(client: Any) -> None:
    client._diagnosis = diagnosis
    client._explain = lambda text: [
        FailureView(
            number=10,
            codes=["09d118"],
            symptom="已清过",
            cause="设备已清",
            check="看日期",
            fix="当作成功",
            who="me",
            source="x",
        )
    ]
    page = drawn(Diagnose, client)
    page.handle({"do": "explain", "text": "09d118"})
    text = json.dumps(page.view, ensure_ascii=False)
    assert all(part in text for part in ("设备已清", "看日期", "当作成功", '"我"'))


def test_a_code_that_nobody_knows_says_so(client: Any) -> None:
    client._diagnosis = diagnosis
    client._explain = lambda text: []
    page = drawn(Diagnose, client)
    page.handle({"do": "explain", "text": "zzz"})
    assert "目录里没有" in json.dumps(page.view, ensure_ascii=False)


def test_no_page_but_the_band_holds_the_practice_pin(client: Any) -> None:
    client._diagnosis = diagnosis
    view = drawn(Diagnose, client).view
    assert PIN not in json.dumps({**view, "band": None})


QUIET = SituationView(
    card=ADDRESS,
    device_number=DEVICE,
    read_at="2026-11-05T09:00:00+08:00",
    readable=True,
    agree=True,
    action="none",
    run="",
    units=[],
)


def test_the_support_page_calls_a_false_alarm_and_keeps_the_proof_on_the_screen(client: Any) -> None:
    client._diagnosis = diagnosis
    client._look_back = lambda card: QUIET
    made = drawn(Diagnose, client)
    made.handle({"do": "false-alarm", "card": ADDRESS, "statement": "断电"})
    assert ("false_alarm", (ADDRESS, "断电"), {}) in client.asked
    assert "没有要恢复的" in str(made.view["panel"])
