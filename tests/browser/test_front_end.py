"""The front end alone, in Chromium, with a stand-in for the kernel: secrets, double clicks, death, markup, size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fapiao_widgets.views.panel import Panel, script

pytestmark = pytest.mark.browser

HOST = "<!doctype html><html><body style='margin:0;background:#fff'><div id=host></div></body></html>"
START = """view => {
  window.sent = []; window.heard = {}; window.view = view;
  const model = { get: () => window.view, on: (name, call) => { window.heard[name] = call; }, off() {}, send: (m) => window.sent.push(m) };
  render({ model, el: document.getElementById("host") });
}"""


def view(**panel: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "key": "k",
        "heading": "③ 抄报申报",
        "state": "active",
        "danger": False,
        "answer": "现在抄报。",
    }
    form = {
        "kind": "form",
        "note": "",
        "fields": [{"name": "pin", "label": "设备口令", "hint": "", "secret": True, "example": ""}],
        "buttons": [{"act": "report", "label": "抄报：专票 2026-10", "tone": "main", "payload": {"run": "r1"}}],
    }
    return {
        "title": "每月清卡",
        "identity": [["name", "企业名称", "练习公司"]],
        "band": {"text": "模拟设备 · 练习用", "pin": "88887777", "pin_text": "练习口令 88887777"},
        "attach": None,
        "rail": [],
        "rail_label": "步骤",
        "panel": {**base, "blocks": [], "act": form, **panel},
        "foot": dict.fromkeys(
            ["help_label", "help", "support_label", "support", "feedback_label", "feedback", "copied"], "x"
        ),
        "stale": "%s 秒前的状态",
        "notices": [],
        "count": 0,
    }


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    made = browser.new_page(viewport={"width": 1366, "height": 768})
    made.clock.install()
    made.set_content(HOST)
    made.add_style_tag(content=str(Panel._css))
    made.add_script_tag(content=script().replace("export default { render };", "window.render = render;"))
    yield made
    made.close()


def intents(page: Any) -> list[dict[str, Any]]:
    return [m for m in page.evaluate("window.sent") if "do" in m]


def test_a_pin_is_sent_once_and_gone_from_the_page(page: Any) -> None:
    page.evaluate(START, view())
    page.fill(".fp-in-pin", "12345678")
    page.click(".fp-act-report")
    assert intents(page) == [{"do": "report", "run": "r1", "pin": "12345678"}]
    assert page.input_value(".fp-in-pin") == ""
    assert page.get_attribute(".fp-in-pin", "type") == "password"


def test_a_button_is_dead_from_the_click_until_the_next_drawing(page: Any) -> None:
    page.evaluate(START, view())
    page.click(".fp-act-report")
    assert page.is_disabled(".fp-act-report")
    page.evaluate("view => { window.view = view; window.heard['change:view'](); }", {**view(), "count": 1})
    assert page.is_enabled(".fp-act-report")


def test_a_double_click_is_one_intent(page: Any) -> None:
    page.evaluate(START, view())
    page.evaluate("() => { const b = document.querySelector('.fp-act-report'); b.click(); b.click(); }")
    assert len(intents(page)) == 1


def test_three_seconds_of_silence_grey_the_view_and_kill_its_buttons(page: Any) -> None:
    page.evaluate(START, view())
    page.clock.run_for(2500)
    assert page.is_enabled(".fp-act-report")
    page.clock.run_for(2500)
    assert page.locator(".fp-wizard.fp-stale").count() == 1
    assert page.is_disabled(".fp-act-report")
    assert "秒前的状态" in page.inner_text(".fp-stale-note")


def test_a_heartbeat_brings_it_back(page: Any) -> None:
    page.evaluate(START, view())
    page.clock.run_for(5000)
    page.evaluate("window.heard['msg:custom']({ beat: true, age: 0 })")
    assert page.locator(".fp-wizard.fp-stale").count() == 0
    assert page.is_enabled(".fp-act-report")


def test_a_heartbeat_that_says_its_news_is_old_does_not(page: Any) -> None:
    page.evaluate(START, view())
    page.evaluate("window.heard['msg:custom']({ beat: true, age: 7 })")
    assert page.locator(".fp-wizard.fp-stale").count() == 1


def test_markup_in_a_name_stays_text(page: Any) -> None:
    evil = "<img src=x onerror=window.broken=1>"
    page.evaluate(START, view(blocks=[{"kind": "text", "text": evil, "tone": ""}], answer=evil))
    assert page.locator(".fp-wizard img").count() == 0
    assert page.inner_text(".fp-text") == evil


def test_typed_text_and_focus_survive_a_redrawing_elsewhere(page: Any) -> None:
    page.evaluate(START, view())
    page.fill(".fp-in-pin", "1234")
    page.evaluate("view => { window.view = view; window.heard['change:view'](); }", view(answer="别处有变。"))
    assert page.input_value(".fp-in-pin") == "1234"
    assert page.evaluate("document.activeElement.name") == "pin"


def test_a_pin_typed_before_the_last_answer_came_is_still_there(page: Any) -> None:
    page.evaluate(START, view())
    page.fill(".fp-in-pin", "1234")
    page.evaluate("view => { window.view = view; window.heard['change:view'](); }", {**view(), "count": 1})
    assert page.input_value(".fp-in-pin") == "1234"


def test_what_was_typed_stays_in_its_own_field_though_another_has_the_same_name(page: Any) -> None:
    def forms(*labels: str) -> list[dict[str, Any]]:
        field = {"name": "paths", "hint": "", "secret": False}
        return [{"kind": "form", "fields": [{**field, "label": each}], "buttons": [], "note": ""} for each in labels]

    page.evaluate(START, view(blocks=[{"kind": "cards", "cards": [{"title": "t", "blocks": forms("练习", "导入")}]}]))
    page.locator(".fp-in-paths").last.fill("/十月.csv")
    for labels, typed in ((("练习",), [""]), (("练习", "导入"), ["", ""])):
        drawn = {
            **view(blocks=[{"kind": "cards", "cards": [{"title": "t", "blocks": forms(*labels)}]}]),
            "count": len(labels),
        }
        page.evaluate("view => { window.view = view; window.heard['change:view'](); }", drawn)
        assert page.locator(".fp-in-paths").evaluate_all("inputs => inputs.map((input) => input.value)") == typed


def test_what_was_opened_stays_open_when_a_click_draws_it_anew(page: Any) -> None:
    form = {"kind": "form", "fields": [], "buttons": [], "note": ""}
    blocks = [{"kind": "more", "summary": "一张：填在这里", "blocks": [form]}]
    page.evaluate(START, view(blocks=blocks))
    page.get_by_text("一张：填在这里").click()
    page.evaluate("view => { window.view = view; window.heard['change:view'](); }", {**view(blocks=blocks), "count": 9})
    assert page.evaluate("document.querySelector('.fp-more').open")


def test_the_keyboard_alone_is_enough(page: Any) -> None:
    page.evaluate(START, view())
    page.focus(".fp-in-pin")
    page.keyboard.type("12345678")
    page.keyboard.press("Enter")
    assert intents(page)[0]["do"] == "report"


def test_the_progress_is_told_to_screen_readers(page: Any) -> None:
    page.evaluate(START, view(answer="正在清卡：专票 2026-10"))
    assert page.get_attribute(".fp-live", "aria-live") == "polite"
    assert page.inner_text(".fp-live") == "正在清卡：专票 2026-10"


def test_a_long_step_scrolls_inside_its_frame_and_keeps_its_button_in_sight(page: Any) -> None:
    rows = [[str(n), "专票"] for n in range(200)]
    table = {
        "kind": "table",
        "caption": "",
        "columns": [{"text": "a", "num": True}, {"text": "b", "num": False}],
        "rows": rows,
    }
    page.evaluate(START, {**view(blocks=[table] * 3), "rail": []})
    box = page.locator(".fp-act-report").bounding_box()
    assert box["y"] + box["height"] < 768
