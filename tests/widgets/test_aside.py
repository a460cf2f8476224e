"""What stands beside the straight road: warnings taken on, approval, stopping, recovery, rehearsal."""

from __future__ import annotations

from typing import Any

import pytest
from fapiao_widgets.viewmodels import recovering, rehearsing
from fapiao_widgets.viewmodels.clearing import Clearing
from widget_shapes import ADDRESS, DEVICE, RUN, finding, run

from fapiao_kernel.api.recovery import SituationView, UnitSituationView
from fapiao_kernel.api.rehearsals import RehearsalView
from fapiao_kernel.api.runs import AcceptedView
from fapiao_kernel.api.selection import SelectedView
from fapiao_kernel.domain.clearing import State
from fapiao_kernel.domain.errors import Refused


def wizard(client: Any, state: State, **changes: Any) -> Clearing:
    view = run(state, **changes)
    client.views = {view.id: view}
    made = Clearing(client, lambda view: None)
    made.picked_run = view.id
    made.refresh()
    return made


def acts(view: dict[str, Any]) -> list[str]:
    """Every button on the panel, in its blocks and at its foot."""
    found: list[str] = []

    def look(block: Any) -> None:
        if isinstance(block, dict):
            if block.get("kind") == "form":
                found.extend(b["act"] for b in block["buttons"])
            for inner in block.values():
                look(inner)
        elif isinstance(block, list):
            for inner in block:
                look(inner)

    look(view["panel"])
    return found


def situation(action: str, **said: str) -> SituationView:
    unit = UnitSituationView(
        invoice_type="004",
        name="专票",
        period="2026-10",
        device=said.get("device", "cleared"),
        ledger="open",
        authority="unknown",
        journal="nothing",
        agree=False,
        action=action,
        finding=finding("recovery_ahead", "warning"),
    )
    return SituationView(
        card=ADDRESS,
        device_number=DEVICE,
        read_at="2026-11-05T09:00:00+08:00",
        readable=True,
        agree=False,
        action=action,
        run="",
        units=[unit],
    )


def test_an_open_warning_is_asked_for_its_reason_before_the_preview_can_be_left(client: Any) -> None:
    made = wizard(client, State.PREVIEWED, warnings=[finding("statistics_differ", "warning")])
    assert acts(made.view)[0] == "accept"
    assert "reviewed" not in acts(made.view)
    made.handle({"do": "accept", "code": "statistics_differ", "reason": "两张红票次月补录"})
    assert ("accept", (RUN, "statistics_differ", "两张红票次月补录"), {}) in client.asked


def test_what_was_taken_on_stays_in_view_with_its_reason(client: Any) -> None:
    one = AcceptedView(
        code="statistics_differ", sentence="不一致", reason="已核对", who="王会计", time="2026-11-05T09:00:00"
    )
    made = wizard(client, State.PREVIEWED, accepted=[one])
    assert "已核对 · 王会计" in str(made.view["panel"])
    assert acts(made.view)[0] == "reviewed"


@pytest.mark.parametrize(("need", "secret"), [("code", True), ("second_person", None)])
def test_a_confirmation_that_waits_offers_what_is_missing(need: str, secret: bool | None, client: Any) -> None:
    made = wizard(client, State.AWAITING, needs=[need])
    assert acts(made.view) == ["approve", "cancel"]
    assert [f["secret"] for f in made.view["panel"]["act"]["fields"]] == ([secret] if secret is not None else [])


def test_with_every_approval_there_the_confirmation_is_typed_again(client: Any) -> None:
    assert acts(wizard(client, State.AWAITING, needs=[]).view)[0] == "confirm"


def test_stopping_shows_what_still_ends_and_no_button(client: Any) -> None:
    made = wizard(client, State.CANCELLING, busy="备份")
    assert acts(made.view) == []
    assert "已要求停下" in made.view["panel"]["answer"]


@pytest.mark.parametrize(
    ("action", "act"),
    [
        ("none", []),
        ("support", []),
        ("continue_from_device", ["continue-from-device"]),
        ("read_back", ["continue-from-device"]),
        ("conclude", ["continue-from-device"]),
        ("false_alarm", ["false-alarm"]),
    ],
)
def test_a_situation_offers_the_one_action_that_is_left(action: str, act: list[str], client: Any) -> None:
    view = {"panel": {"blocks": recovering.situation(situation(action))}}
    assert acts(view) == act


def test_a_card_that_could_not_be_read_is_never_told_as_nothing_to_recover(client: Any) -> None:
    away = situation("none").model_copy(
        update={"readable": False, "units": [], "notes": [finding("device_absent", "blocker")]}
    )
    shown = recovering.situation(away)
    assert "没有读到设备" in str(shown)
    assert "没有要恢复的" not in str(shown)
    assert acts({"panel": {"blocks": shown}}) == ["look-back"]


def test_a_refusal_because_the_device_moved_offers_the_look_back(client: Any) -> None:
    made = wizard(client, State.DECLARED, findings=[finding("cleared_elsewhere", "blocker")])
    assert acts(made.view)[0] == "look-back"
    client._look_back = lambda card: situation("continue_from_device")
    made.handle({"do": "look-back", "card": ADDRESS})
    assert "continue-from-device" in acts(made.view)
    made.refresh()
    assert "continue-from-device" in acts(made.view)


