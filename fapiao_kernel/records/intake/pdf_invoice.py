"""What a printed invoice says (版式): values found by the labels beside them, 数电 forms and 税控 forms alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from fapiao_kernel.records.intake import values
from fapiao_kernel.records.intake.draft import Draft, DraftLine
from fapiao_kernel.records.intake.pdf_text import Row, labels

Page = Sequence[Row]

_TITLE = re.compile(
    r"电子发票\([^()]{2,12}\)|[\u4e00-\u9fff]{0,8}增值税(?:电子)?(?:专用|普通)发票(?:\(卷票\))?"
    r"|机动车销售统一发票|二手车销售统一发票"
)
_NUMBER = re.compile(r"(?<!被红冲蓝字)(?:数电)?发?票号码:?(\d{20}|\d{8})(?!\d)")
_ANY_NUMBER = re.compile(r"(?<!\d)\d{20}(?!\d)")
_CODE = re.compile(r"发票代码:?(\d{12}|\d{10})(?!\d)")
_MACHINE = re.compile(r"机器编号:?(\d{12})(?!\d)")
_DAY = re.compile(r"(?<!\d)\d{4}年\d{1,2}月\d{1,2}日")
_NAME = re.compile(r"(?<![目务])名称:")
_ID = re.compile(r"纳税人识别号:")
_ID_FORM = re.compile(r"[0-9A-Z]{15,20}")
_SUM = re.compile(r"(?<!税)合计")
_FIGURE = re.compile(r"¥?(-?¥?\d[\d,]*\.\d{2}|\*{1,3}|免税|不征税)")
_SUMS_ALONE = re.compile(r"¥-?¥?\d[\d,]*\.\d{2}(?:¥-?\d[\d,]*\.\d{2}|\*{1,3}|免税|不征税)")
"""The row of sums where its label is printed apart from it."""
_IN_FIGURES = re.compile(r"\(?小写\)?")
_MONEY = re.compile(r"¥(-?\d[\d,]*\.\d{2})")
_RATE = re.compile(r"\d{1,2}(?:\.\d+)?%|免税|不征税|\*{2,3}|普通零税率|出口零税")
_HEADER = re.compile(r"(?:项目|服务)名称|税率")
_BENEATH = 10.0
"""Points: a goods name that goes on in the next row begins where it began."""


def number(page: Page) -> str:
    """发票号码 of the page; 校验码 has 20 digits too, but only beside a 发票代码."""
    for row in page:
        if match := _NUMBER.search(row.text):
            return match[1]
    if any("发票代码" in row.text for row in page):
        return ""
    found = (match for row in page if "红冲" not in row.text for match in [_ANY_NUMBER.search(row.text)] if match)
    return next((match[0] for match in found), "")


def draft(pages: Sequence[Page]) -> Draft:
    """One invoice from its pages: the head from the first, the sums from the last."""
    head = pages[0]
    every = [row for page in pages for row in page]
    amount, tax = _sums(every)
    total = _total(every)
    if not (amount and total):
        amount, tax, total = _by_arithmetic(every) or (amount, tax, total)
    lines, rate = _lines(every, amount, tax)
    buyer, seller = _sides(head, _NAME)
    buyer_id, seller_id = (found if _ID_FORM.fullmatch(found) else "" for found in _sides(head, _ID))
    return Draft(
        code=_first(head, _CODE),
        number=number(head),
        title=next((match[0] for row in every if (match := _TITLE.search(row.text))), ""),
        issued=_day(head),
        amount=amount,
        tax=tax,
        total=total,
        seller_id=seller_id,
        seller_name=seller,
        buyer_id=buyer_id,
        buyer_name=buyer,
        machine_number=_first(head, _MACHINE),
        red_of=values.red_of("".join(row.text for row in every)),
        rate=rate,
        lines=lines,
    )


def _first(page: Page, value: re.Pattern[str]) -> str:
    return next((match[1] for row in page if (match := value.search(row.text))), "")


def _day(page: Page) -> str:
    """The day beside 开票日期, else the first one on the page."""
    rows = [row.text for row in page]
    ordered = [text for text in rows if "开票日期" in text] + rows
    return next((match[0] for text in ordered if (match := _DAY.search(text))), "")


def _sides(page: Page, label: re.Pattern[str]) -> tuple[str, str]:
    """Buyer's and seller's value: left and right of one row (数电), else above and below (税控)."""
    first, second, *_ = [*(_cell(row, end) for row, end in labels(page, label)), "", ""]
    return first, second


def _cell(row: Row, end: int) -> str:
    """The value after the label; an empty cell may have the next label behind it."""
    text = row.after(end)
    return "" if ":" in values.plain(text) else text.strip()


def _sums(rows: Page) -> tuple[str, str]:
    """合计: amount and tax; the last such row, for earlier pages have sums of their own."""
    found = ("", "")
    for row in rows:
        match = _SUM.search(row.text)
        start = match.end() if match else 0
        is_sum = match or _SUMS_ALONE.fullmatch(row.text)
        figures = [each.replace("¥", "") for each in _FIGURE.findall(row.text, start)] if is_sum else []
        if figures and figures[0][-1].isdigit():
            found = (figures[0], figures[1] if len(figures) > 1 else "")
    return found


def _total(rows: Page) -> str:
    for row in reversed(rows):
        match = _IN_FIGURES.search(row.text)
        if match and (figure := _FIGURE.search(row.text, match.end())) and figure[1][-1].isdigit():
            return figure[1].replace("¥", "")
    return ""


def _by_arithmetic(rows: Page) -> tuple[str, str, str] | None:
    """Three figures with ¥ of which two make the third, where labels do not lead to them."""
    figures = list(dict.fromkeys(each for row in rows for each in _MONEY.findall(row.text)))[:12]
    money = {each: values.amount(each) for each in figures}
    whole = max(figures, key=lambda each: abs(money[each]), default="")
    for amount in figures:
        for tax in figures:
            if abs(money[tax]) < abs(money[amount]) and money[amount] + money[tax] == money[whole] != money[amount]:
                return amount, tax, whole
    return None


def _lines(rows: Page, amount: str, tax: str) -> tuple[tuple[DraftLine, ...], str]:
    """Goods lines, believed only when they sum up to the invoice's; and the rate, where all that is printed is one."""
    placed: list[tuple[float, DraftLine]] = []
    rates: set[str] = set()
    inside = False
    for row in rows:
        if _HEADER.search(row.text):
            inside = True
        elif _SUM.search(row.text) or "价税合计" in row.text or "小计" in row.text:
            inside = False
        elif inside:
            _take(row, placed, rates)
    found = [line for _, line in placed]
    rate = rates.pop() if len(rates) == 1 else ""
    try:
        sums = [sum((values.amount(line.amount) for line in found), Decimal(0))]
        sums.append(sum((values.tax(line.tax) for line in found), Decimal(0)))
        believed = found and sums == [values.amount(amount), values.tax(tax)]
    except ValueError:
        believed = False
    return (tuple(found) if believed else ()), rate


def _take(row: Row, placed: list[tuple[float, DraftLine]], rates: set[str]) -> None:
    words = row.words()
    left, item = words[0]
    texts = [values.plain(text) for _, text in words]
    at = next((at for at, text in enumerate(texts) if at > 0 and _RATE.fullmatch(text)), None)
    if at is not None:
        rates.add(texts[at])
        tax = texts[at + 1] if at + 1 < len(texts) else ""
        placed.append((left, DraftLine(item, texts[at - 1], texts[at], tax)))
    elif placed and len(words) == 1 and abs(left - placed[-1][0]) <= _BENEATH:
        begun = placed[-1][1]
        placed[-1] = (placed[-1][0], replace(begun, item=begun.item + item))
