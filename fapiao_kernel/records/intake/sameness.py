"""The same invoice twice in one file (重复): it comes in once; when the two are not alike, that is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from fapiao_kernel.domain.errors import finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import Invoice

_COMPARED = [field.name for field in fields(Invoice) if field.name != "row"]


def once(invoices: Sequence[Invoice]) -> tuple[list[Invoice], list[Finding]]:
    """Each invoice once, the first of its key; a finding for every later one that differs from it."""
    kept: dict[tuple[str, str], Invoice] = {}
    findings = []
    for invoice in invoices:
        first = kept.setdefault(invoice.key, invoice)
        if first is not invoice and (names := _differences(first, invoice)):
            findings.append(
                finding(
                    "intake_twice_differs",
                    row=invoice.row,
                    number=(invoice.code + " " + invoice.number).strip(),
                    fields="、".join(names),
                    first=first.row or "-",
                )
            )
    return list(kept.values()), findings


def _differences(first: Invoice, other: Invoice) -> list[str]:
    return [name for name in _COMPARED if getattr(first, name) != getattr(other, name)]
