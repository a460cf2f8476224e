"""Naming a frozen preview to the ledger."""

from __future__ import annotations

from typing import Any

from fapiao_widgets.viewmodels.frozen import newest_preview
from widget_shapes import DEVICE, run

from fapiao_kernel.domain.clearing import State
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit


def test_the_last_frozen_preview_is_named_by_its_units_keys_and_watermarks(client: Any) -> None:
    view = run(State.PREVIEWED)
    client.views = {view.id: view}
    units = [{"invoice_type": "004", "period": "2026-10", "watermark": 3}]
    client._journal = lambda run: [
        {"kind": "preview.frozen", "data": {"units": [{**units[0], "watermark": 1}]}},
        {"kind": "preview.frozen", "data": {"units": units}},
    ]
    key = ClearUnit(DEVICE, InvoiceType.SPECIAL, Period(2026, 10)).key
    assert newest_preview(client) == {"keys": [key], "watermarks": [3]}


def test_without_a_frozen_preview_there_is_nothing_to_name(client: Any) -> None:
    assert newest_preview(client) is None
