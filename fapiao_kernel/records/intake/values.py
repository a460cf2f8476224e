"""Values as invoice files write them (取值): amounts, rates, days, numbers, references. Each raises ``ValueError`` for anything else."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from fapiao_kernel.domain.invoice import EXEMPT, NOT_TAXED, UNKNOWN_RATE
from fapiao_kernel.domain.money import CENT, ZERO, rounded

MASKED = frozenset({"***", "*", "免税", "不征税"})
"""What stands in a tax cell when no tax is due (domain note, section 3.4)."""
LARGEST = Decimal("1e15")
"""Amounts are below this: 15 digits are also what a spreadsheet keeps of a number."""
_FINE = Decimal("0.0001")
_NO_SIGN = str.maketrans({"¥": "", "−": "-", "–": "-", " ": ""})
_GROUPED = re.compile(r"-?\d{1,4}(?:(?:,\d{3})+|(?:,\d{4})+)(?:\.\d*)?")
"""Thousands, or the ten thousands (万) that some people write; any other comma may be meant for the point."""
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T].*)?")
_DAY8 = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\d{6})?")
_RED_OF = re.compile(
    r"(?:对应正数发票代码:\s*(?P<code>\d{10,12})\s*号码:\s*(?P<number>\d{8})"
    r"|被红冲蓝字数电(?:发)?票号码:\s*(?P<digital>\d{20}))"
)


_RADICALS = str.maketrans(
    "⺁⺄⺆⺊⺋⺎⺓⺟⺠⺶⻁⻄⻅⻆⻉⻋⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻨⻩⻬⻮⻰⻳",
    "厂乙冂卜㔾兀幺母民羊虎西见角贝车长门青韦页风飞食马骨鬼鱼鸟麦黄齐齿龙龟",
)
"""CJK Radicals Supplement to the characters that they stand for: NFKC leaves these alone (Unicode, EquivalentUnifiedIdeograph)."""
_KANGXI = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0x2F00, 0x2FD6)}


def plain(text: str) -> str:
    """Codes, numbers, figures, labels as one writes them (规范化): half width, no radicals. Names are never put through this."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", text.translate(_RADICALS))


def no_radicals(text: str) -> str:
    """Characters for the radicals that PDF fonts give in their stead (⾦ is 金); everything else as it is."""
    return text if text.isascii() else text.translate(_RADICALS).translate(_KANGXI)


def compact(text: str) -> str:
    """``plain``, and without white space: for codes and numbers."""
    return "".join(plain(text).split())


def amount(cell: object) -> Decimal:
    """Yuan, rounded to fen. Floats go through their shortest text, so 0.1 is 0.10."""
    if isinstance(cell, bool) or not isinstance(cell, Decimal | int | float | str):
        raise ValueError(f"not an amount: {cell!r}")
    try:
        exact = Decimal(_figures(cell) if isinstance(cell, str) else str(cell))
        if not exact.is_finite() or abs(exact) >= LARGEST:
            raise ValueError(f"not an amount: {cell!r}")
        value = exact if exact.as_tuple().exponent == CENT.as_tuple().exponent else rounded(exact)
    except InvalidOperation:
        raise ValueError(f"not an amount: {cell!r}") from None
    return value or ZERO  # never minus zero


def finer(cell: str) -> bool:
    """Whether an amount in text has parts of a fen in it, and more than a spreadsheet's noise (0.1 + 0.2): four places are looked at."""
    if len(cell) - cell.rfind(".") <= 3 or "." not in cell:
        return False
    try:
        exact = Decimal(_figures(cell))
        return exact.quantize(_FINE, ROUND_HALF_UP) != rounded(exact)
    except InvalidOperation:
        return False


def _figures(text: str) -> str:
    bare = plain(text).translate(_NO_SIGN).strip()
    return bare.replace(",", "") if "," in bare and _GROUPED.fullmatch(bare) else bare


def tax(cell: object) -> Decimal:
    """Tax in yuan; 0.00 where it is masked (``***``), exempt or left out."""
    if isinstance(cell, str) and (not (text := compact(cell)) or text in MASKED or not text.strip("*")):
        return ZERO
    return amount(cell)


def rate(cell: object) -> str:
    """A rate as plain decimal (``0.13``) or the domain's word; a masked one (差额征税 too) is 未知."""
    text = compact(str(cell))
    if text in (EXEMPT, NOT_TAXED):
        return text
    if "零税率" in text:
        return "0"
    try:
        value = Decimal(text.removesuffix("%").strip())
    except InvalidOperation:
        return UNKNOWN_RATE
    if not value.is_finite() or value < 0:
        return UNKNOWN_RATE
    if text.endswith("%") or value >= 1:
        value /= 100
    return f"{value.normalize():f}" if value < 1 else UNKNOWN_RATE


def day(cell: object) -> date:
    """The day of issue from a date cell or from text in any of the usual forms, the time of day dropped."""
    if isinstance(cell, datetime):
        found = cell.date()
    elif isinstance(cell, date):
        found = cell
    else:
        text = plain(str(cell)).strip()
        match = _DAY.fullmatch(text) or _DAY8.fullmatch(text)
        if match is None:
            raise ValueError(f"not a day: {cell!r}")
        found = date(*(int(part) for part in match.groups()))
    if not 1990 <= found.year <= 2999:
        raise ValueError(f"not a day of an invoice: {cell!r}")
    return found


def red_of(remark: str) -> str:
    """The blue invoice that a red one's remark names (蓝字发票): code and number, or 20 digits; ``""`` when it names none."""
    match = _RED_OF.search(compact(remark))
    return (match["digital"] or match["code"] + match["number"]) if match else ""


def digits(text: str, *lengths: int) -> bool:
    """Whether it is ASCII digits, of one of the lengths."""
    return len(text) in lengths and text.isascii() and text.isdigit()


def quantity(cell: object) -> str:
    """Quantity or price as text; a whole float loses its ``.0``."""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return str(cell).strip()
