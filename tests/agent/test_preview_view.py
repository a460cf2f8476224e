"""The frozen preview as faces see it: what differs, unit by unit, down to the number."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from fapiao_kernel.agent.views import preview_of

NOTHING = {"count": 0, "shown": []}
ROW = {"code": "3300264130", "number": "00000007", "issue_date": "2026-10-03", "total": "113.00", "red": False}
SPECIAL = {
    "invoice_type": "004",
    "period": "2026-10",
    "by": "card_list",
    "only_card": {"count": 1, "shown": [{**ROW, "void": False}]},
    "only_ledger": NOTHING,
    "other": {
        "count": 1,
        "shown": [
            {
                "code": "3300264130",
                "number": "00000009",
                "card": {**ROW, "number": "00000009", "void": True},
                "ledger": {**ROW, "number": "00000009", "void": False},
            }
        ],
    },
    "unnamed": 0,
    "list_agrees": True,
}
ORDINARY = {
    "invoice_type": "007",
    "period": "2026-10",
    "by": "volume_gaps",
    "only_card": {"count": 1, "shown": [{"code": "3300261130", "number": "00000012"}]},
    "only_ledger": NOTHING,
    "other": NOTHING,
    "unnamed": 2,
    "list_agrees": None,
}


def frozen(**more: Any) -> dict[str, Any]:
    unit = {"invoice_type": "004", "period": "2026-10", "count": 3, "total": "1.13", "digest": "d", "rates": []}
    return {"revision": "R1", "frozen_at": "2026-11-05T09:00:06+08:00", "units": [unit], **more}


def test_each_differing_unit_names_its_invoices_and_what_each_side_says() -> None:
    special, ordinary = preview_of(frozen(differences=[SPECIAL, ORDINARY]), "661000012345").differences
    assert (special.only_card.shown[0].number, special.only_card.shown[0].total) == ("00000007", "113.00")
    both = special.other.shown[0]
    assert (both.number, both.card.void, both.ledger.void) == ("00000009", True, False)
    assert (ordinary.by, ordinary.unnamed, ordinary.list_agrees) == ("volume_gaps", 2, None)
    assert (ordinary.only_card.shown[0].number, ordinary.only_card.shown[0].total) == ("00000012", None)


def test_a_preview_frozen_without_differences_has_none() -> None:
    assert preview_of(frozen(), "661000012345").differences == []


def test_an_amount_that_is_no_decimal_text_is_not_passed_on() -> None:
    spoiled = {**SPECIAL, "only_card": {"count": 1, "shown": [{**ROW, "total": 113.0}]}}
    with pytest.raises(ValidationError):
        preview_of(frozen(differences=[spoiled]), "661000012345")
