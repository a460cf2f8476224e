"""The paged grid's front end in Chromium over a million rows, answered by the real view model: scroll, sort, filter, keys, export."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from fapiao_widgets.viewmodels.grid import Grid, words
from fapiao_widgets.viewmodels.local_pages import LocalPages
from fapiao_widgets.views.grid import GridView, script

pytestmark = pytest.mark.browser

ROWS = 1_000_000
FEW = 10_000
SHOTS = Path(__file__).parents[2] / "docs" / "screenshots"
THEMES = {
    "light": "",
    "dark": "--jp-layout-color1:#111;--jp-layout-color2:#333;--jp-content-font-color1:#fff;"
    "--jp-content-font-color2:#bbb;--jp-border-color1:#555;--jp-brand-color1:#64b5f6",
}
HOST = "<!doctype html><html><body style='margin:0'><div id=host style='width:1040px'></div></body></html>"
START = """words => {
  window.heard = {}; window.asked = [];
  const fields = { words, name: "发票", none: "没有符合的发票", nothing: "发票库里还没有发票", states: [], stops: true };
  const model = { get: (key) => fields[key], on: (name, call) => { window.heard[name] = call; }, off() {},
    send: (m) => { window.asked.push(m); if (m.ask) window.kernel(m).then((answer) => window.heard["msg:custom"](answer)); } };
  render({ model, el: document.getElementById("host") });
}"""


class Ledgerlike(LocalPages):
    """A million generated invoices in the kernel, which speak of themselves as invoices."""

    what = ""

    def __init__(self, relation: Any, query: str) -> None:
        super().__init__(relation, query)
        self.faceted = ("invoice_type", "period", "issue_date", "amount", "status")

    def totals(self, view: Any) -> Any:
        total = super().totals(view)
        return type(total)(total.count, total.sums, 0)


@pytest.fixture(scope="module")
def rows() -> Iterator[Any]:
    connection = duckdb.connect()
    connection.execute(f"""CREATE TABLE million AS SELECT
      CASE WHEN i % 5 < 3 THEN '004' ELSE '007' END AS invoice_type, DATE '2026-10-01' AS period, '3300264130' AS code,
      lpad(i::VARCHAR, 8, '0') AS number, DATE '2026-10-01' + (i * 31 // {ROWS})::INT AS issue_date,
      '杭州练习客户' || (i % 40) || '号有限公司' AS buyer_name,
      (100 + (i * 7919) % 1000000 / 100)::DECIMAL(18,2) AS amount, ((i * 7919) % 1000000 / 800)::DECIMAL(18,2) AS tax,
      CASE WHEN i % 97 = 0 THEN 'void' ELSE 'normal' END AS status FROM range({ROWS}) r(i)""")
    connection.execute(f"CREATE TABLE few AS SELECT * FROM million ORDER BY number LIMIT {FEW}")
    yield connection.table
    connection.close()


@pytest.fixture
def opened(browser: Any, rows: Any, tmp_path: Path) -> Iterator[Any]:
    pages = []

    def make(theme: str = "light", table: str = "few") -> Any:
        model = Grid(Ledgerlike(rows(table), "SELECT * FROM open_invoice"), folder=tmp_path)
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        pages.append(page)
        page.set_default_timeout(10_000)
        page.expose_function("kernel", model.answer)
        page.set_content(HOST)
        dark = "false" if theme == "dark" else "true"
        page.evaluate(
            f"() => {{ document.body.dataset.jpThemeLight = '{dark}'; document.body.style.cssText += '{THEMES[theme]}'; }}"
        )
        page.add_style_tag(content=str(GridView._css))
        page.add_script_tag(content=script().replace("export default { render };", "window.render = render;"))
        page.evaluate(START, words())
        page.locator(".fp-g[aria-busy=false]").wait_for()
        return page

    yield make
    for page in pages:
        page.close()


def row(page: Any, at: int = 0) -> list[str]:
    return [str(text) for text in page.locator(".fp-g-row").nth(at).locator(".fp-g-td").all_inner_texts()]


def settled(page: Any, sentence: str) -> None:
    page.locator(".fp-g-sentence").get_by_text(sentence).wait_for()
    page.locator(".fp-g:not(.fp-g-waiting)").wait_for()


def test_a_million_rows_are_a_screenful_and_their_last_is_reached(opened: Any) -> None:
    page = opened(table="million")
    settled(page, "共 1,000,000 张")
    assert page.locator(".fp-g-row").count() < 30
    assert page.get_attribute("[role=grid]", "aria-rowcount") == "1000001"
    page.evaluate("() => { const s = document.querySelector('.fp-g-scroll'); s.scrollTop = s.scrollHeight; }")
    page.get_by_text("00999999", exact=True).wait_for()
    page.locator(".fp-g-scroll").hover()
    page.mouse.wheel(0, -48)  # two rows up, although a pixel of the scaled bar is worth more than a row
    page.wait_for_function("() => !document.querySelector('.fp-g-body').innerText.includes('00999999')")
    assert "00999997" in page.inner_text(".fp-g-body")


def test_sort_filter_and_cross_filter_agree_with_the_sums(opened: Any, rows: Any) -> None:
    page = opened()
    page.get_by_role("columnheader").filter(has_text="amount").locator(".fp-g-sort").click()
    page.locator("[data-column=amount][aria-sort=ascending]").wait_for()
    page.locator("[data-column=issue_date] .fp-g-bar").first.wait_for()
    page.locator("[data-column=amount] .fp-g-filter").fill(">=9,000")
    page.keyboard.press("Enter")
    settled(page, "（已筛选）")
    page.locator("[data-column=invoice_type] .fp-g-bar[aria-label^=专票]").click()
    page.locator(".fp-g-chip").wait_for()
    count, amount = (
        rows("few").filter("amount >= 9000 AND invoice_type = '004'").aggregate("count(*), sum(amount)").fetchall()[0]
    )
    settled(page, f"共 {count:,} 张 · 金额 {amount:,.2f}")
    assert "amount >= '9000'" in page.inner_text(".fp-g-sql") and "ORDER BY amount" in page.inner_text(".fp-g-sql")
    page.locator(".fp-g-chip").click()
    page.locator("[data-column=amount] .fp-g-filter").fill("多少")
    page.locator("[data-column=amount] .fp-g-filter[aria-invalid=true]").wait_for()
    page.locator("[data-column=number] .fp-g-filter").fill("没有这个号码")
    page.get_by_text("没有符合的发票").wait_for()
    page.evaluate("""() => new Promise((done) => {
      document.querySelector('.fp-g-scroll').scrollLeft = 9999; requestAnimationFrame(() => requestAnimationFrame(done)); })""")
    said, frame = (page.locator(each).bounding_box() for each in (".fp-g-empty p", ".fp-g-scroll"))
    assert frame["x"] < said["x"] < frame["x"] + frame["width"] - said["width"]  # in sight, however far to the right
    page.get_by_role("button", name="清除筛选").first.click()
    settled(page, "共 10,000 张")


def test_the_keyboard_alone_is_enough(opened: Any) -> None:
    page = opened()
    page.evaluate(
        "() => { window.leaked = []; document.addEventListener('keydown', (e) => window.leaked.push(e.key)); }"
    )
    page.focus(".fp-g-pin")
    page.keyboard.press("Control+End")
    page.get_by_text("00009999", exact=True).wait_for()
    here = page.get_attribute(".fp-g-pin", "aria-activedescendant")
    assert page.evaluate("id => document.getElementById(id).parentNode.getAttribute('aria-rowindex')", here) == "10001"
    page.keyboard.press("Control+Home")
    page.keyboard.press("PageDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    rows = int(page.evaluate("id => document.getElementById(id).parentNode.getAttribute('aria-rowindex')", here)) - 2
    assert 5 < rows < 30
    assert page.evaluate("document.activeElement.getAttribute('role')") == "grid"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator("[data-column=period][aria-sort=ascending]").wait_for()
    page.focus("[data-column=amount] .fp-g-filter")
    page.keyboard.type("=1")
    page.keyboard.press("Enter")
    settled(page, "（已筛选）")
    leaked = set(page.evaluate("window.leaked")) - {"Tab", "Control", "Enter"}
    assert leaked == set()  # or the notebook would move its own selection


def test_a_changed_ledger_is_said_and_shown_on_a_click(opened: Any) -> None:
    page = opened()
    asked = len(page.evaluate("window.asked"))
    page.evaluate("window.heard['msg:custom']({ changed: true })")
    notice = page.get_by_role("alert").get_by_text("发票库有变")
    notice.wait_for()
    page.focus(".fp-g-notice button")
    page.keyboard.press("Enter")
    notice.wait_for(state="detached")
    assert "page" in [m.get("ask") for m in page.evaluate("window.asked")[asked:]]
    assert page.evaluate("document.activeElement.className") == "fp-g-pin"  # not lost with the button


def test_an_answer_to_an_older_view_is_dropped(opened: Any) -> None:
    page = opened()
    page.evaluate("""() => {  // the kernel now answers a page late, after the view has changed once more
      const kernel = window.kernel; window.held = [];
      window.kernel = (m) => m.ask === "page" && m.view.typed.number ? new Promise((done) => window.held.push([m, done])) : kernel(m);
      window.let = () => window.held.map(([m, done]) => kernel(m).then(done));
    }""")
    page.locator("[data-column=number] .fp-g-filter").fill("=00000007")
    page.keyboard.press("Enter")
    page.wait_for_function("window.held.length === 1")
    page.get_by_role("button", name="清除筛选").click()
    settled(page, "共 10,000 张")
    page.evaluate("Promise.all(window.let())")
    page.wait_for_timeout(100)
    assert row(page)[3] == "00000000" and page.get_attribute("[role=grid]", "aria-rowcount") == "10001"


def test_the_exports_say_how_many_rows_and_their_digest(opened: Any, tmp_path: Path) -> None:
    page = opened()
    page.locator("[data-column=number] .fp-g-filter").fill("=00000042")
    settled(page, "共 1 张")
    page.locator("button[data-format=csv]").click()
    page.locator(".fp-g-exported").get_by_text("已导出 1 行").wait_for()
    assert re.search(r"SHA-256 [0-9a-f]{64}", page.inner_text(".fp-g-exported"))
    assert "00000042" in (tmp_path / "发票-1.csv").read_text("utf-8-sig")


def test_an_export_under_way_says_how_far_it_is_and_can_be_stopped(opened: Any) -> None:
    page = opened()
    page.evaluate("""() => { const kernel = window.kernel;
      window.kernel = (m) => m.ask === "export" ? new Promise((done) => { window.end = () => kernel(m).then(done); }) : kernel(m); }""")
    stop = page.get_by_role("button", name="停止导出")
    assert not stop.is_visible()
    page.focus("button[data-format=csv]")
    page.keyboard.press("Enter")
    stop.wait_for()
    page.evaluate("window.heard['msg:custom']({ far: '写文件 1,200 / 10,000' })")
    assert "写文件 1,200 / 10,000" in page.inner_text(".fp-g-exports")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("window.asked.at(-1)") == {"stop": True}
    page.evaluate("window.end()")
    stop.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.dataset.format") == "xlsx"  # the focus is not lost with the button


def test_it_fits_the_small_screen_in_both_themes(opened: Any) -> None:
    for theme in THEMES:
        page = opened(theme)
        page.wait_for_function("() => document.querySelectorAll('.fp-g-bars').length === 5")
        box = page.locator(".fp-g").bounding_box()
        assert box["height"] < 620 and box["width"] <= 1040
        head, cell = page.locator(".fp-g-name").first, page.locator(".fp-g-td").first
        colours = {str(each.evaluate("e => getComputedStyle(e).color")) for each in (head, cell)}
        assert colours == {"rgb(255, 255, 255)" if theme == "dark" else "rgb(33, 33, 33)"}
        if os.environ.get("FAPIAO_SCREENSHOTS"):
            SHOTS.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=SHOTS / f"grid-{theme}.png")
