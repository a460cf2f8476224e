"""Issuing (开票), voiding and taking back over the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fapiao_kernel.api.shapes import Amount, ErrorView, FindingView, Shape


class LineShape(Shape):
    """A goods line; ``tax`` may be left out of a request: then it is amount × rate."""

    item: str
    amount: Amount
    rate: str
    tax: Amount | None = None
    tax_class: str = ""
    specification: str = ""
    unit: str = ""
    quantity: str = ""
    price: str = ""


class RequestShape(Shape):
    """An issue request (开票请求). ``invoice_type``: 004, 007 …; ``red_of``: code and number of the blue invoice that it takes back."""

    id: str
    invoice_type: str
    buyer_name: str
    buyer_id: str = ""
    lines: list[LineShape]
    remark: str = ""
    red_of: tuple[str, str] | None = None


class ReadRequests(Shape):
    """A file of requests (xlsx, CSV, JSON) on this machine."""

    path: str


class RequestsView(Shape):
    """What a file asks for, and a finding for each row that could not be read: its invoice is not among the requests."""

    requests: list[RequestShape]
    findings: list[FindingView]


class PreviewIssue(Shape):
    card: str
    requests: list[RequestShape]


class IssueRequests(Shape):
    """``pin``: for this batch alone, shown to the card once."""

    card: str
    requests: list[RequestShape]
    pin: str = Field(default="", repr=False)


class ForeseenView(Shape):
    """One request before it is sent. ``number`` ``""``: not to be told yet. ``again``: issued already under this id."""

    id: str
    invoice_type: str
    name: str
    buyer_name: str
    code: str
    number: str
    amount: Amount
    tax: Amount
    total: Amount
    red: bool
    again: bool
    findings: list[FindingView]


class TypeTotal(Shape):
    """Sheets and sums of one type that would be issued."""

    invoice_type: str
    name: str
    count: int
    amount: Amount
    tax: Amount
    total: Amount
    left: int | None = None
    """Numbers that the card has left of it."""


class IssuePreview(Shape):
    """What would be issued; nothing was changed. ``ready``: nothing holds it up."""

    card: str
    device_number: str
    ready: bool
    rows: list[ForeseenView]
    totals: list[TypeTotal]
    findings: list[FindingView]


class IssuedView(Shape):
    """What became of one act. ``again``: done earlier under this id. ``entered``: the ledger has it."""

    id: str
    outcome: Literal["done", "again", "refused", "unknown", "not_done", "not_begun"]
    invoice_type: str = ""
    name: str = ""
    code: str = ""
    number: str = ""
    issue_date: str = ""
    buyer_name: str = ""
    amount: Amount = "0.00"
    tax: Amount = "0.00"
    total: Amount = "0.00"
    red: bool = False
    void: bool = False
    entered: bool = False
    control_code: str = ""
    evidence: str = ""
    error: ErrorView | None = None
    findings: list[FindingView] = []


class IssueAnswer(Shape):
    """``verdict``: ``done`` all of it, on the card and in the ledger · ``partial`` · ``refused`` nothing · ``unknown`` · ``stopped``."""

    card: str
    verdict: Literal["done", "partial", "refused", "unknown", "stopped"]
    invoices: list[IssuedView]


class CardOnly(Shape):
    card: str


class VoidRequest(Shape):
    """``confirm``: the last four digits of the number, typed by a person."""

    card: str
    code: str
    number: str
    confirm: str
    pin: str = Field(default="", repr=False)


class RedRequest(Shape):
    """The request that takes a blue invoice back whole is made; nothing is sent. ``remark``: 红字信息表编号 and what else is to be said."""

    card: str
    code: str
    number: str
    remark: str = ""


class SideView(Shape):
    """One invoice as the card, or the ledger, has it."""

    issue_date: str
    total: Amount
    red: bool
    void: bool


class FoundView(Shape):
    """One number, card and ledger side by side. ``voidable``: what stands in the way is in ``findings``."""

    card: str
    code: str
    number: str
    invoice_type: str
    name: str
    buyer_name: str
    on_card: SideView | None
    in_ledger: SideView | None
    agree: bool
    voidable: bool
    red_left: Amount | None
    """Amount without tax that no red invoice has taken back yet; None where the ledger has no blue one."""
    findings: list[FindingView]


class OpenView(Shape):
    """Acts that are not at their end: ``unknown`` outcomes, and what the ledger has still to learn of (``owed``)."""

    unknown: list[IssuedView]
    owed: list[IssuedView]
