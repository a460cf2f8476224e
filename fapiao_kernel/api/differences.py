"""Where card and ledger differ (差异明细), invoice by invoice, over the wire."""

from __future__ import annotations

from typing import Literal

from fapiao_kernel.api.shapes import Amount, Shape


class BriefView(Shape):
    """One invoice in brief; of a number told by the card's volumes (发票卷) nothing more is known than code and number."""

    code: str
    number: str
    issue_date: str = ""
    total: Amount | None = None
    red: bool = False
    void: bool = False


class BothView(Shape):
    """One invoice that both sides have, not alike."""

    code: str
    number: str
    card: BriefView
    ledger: BriefView


class BriefList(Shape):
    """``count`` is of all, ``shown`` the first of them."""

    count: int
    shown: list[BriefView]


class BothList(Shape):
    count: int
    shown: list[BothView]


class DifferenceView(Shape):
    """One unit whose statistics do not agree. ``by``: the card's own list, or the gaps (断号) in the ledger's numbers where it has none.

    ``unnamed``: sheets (张) that the card counts beyond what could be named. ``list_agrees``: whether the card's list comes to its own
    statistics; None where there is no list.
    """

    invoice_type: str
    period: str
    by: Literal["card_list", "volume_gaps"]
    only_card: BriefList
    only_ledger: BriefList
    other: BothList
    unnamed: int = 0
    list_agrees: bool | None = None
