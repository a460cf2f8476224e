"""The facts of a run (清卡事实): what ``ports.Recorder.write`` is given, key by key. All of it is plain JSON (``domain.plain``).

- ``run`` id · ``taxpayer_name`` 企业名称 · ``taxpayer_id`` 税号 · ``device_number`` 机器编号
- ``simulated``: whether the card is a practice card · ``opened_by``, ``opened_at``, ``finished_at``: who, and ISO times
- ``verdict``: ``cleared | already_cleared | partial | refused | unknown``
- ``units``: what became of each clear unit, see ``UNIT``; dates are "" where the card has no such type
- ``preview``: the data of ``preview.frozen`` as they stand in the journal
- ``statistics``: the card's monthly sums beside the ledger's
- ``card_before``, ``card_after``: ``plain(CardState)``; None when the card could not be read
- ``verification``: checks ``{name, title, finding}``
- ``authority``: ``{upload, receipts}`` of the tax side · ``declaration``: what it said of the return
- ``census_before``, ``census_after``: ``plain(Census)`` · ``backups``: the data of each ``run.backed_up``
- ``journal_first``, ``journal_last``: the run's span of journal sequence numbers · ``versions``: name → version
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fapiao_kernel.domain.errors import FapiaoError

TOP = [
    "run",
    "taxpayer_name",
    "taxpayer_id",
    "device_number",
    "simulated",
    "opened_by",
    "opened_at",
    "finished_at",
    "verdict",
    "units",
    "preview",
    "card_before",
    "card_after",
    "statistics",
    "verification",
    "authority",
    "declaration",
    "census_before",
    "census_after",
    "backups",
    "journal_first",
    "journal_last",
    "versions",
]
UNIT = [
    "invoice_type",
    "name",
    "period",
    "count",
    "total",
    "digest",
    "outcome",
    "lock_date_before",
    "lock_date_after",
    "report_start_before",
    "report_start_after",
]
PREVIEW = ("revision", "units")
PREVIEW_UNIT = ["invoice_type", "period", "count", "voids", "reds", "amount", "tax", "total", "digest", "rates"]
RATE = ("rate", "count", "amount", "tax")
STATISTICS = ["invoice_type", "period", "card_count", "card_total", "ledger_count", "ledger_total", "agrees"]
CARD = ("identity", "clock", "monitoring")
CHECK = ("name", "title", "finding")
CENSUS = ("open", "cleared", "all")
TALLY = ("count", "total")
BACKUP = ("id", "time", "copies", "journal_head", "proven", "reason")


def check(facts: Mapping[str, Any]) -> None:
    """Raises ``FapiaoError`` ``bug`` that names every missing key: a record is never written with a hole in it."""
    missing = sorted(_missing(facts))
    if missing:
        raise FapiaoError("bug", what=f"facts of run {facts.get('run', '?')} lack {', '.join(missing)}")


def _missing(facts: Mapping[str, Any]) -> Iterator[str]:
    yield from _keys("", facts, TOP)
    for unit in _each(facts, "units", UNIT):
        yield unit
    preview = facts.get("preview") or {}
    yield from _keys("preview.", preview, PREVIEW)
    yield from (f"preview.{m}" for m in _each(preview, "units", PREVIEW_UNIT))
    for unit in preview.get("units", ()):
        yield from (f"preview.units.{m}" for m in _each(unit, "rates", RATE))
    yield from _each(facts, "statistics", STATISTICS)
    yield from _each(facts, "verification", CHECK)
    yield from _each(facts, "backups", BACKUP)
    for name in ("card_before", "card_after"):
        if facts.get(name) is not None:
            yield from _keys(f"{name}.", facts[name], CARD)
    for name in ("census_before", "census_after"):
        census = facts.get(name) or {}
        yield from _keys(f"{name}.", census, CENSUS)
        for part in CENSUS:
            yield from _keys(f"{name}.{part}.", census.get(part, {}), TALLY)


def _each(holder: Mapping[str, Any], name: str, keys: tuple[str, ...] | list[str]) -> Iterator[str]:
    for index, item in enumerate(holder.get(name) or ()):
        yield from _keys(f"{name}[{index}].", item, keys)


def _keys(prefix: str, holder: Mapping[str, Any], keys: tuple[str, ...] | list[str]) -> Iterator[str]:
    yield from (f"{prefix}{key}" for key in keys if key not in holder)
