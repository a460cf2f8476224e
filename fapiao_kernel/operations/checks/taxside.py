"""Checks of the tax side and the house (局端检查): the return, its comparison, and hours in which nothing is cleared."""

from __future__ import annotations

from fapiao_kernel.domain.errors import finding
from fapiao_kernel.operations.checks.check import Check, named
from fapiao_kernel.operations.checks.device import unread
from fapiao_kernel.operations.checks.look import Seen


def tax_return(seen: Seen) -> Check | None:
    """Whether the return is filed (申报) and agrees with the device's totals (票表比对; domain note 7 rows 2, 3)."""
    if seen.card is None:
        return None
    told = seen.declaration
    if told is None:
        return named("return", unread(seen, "declaration"))
    if not told.filed:
        return named("return", finding("check_return_missing", evidence=told.sentence, sentence=told.sentence))
    if not told.compared:
        return named("return", finding("check_comparison_failed", evidence=told.sentence, sentence=told.sentence))
    return named("return", finding("check_return_ok", evidence=told.sentence))


def maintenance(seen: Seen) -> Check:
    """Whether this hour lies in a maintenance window (停机维护): it ends by itself, so nobody takes it on."""
    if seen.maintenance is None:
        return named("maintenance", unread(seen, "maintenance"))
    if seen.maintenance:
        return named("maintenance", finding("check_maintenance", sentence=seen.maintenance))
    return named("maintenance", finding("check_no_maintenance"))
