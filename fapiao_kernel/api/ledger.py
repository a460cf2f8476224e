"""Import and ledger (发票库) over the wire."""

from __future__ import annotations

from typing import Literal

from fapiao_kernel.api.shapes import Amount, FindingView, Shape


class ImportRequest(Shape):
    """``period`` (``YYYY-MM``): what lies outside it becomes a finding."""

    paths: list[str]
    card: str | None = None
    period: str = ""


class InvoiceView(Shape):
    code: str
    number: str
    invoice_type: str
    issue_date: str
    amount: Amount
    tax: Amount
    total: Amount
    machine_number: str
    lines: int
    fully_digital: bool


class FileView(Shape):
    """``invoices`` up to 1,000 a file; beyond that ``count`` says how many there are."""

    file: str
    status: Literal["imported", "duplicate", "rejected", "partial"]
    invoices: list[InvoiceView]
    count: int | None = None
    findings: list[FindingView]


class ImportAnswer(Shape):
    """``cancelled``: stopped by a person; the files listed are in, each whole, and nothing of any other."""

    files: list[FileView]
    cancelled: bool = False


class SqlRequest(Shape):
    """``id``: the asker's own, by which the query can be stopped; ``limit`` rows at most; ``seconds`` is its deadline."""

    sql: str
    limit: int = 100_000
    seconds: float = 30.0
    id: str = ""


class RuleView(Shape):
    """One invariant of the ledger: held against ``looked`` rows (or units, or originals)."""

    rule: str
    looked: int
    ok: bool
    findings: list[FindingView]


class LedgerProof(Shape):
    ok: bool
    rules: list[RuleView]
