"""Tax period (税款所属期, 征期's month): one calendar month."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import total_ordering

_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}")


@total_ordering
@dataclass(frozen=True)
class Period:
    """A calendar month, written ``YYYY-MM``."""

    year: int
    month: int

    def __post_init__(self) -> None:
        if not (1990 <= self.year <= 2999 and 1 <= self.month <= 12):
            raise ValueError(f"not a tax period: {self.year}-{self.month}")

    @classmethod
    def parse(cls, text: str) -> Period:
        """From ``YYYY-MM``; raises ``ValueError`` for anything else."""
        if not _TEXT.fullmatch(text):
            raise ValueError(f"not a tax period (YYYY-MM): {text!r}")
        return cls(int(text[:4]), int(text[5:]))

    @classmethod
    def of(cls, day: date) -> Period:
        """The period a day lies in."""
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    def __lt__(self, other: Period) -> bool:
        return (self.year, self.month) < (other.year, other.month)

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def last_day(self) -> date:
        return self.next().first_day - timedelta(days=1)

    def shift(self, months: int) -> Period:
        """The period so many months later (earlier when negative)."""
        count = self.year * 12 + self.month - 1 + months
        return Period(count // 12, count % 12 + 1)

    def next(self) -> Period:
        return self.shift(1)

    def previous(self) -> Period:
        return self.shift(-1)
