"""The guided clear's panels: one for every state, each saying what UX.md asks for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fapiao_widgets.viewmodels.clearing import Clearing
from fapiao_widgets.viewmodels.steps import FACES
from widget_shapes import ADDRESS, REVISION, card, check, finding, run

from fapiao_kernel.domain.clearing import State
from fapiao_kernel.domain.steps import Step


def shown(client: Any, **intent: Any) -> dict[str, Any]:
    wizard = Clearing(client, lambda view: None)
    wizard.refresh()
    if intent:
        wizard.handle(intent)
    return wizard.view


def of(state: State, client: Any, **changes: Any) -> dict[str, Any]:
    view = run(state, **changes)
    client.views = {view.id: view}
    wizard = Clearing(client, lambda view: None)
    wizard.picked_run = view.id
    wizard.refresh()
    return wizard.view


def buttons(view: dict[str, Any]) -> list[str]:
    return [b["act"] for b in (view["panel"]["act"] or {"buttons": []})["buttons"]]


def texts(view: dict[str, Any]) -> str:
    return json.dumps(view, ensure_ascii=False)


def test_every_state_of_a_run_has_a_face() -> None:
    assert set(FACES) == set(State)


@pytest.mark.parametrize("state", State)
def test_every_state_draws_a_whole_view_of_plain_json(state: State, client: Any) -> None:
    view = of(state, client)
    assert json.loads(json.dumps(view)) == view
    assert view["panel"]["answer"]
    assert [s["step"] for s in view["rail"]] == [s.value for s in Step]


@pytest.mark.parametrize("state", State)
def test_drawing_a_run_never_asks_for_an_act(state: State, client: Any) -> None:
    of(state, client)
    assert client.acts == []


@pytest.mark.parametrize(
    ("state", "act"),
    [
        (State.OPENED, "check"),
        (State.CHECKED, "backup"),
        (State.BACKED_UP, "report"),
        (State.REPORT_UNKNOWN, "read-back"),
        (State.SUMMARISED, "report"),
        (State.REPORTED, "file-return"),
        (State.DECLARED, "preview"),
        (State.PREVIEWED, "reviewed"),
        (State.CONFIRMED, "confirm"),
        (State.OUTCOME_UNKNOWN, "read-back"),
        (State.REFUSED, "conclude"),
        (State.CLEARED, "conclude"),
        (State.VERIFIED, "conclude"),
    ],
)
def test_each_state_offers_its_own_act_first(state: State, act: str, client: Any) -> None:
    assert buttons(of(state, client))[0] == act


@pytest.mark.parametrize("state", [State.AUTHORISING, State.AUTHORISED, State.CLEARING, State.REPORTING])
def test_nothing_can_be_pressed_while_the_device_is_at_work(state: State, client: Any) -> None:
    assert buttons(of(state, client)) == []


def test_a_busy_run_shows_what_is_under_way_and_leaves_only_the_way_out(client: Any) -> None:
    view = of(State.CHECKED, client, busy="备份")
    assert buttons(view) == ["cancel"]
    assert view["panel"]["blocks"][0] == {"kind": "progress", "label": "备份", "done": 0, "total": 0}


def test_a_clear_that_nobody_works_on_is_an_unknown_outcome(client: Any) -> None:
    assert buttons(of(State.CLEARING, client, busy="")) == ["read-back"]


def test_an_unknown_outcome_is_a_failure_card_with_the_one_button(client: Any) -> None:
    view = of(State.OUTCOME_UNKNOWN, client)
    assert view["panel"]["blocks"][0]["kind"] == "failure"
    assert view["panel"]["blocks"][0]["effect"] == "UNKNOWN"
    assert buttons(view) == ["read-back"]


def test_buttons_name_the_act_and_its_object(client: Any) -> None:
    client.views = {}
    view = of(State.BACKED_UP, client)
    assert view["panel"]["act"]["buttons"][0]["label"] == "抄报：专票 2026-10、普票 2026-10"


def test_the_pin_field_is_secret_wherever_it_is_asked(client: Any) -> None:
    fields = [f for state in State for f in (of(state, client)["panel"]["act"] or {"fields": []}).get("fields", [])]
    assert all(f["secret"] for f in fields if f["name"] == "pin")


def test_a_locked_step_says_why(client: Any) -> None:
    rail = {s["step"]: s for s in of(State.OPENED, client)["rail"]}
    assert rail["clear"]["state"] == "locked"
    assert rail["clear"]["why"] == "先完成上面的步骤"


def test_the_answer_always_shows_the_two_dates_that_decide(client: Any) -> None:
    view = shown(client)
    assert "设备时钟 2026-11-05，锁死日期 2026-11-17（还有 12 天）" in view["panel"]["answer"]


def test_a_simulated_card_wears_the_band_with_its_pin(client: Any) -> None:
    assert shown(client)["band"] == {"text": "模拟设备 · 练习用", "pin": "88887777", "pin_text": "练习口令 88887777"}


def test_a_real_card_wears_no_band_and_its_pin_is_never_asked_of_the_agent(client: Any) -> None:
    client.cards = [card(simulated=False)]
    assert shown(client)["band"] is None
    assert "practice" not in [name for name, _, _ in client.asked]


def test_blockers_come_before_what_passed_and_say_who_does_it(client: Any) -> None:
    checks = [check("a", "备份"), check("b", "锁死日期", "blocker", remedy="到办税服务厅解锁", who="tax_office")]
    view = of(State.OPENED, client, checks=checks)
    first = next(b for b in view["panel"]["blocks"] if b["kind"] == "items")["items"][0]
    assert (first["word"], first["title"]) == ("挡住", "锁死日期")
    assert "主管税务机关" in first["remedy"]


def test_what_could_not_be_found_out_holds_up_like_a_blocker(client: Any) -> None:
    view = of(State.OPENED, client, checks=[check("a", "税局时钟", "unknown"), check("b", "备份")])
    assert view["panel"]["answer"].startswith("有 1 项")


def test_a_finding_becomes_a_failure_card_with_effect_remedy_who_and_code(client: Any) -> None:
    wrong = finding("pin_wrong", "blocker", message="口令不对。", effect="REJECTED", remedy="核对口令。", who="me")
    view = of(State.BACKED_UP, client, findings=[wrong])
    failure = view["panel"]["blocks"][0]
    assert [value for _, value in failure["rows"]] == [
        "口令不对。",
        "被拒绝，没有改动",
        "核对口令。",
        "我",
        "pin_wrong",
    ]


def test_the_preview_stands_beside_the_cards_statistics(client: Any) -> None:
    text = texts(of(State.PREVIEWED, client))
    assert "与设备月统计核对" in text
    assert "9,876,543.21" in text
    assert "2,000 张，价税合计 11,111,111.10 元" in text


def test_a_rate_is_shown_as_percent_and_a_word_stays(client: Any) -> None:
    text = texts(of(State.PREVIEWED, client))
    assert '"13%"' in text and '"免税"' in text


def test_the_point_of_no_return_does_not_give_away_what_must_be_typed(client: Any) -> None:
    view = of(State.CONFIRMED, client)
    fields = view["panel"]["act"]["fields"]
    assert view["panel"]["danger"]
    assert [f["name"] for f in fields] == ["tail", "period"]
    assert "2026-10" not in "".join(f["label"] + f["example"] for f in fields)


def test_the_done_panel_shows_dates_before_and_after_and_three_ticks(client: Any) -> None:
    text = texts(of(State.FINISHED, client))
    assert "2026-11-17 → 2026-12-15" in text
    assert all(tick in text for tick in ("设备：已确认", "发票库：已确认", "税局：已确认"))


def test_a_tick_is_given_on_its_own_evidence_alone(client: Any) -> None:
    view = of(State.FINISHED, client, verification=[check("read-back", "读回核验", "unknown")])
    assert "设备：未确认" in texts(view)


def test_a_card_with_nothing_to_clear_shows_the_proof_at_once(client: Any) -> None:
    view = run(State.FINISHED)
    client.cards, client.views = [card(verdict="cleared", lock_date="2026-12-15")], {view.id: view}
    assert "清卡完成" in shown(client)["panel"]["answer"]


def test_a_cancelled_run_never_says_cleared(client: Any) -> None:
    assert "已清卡" not in texts(of(State.CANCELLED, client)["panel"])


def test_the_text_for_support_holds_state_and_codes_and_no_pin(client: Any) -> None:
    support = of(State.PREVIEWED, client)["foot"]["support"]
    assert REVISION in support and ADDRESS in support
    assert "88887777" not in support
