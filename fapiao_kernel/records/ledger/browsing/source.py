"""The rows of a view as SQL (取数): flat wherever the units' state in memory allows it, a join only where a month is mixed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fapiao_kernel.domain.period import Period
from fapiao_kernel.records.ledger.browsing.standing import Month, Standing, month_keys
from fapiao_kernel.records.ledger.browsing.view import Scope, View

FEW = 12
"""Runs of whole months beside each other that are named one by one; beyond that the join is cheaper to plan."""


@dataclass
class Source:
    """``FROM … WHERE …`` over ``invoice i`` with what is bound in it; ``empty``: no row can be in it, and nothing need be asked."""

    table: str = "invoice i"
    where: list[str] = field(default_factory=list)
    bound: dict[str, Any] = field(default_factory=dict)
    empty: bool = False

    def bind(self, value: Any) -> str:
        """Keep a value; gives its place in the SQL."""
        name = f"p{len(self.bound)}"
        self.bound[name] = value
        return f"${name}"

    def sql(self, more: Iterable[str] = ()) -> str:
        """From the FROM on."""
        conditions = [*self.where, *more]
        return f"FROM {self.table}" + (f" WHERE {' AND '.join(conditions)}" if conditions else "")

    def params(self, sql: str) -> dict[str, Any]:
        """What is bound in this SQL: DuckDB refuses values that no place asks for."""
        named = set(re.findall(r"\$(\w+)", sql))
        return {name: value for name, value in self.bound.items() if name in named}


def source(view: View, standing: Standing) -> Source:
    """Where the rows of a view come from."""
    found = Source()
    scope = view.scope
    if scope.frozen is not None:
        _frozen(found, scope.frozen, standing)
    elif scope.state == "fully_digital":
        found.empty = not standing.digital
        found.where.append("i.fully_digital")
    elif scope.state == "card_unknown":
        found.empty = not standing.unknown
        found.where.append("i.unit_key IS NULL AND NOT i.fully_digital")
    elif scope.state == "all":
        if scope.units:
            found.where.append(f"i.unit_key IN ({_listed(scope.units)})")
    elif scope.units:
        _units(found, scope, standing)
    else:
        _state(found, scope, standing)
    if scope.units and (scope.frozen is not None or scope.state in ("fully_digital", "card_unknown")):
        found.where.append(f"i.unit_key IN ({_listed(scope.units)})")
    if scope.period is not None:
        # A DATE of our own making as a constant, as one would write it by hand.
        found.where.append(f"i.period = DATE '{scope.period.first_day}'")
    _marks(found, scope, standing)
    found.where += [each.sql(found.bind) for each in view.filters]
    return found


def _listed(keys: Iterable[int]) -> str:
    # Unit keys are integers: as constants they let DuckDB skip the row groups of other months.
    return ", ".join(str(int(key)) for key in keys)


def _case(watermarks: dict[int, int]) -> str:
    cases = " ".join(f"WHEN {int(key)} THEN {int(seq)}" for key, seq in watermarks.items())
    return f"CASE i.unit_key {cases} ELSE -1 END"


def _frozen(found: Source, frozen: tuple[tuple[int, int], ...], standing: Standing) -> None:
    """What a frozen preview counted: up to its watermark, less what an earlier clear had taken."""
    found.empty = not frozen
    if not frozen:
        return
    watermarks = dict(frozen)
    found.where.append(f"i.unit_key IN ({_listed(watermarks)}) AND i.import_seq <= {_case(watermarks)}")
    earlier = {key: standing.closed[key] for key, seq in frozen if standing.closed.get(key, seq) < seq}
    if earlier:
        found.where.append(f"i.import_seq > {_case(earlier)}")


def _units(found: Source, scope: Scope, standing: Standing) -> None:
    cleared = scope.state == "cleared"
    keys = [
        key
        for key in scope.units
        if (key in standing.closed if cleared else key not in standing.closed or key in standing.late)
    ]
    late = {key: standing.closed[key] for key in keys if key in standing.late}
    found.empty = not keys
    if keys:
        found.where.append(f"i.unit_key IN ({_listed(keys)})")
    if late and cleared:
        found.where.append(f"(i.unit_key NOT IN ({_listed(late)}) OR i.import_seq <= {_case(late)})")
    elif late:
        found.where.append(f"i.import_seq > {_case(late)}")


def _state(found: Source, scope: Scope, standing: Standing) -> None:
    """Open or cleared, of a month or of all."""
    cleared = scope.state == "cleared"
    period = scope.period
    months = {p: m for p, m in standing.months.items() if period is None or p == period}
    held = [p for p, m in months.items() if (m.cleared + m.late if cleared else m.open + m.late)]
    if not held:
        found.empty = True
        return
    mixed = any(m.late or (m.open and m.cleared) for m in months.values())
    spans = _spans(held, months) if not mixed else []
    if mixed or len(spans) > FEW:
        over = f" AND i.unit_key >= {month_keys(min(held))[0]} AND i.unit_key < {month_keys(max(held))[1]}"
        if cleared:
            found.table += " JOIN clear_unit u ON u.unit_key = i.unit_key AND i.import_seq <= u.watermark" + over
        else:
            found.table += " JOIN open_unit u ON u.unit_key = i.unit_key AND i.import_seq > u.watermark" + over
    elif len(held) == len(standing.months) or period is not None:
        if standing.apart:
            found.where.append("i.unit_key IS NOT NULL")
    else:
        within = [f"(i.unit_key >= {low} AND i.unit_key < {high})" for low, high in spans]
        found.where.append(within[0][1:-1] if len(within) == 1 else f"({' OR '.join(within)})")
        if len(within) > 1:  # what an OR cannot tell: where to begin and end looking
            found.where.append(f"i.unit_key >= {spans[0][0]} AND i.unit_key < {spans[-1][1]}")


def _spans(held: Collection[Period], months: Mapping[Period, Month]) -> list[tuple[int, int]]:
    """Unit keys of months beside each other, with no other month of the ledger between."""
    spans: list[tuple[int, int]] = []
    beside = False
    for period in sorted(months):
        if period not in held:
            beside = False
            continue
        low, high = month_keys(period)
        if beside:
            spans[-1] = (spans[-1][0], high)
        else:
            spans.append((low, high))
        beside = True
    return spans


def _marks(found: Source, scope: Scope, standing: Standing) -> None:
    """Status as it is now: a void mark counts unless it came after the clear (see view ``current_invoice``)."""
    if found.empty or not _touched(scope, standing):
        return
    if scope.frozen is not None:
        counts = f"v.import_seq <= {_case(dict(scope.frozen))}"
    else:
        counts = "(v.watermark IS NULL OR i.import_seq > v.watermark OR v.import_seq <= v.watermark)"
    found.table += _MARKED
    status = f"CASE WHEN v.code IS NOT NULL AND {counts} THEN 'void' ELSE i.status END AS status"
    found.table = f"(SELECT i.* REPLACE ({status}) {found.sql()}) i"
    found.where = []


_MARKED = (
    " LEFT JOIN (SELECT m.code, m.number, min(m.import_seq) AS import_seq, any_value(k.watermark) AS watermark"
    " FROM invoice_mark m LEFT JOIN clear_unit k ON k.unit_key = m.unit_key WHERE m.mark = 'void'"
    " GROUP BY m.code, m.number) v ON v.code = i.code AND v.number = i.number"
)


def _touched(scope: Scope, standing: Standing) -> bool:
    """Whether a void mark can count in the scope."""
    if not standing.marked:
        return False
    if None in standing.marked:
        return True
    if scope.state == "fully_digital":
        return False
    keys: Iterable[int] = (key for key in standing.marked if key is not None)
    if scope.frozen is not None:
        keys = [key for key, _ in scope.frozen if key in standing.marked]
    if scope.units:
        keys = set(scope.units).intersection(keys)
    if scope.period is None:
        return any(True for _ in keys)
    low, high = month_keys(scope.period)
    return any(low <= key < high for key in keys)
