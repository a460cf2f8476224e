"""What an OFD, XML or PDF says of an invoice, as text (初稿), and making an invoice of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from fapiao_kernel.domain.errors import Refused, finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import EXEMPT, UNKNOWN_RATE, Invoice, InvoiceLine, InvoiceStatus, InvoiceType
from fapiao_kernel.records.intake import kinds, values
from fapiao_kernel.records.intake.importer import Content

T = TypeVar("T")

_NAMES = {
    "number": "发票号码",
    "code": "发票代码",
    "amount": "金额",
    "tax": "税额",
    "total": "价税合计",
    "issued": "开票日期",
}


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A goods line as text, in the order of ``InvoiceLine``."""

    item: str
    amount: str
    rate: str = ""
    tax: str = ""
    tax_class: str = ""
    specification: str = ""
    unit: str = ""
    quantity: str = ""
    price: str = ""

    def line(self) -> InvoiceLine:
        """Raises ``ValueError``. A line without an amount (a mere text) counts as 0.00."""
        amount = values.amount(self.amount or "0")
        tax = values.tax(self.tax)
        rate = values.rate(self.rate)
        if rate == UNKNOWN_RATE and self.tax.strip() == "***":
            rate = EXEMPT
        return InvoiceLine(
            self.item, amount, rate, tax, self.tax_class, self.specification, self.unit, self.quantity, self.price
        )


@dataclass(frozen=True, slots=True)
class Draft:
    """One source's view of an invoice; ``""`` where it says nothing. ``title`` is the printed title or the type's name.

    ``rate`` counts where there are no lines.
    """

    code: str = ""
    number: str = ""
    kind: InvoiceType | None = None
    title: str = ""
    issued: str = ""
    amount: str = ""
    tax: str = ""
    total: str = ""
    seller_id: str = ""
    seller_name: str = ""
    buyer_id: str = ""
    buyer_name: str = ""
    machine_number: str = ""
    remark: str = ""
    red: bool = False
    void: bool = False
    red_of: str = ""
    uploaded: bool | None = None
    rate: str = ""
    lines: tuple[DraftLine, ...] = ()
    findings: tuple[Finding, ...] = field(default=())

    def over(self, other: Draft) -> Draft:
        """This one, with what it leaves out taken from the other; a finding where the two contradict."""
        doubts = [f for f in (self._against(other, name) for name in _NAMES) if f]
        filled: dict[str, Any] = {f.name: _either(getattr(self, f.name), getattr(other, f.name)) for f in fields(Draft)}
        return replace(self, **filled | {"findings": (*self.findings, *other.findings, *doubts)})

    def _against(self, other: Draft, name: str) -> Finding | None:
        mine, theirs = getattr(self, name), getattr(other, name)
        if not mine or not theirs or _comparable(name, mine) == _comparable(name, theirs):
            return None
        return finding("intake_ofd_disagrees", field=_NAMES[name], first=mine, other=theirs)

    def content(self) -> Content:
        """The invoice. Raises ``Refused``: ``intake_value_missing``, ``intake_kind_missing``."""
        invoice = self._invoice()
        findings = list(self.findings)
        if invoice.total != (added := invoice.amount + invoice.tax):
            findings.append(finding("intake_sum_differs", total=invoice.total, sum=added))
        return Content((invoice,), tuple(findings))

    def _invoice(self) -> Invoice:
        number = values.compact(self.number)
        code = "" if values.digits(number, 20) else values.compact(self.code)
        if not (values.digits(number, 20) or (values.digits(code, 10, 12) and values.digits(number, 8))):
            raise Refused("intake_value_missing", field="发票代码或号码", value=f"{code} {number}".strip() or "空")
        kind = self.kind or (kinds.by_code(code) if code else None)
        kind = kind or kinds.by_name(self.title, "" if code else kinds.DIGITAL_SOURCE)
        if kind is None or kind.on_device is (not code):
            raise Refused("intake_kind_missing", value=self.title or code or number)
        if self.tax or not (self.total and self.amount):
            amount, tax = self._get("amount", values.amount), self._get("tax", values.tax)
            total = self._get("total", values.amount) if self.total else amount + tax
        else:
            amount, total = self._get("amount", values.amount), self._get("total", values.amount)
            tax = total - amount
        try:
            lines = tuple(line.line() for line in self.lines)
        except ValueError as error:
            raise Refused("intake_value_missing", field="明细金额", value="?", original=str(error)[:100]) from error
        red = self.red or amount < 0
        return Invoice(
            code=code,
            number=number,
            invoice_type=kind,
            issue_date=self._get("issued", values.day),
            amount=amount,
            tax=tax,
            total=total,
            seller_id=values.compact(self.seller_id),
            seller_name=self.seller_name,
            buyer_id=values.compact(self.buyer_id),
            buyer_name=self.buyer_name,
            machine_number=values.compact(self.machine_number) if kind.on_device else "",
            status=InvoiceStatus.VOID if self.void else InvoiceStatus.NORMAL,
            red=red,
            red_of=(self.red_of or values.red_of(self.remark)) if red else "",
            remark=self.remark,
            lines=lines,
            uploaded=self.uploaded,
            declared_rate=values.rate(self.rate) if self.rate and not lines else "",
        )

    def _get(self, name: str, convert: Callable[[object], T]) -> T:
        value = getattr(self, name)
        try:
            return convert(value)
        except ValueError:
            raise Refused("intake_value_missing", field=_NAMES[name], value=value or "空") from None


def _either(mine: object, other: object) -> object:
    return mine if mine or (mine is False and other is None) else other


def _comparable(name: str, text: str) -> object:
    try:
        if name == "issued":
            return values.day(text)
        return values.tax(text) if name in ("amount", "tax", "total") else values.compact(text)
    except ValueError:
        return text
