"""What a person asks to clear (选择), and what that comes to, over the wire."""

from __future__ import annotations

from typing import Literal

from fapiao_kernel.api.shapes import Amount, Shape


class Selecting(Shape):
    """What is asked for on a card; with nothing named, all that it would close now.

    ``kinds``: ``special`` 专用, ``ordinary`` 普通 · ``preset``: ``last_month`` 上个月, ``quarter`` 本季度 · ``periods``: ``2026-10`` ·
    ``first_day``/``last_day``: days of issue (ISO) · ``invoices``: pairs of code and number · ``whole``: the whole units all the
    same, where days or invoices are narrower.
    """

    card: str
    types: list[str] = []
    kinds: list[str] = []
    periods: list[str] = []
    preset: str = ""
    first_day: str = ""
    last_day: str = ""
    invoices: list[tuple[str, str]] = []
    whole: bool = False


class SelectedUnitView(Shape):
    """A unit that would really close: what it holds, how much of that was asked for, and why the rest comes along."""

    invoice_type: str
    name: str
    period: str
    count: int
    total: Amount
    asked_count: int
    asked_total: Amount
    along: Literal["", "other_type", "other_month", "rest"]


class SelectedView(Shape):
    """What a selection comes to. ``exact``: just what was asked for; else a run needs ``whole``. ``missing``: picked invoices
    that are in none of the units."""

    card: str
    device_number: str
    exact: bool
    missing: int
    units: list[SelectedUnitView]