def test_looking_back_asks_for_no_act(client: Any) -> None:
    client._look_back = lambda card: situation("none")
    made = wizard(client, State.DECLARED)
    made.handle({"do": "look-back", "card": ADDRESS})
    assert client.acts == []


def test_going_on_from_the_device_shows_the_run_that_it_led_to(client: Any) -> None:
    done = run(State.FINISHED)
    client._continue_from_device = lambda card: done
    made = wizard(client, State.DECLARED)
    client.views[done.id] = done
    made.handle({"do": "continue-from-device", "card": ADDRESS})
    assert made.picked_run == done.id


def rehearsed(**changes: Any) -> RehearsalView:
    told = {"id": "e1", "card": ADDRESS, "state": "done", "verdict": "would_clear", "begun_at": "2026-11-05T09:00:00"}
    return RehearsalView(**{**told, **changes})


def test_a_rehearsal_under_way_shows_its_step() -> None:
    assert rehearsing.rehearsal(rehearsed(state="running", verdict="", step="备份"))[0]["label"] == "正在进行 备份"


@pytest.mark.parametrize("verdict", ["would_clear", "would_be_partial", "would_be_refused", "broken_off"])
def test_every_verdict_says_that_the_real_device_was_not_touched(verdict: str) -> None:
    assert "真实设备没有改动" in str(rehearsing.rehearsal(rehearsed(verdict=verdict)))


def test_a_rehearsal_tells_what_a_real_clear_still_needs() -> None:
    needs = [{"severity": "blocker", "message": "还有 2 张没有上传", "remedy": "先上传"}]
    shown = str(rehearsing.rehearsal(rehearsed(verdict="would_be_refused", facts={"needs": needs})))
    assert "还有 2 张没有上传" in shown and "先上传" in shown


def test_a_rehearsals_steps_name_what_a_finding_rests_on() -> None:
    finding = {"message": "统计不一致", "evidence": "只在设备上 1 张：3300264130 00000007"}
    steps = [{"name": "preview", "outcome": "done", "findings": [finding, {"message": "另一条", "evidence": ""}]}]
    shown = str(rehearsing.rehearsal(rehearsed(facts={"steps": steps})))
    assert "统计不一致；只在设备上 1 张：3300264130 00000007；另一条'" in shown


def test_a_rehearsal_begins_on_a_click_and_is_followed_by_the_view(client: Any) -> None:
    client._rehearse = lambda card: rehearsed(state="running", verdict="")
    client._rehearsal = lambda id: rehearsed(state="running", verdict="", step="抄报")
    made = Clearing(client, lambda view: None)
    made.refresh()
    assert "rehearse" in acts(made.view)
    made.handle({"do": "rehearse", "card": ADDRESS})
    assert "正在进行 抄报" in str(made.view["panel"])


def chosen(*, exact: bool) -> SelectedView:
    unit = {"invoice_type": "007", "name": "普票", "period": "2026-10", "count": 12, "total": "120.00"}
    along = {"asked_count": 12 if exact else 3, "asked_total": "30.00", "along": "" if exact else "rest"}
    return SelectedView(card=ADDRESS, device_number=DEVICE, exact=exact, missing=0, units=[{**unit, **along}])  # type: ignore[list-item]  # pydantic reads plain values


def test_a_part_is_shown_beside_the_whole_unit_and_the_button_asks_for_the_whole(client: Any) -> None:
    client._select = lambda card, **asked: chosen(exact=False)
    made = Clearing(client, lambda view: None)
    made.refresh()
    made.handle({"do": "select", "card": ADDRESS, "first_day": "2026-10-01", "last_day": "2026-10-05", "kinds": "普通"})
    assert "设备只能整单元清" in str(made.view["panel"])
    client.views = {RUN: run(State.OPENED)}
    made.handle({"do": "check-selected", "card": ADDRESS})
    days = {"first_day": "2026-10-01", "last_day": "2026-10-05"}
    assert ("open_run", (ADDRESS,), {"kinds": ["ordinary"], **days, "whole": True}) in client.asked


def test_a_preset_is_one_click_and_opens_nothing(client: Any) -> None:
    client._select = lambda card, **asked: chosen(exact=True)
    made = Clearing(client, lambda view: None)
    made.refresh()
    made.handle({"do": "select", "card": ADDRESS, "preset": "last_month", "kinds": ["ordinary"]})
    assert ("select", (ADDRESS,), {"preset": "last_month", "kinds": ["ordinary"]}) in client.asked
    assert client.acts == []


def test_a_warning_that_came_after_the_preview_can_be_taken_on_where_it_is_told(client: Any) -> None:
    client.refuse["confirm"] = Refused(
        "warning_not_accepted", original="check_clock_drift", warning="x", sentence="时钟差 70 分钟"
    )
    made = wizard(client, State.PREVIEWED)
    made.handle({"do": "confirm", "revision": "r", "tail": "1234", "period": "2026-10"})
    assert "accept" in acts(made.view)
    made.handle({"do": "accept", "code": "check_clock_drift", "reason": "已请服务单位校准"})
    assert ("accept", (RUN, "check_clock_drift", "已请服务单位校准"), {}) in client.asked
