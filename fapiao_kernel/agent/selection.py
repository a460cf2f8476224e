"""Selections (选择) between the wire and the engine."""

from __future__ import annotations

from fapiao_kernel.api.selection import SelectedUnitView, SelectedView, Selecting
from fapiao_kernel.domain.clearing import unit_data
from fapiao_kernel.domain.errors import UsageError
from fapiao_kernel.domain.money import text
from fapiao_kernel.domain.selection import Selection
from fapiao_kernel.operations.clearing.selecting import Selected, SelectedUnit


def selection_of(request: Selecting) -> Selection:
    """What was asked for; raises ``UsageError`` (``selection_wrong``)."""
    try:
        return Selection.parse(request.model_dump(exclude={"card"}))
    except ValueError as error:
        raise UsageError("selection_wrong", what=str(error)) from error


def selected_view(found: Selected) -> SelectedView:
    """What it comes to."""
    return SelectedView(
        card=found.card,
        device_number=found.device_number,
        exact=found.exact,
        missing=found.missing,
        units=[_unit(one) for one in found.units],
    )


def _unit(one: SelectedUnit) -> SelectedUnitView:
    return SelectedUnitView(
        **unit_data(one.unit),
        name=one.unit.invoice_type.zh,
        count=one.held.count,
        total=text(one.held.total),
        asked_count=one.asked.count,
        asked_total=text(one.asked.total),
        along=one.along.value if one.along is not None else "",
    )
