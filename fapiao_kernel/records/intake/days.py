"""How a table writes its days (日期写法), found from its first rows: the fast road needs one form for the whole column."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from fapiao_kernel.records.intake import values

ISO = "%Y-%m-%d"
_PATTERN = re.compile(
    r"\d{4}(?:\d{4}|(?P<first>[-/.年])\d{1,2}(?P<second>[-/.月])\d{1,2}(?P<last>日?))(?:[ T].*)?", re.DOTALL
)
_TIMES = ("", " %H:%M:%S", " %H:%M", "T%H:%M:%S")
_FEW = 50
"""One cell in so many may be written otherwise: it goes the careful road."""


def day_format(cells: Iterable[str]) -> str | None:
    """The ``strptime`` form of all but a few of the cells that are days; None when they have several, ISO's when none is a day."""
    counted = Counter(cells)
    forms: Counter[str | None] = Counter()
    for cell, count in counted.items():
        if cell:
            forms[_form(cell)] += count
    del forms[None]
    if not forms:
        return ISO
    form, count = forms.most_common(1)[0]
    return form if (forms.total() - count) * _FEW <= count else None


def _form(cell: str) -> str | None:
    match = _PATTERN.fullmatch(cell)
    if match is None:
        return None
    day = f"%Y{match['first']}%m{match['second']}%d{match['last']}" if match["first"] else "%Y%m%d"
    for time in _TIMES:
        try:
            if datetime.strptime(cell, day + time).date() == values.day(cell):
                return day + time
        except ValueError:
            continue
    return None
