"""Invoices (发票): their types, states and values, whatever file they came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.domain.period import Period


class InvoiceType(StrEnum):
    """Invoice type (发票类型代码 fplxdm).

    Device types carry the code that 税控盘 software uses. Vendors disagree on the codes of
    fully digital types (数电票), so 081/082 are ours, and never reach a device.
    """

    SPECIAL = "004"
    MOTOR_VEHICLE = "005"
    USED_VEHICLE = "006"
    ORDINARY = "007"
    FREIGHT = "009"
    ROLL = "025"
    ELECTRONIC_ORDINARY = "026"
    ELECTRONIC_SPECIAL = "028"
    DIGITAL_SPECIAL = "081"
    DIGITAL_ORDINARY = "082"

    @property
    def zh(self) -> str:
        """The short word of the trade, as buttons and tables show it."""
        return _ZH[self]

    @property
    def on_device(self) -> bool:
        """Whether a tax-control device issues it; only such types have clear units."""
        return self not in (InvoiceType.DIGITAL_SPECIAL, InvoiceType.DIGITAL_ORDINARY)


_ZH = {
    InvoiceType.SPECIAL: "专票",
    InvoiceType.MOTOR_VEHICLE: "机动车票",
    InvoiceType.USED_VEHICLE: "二手车票",
    InvoiceType.ORDINARY: "普票",
    InvoiceType.FREIGHT: "货运票",
    InvoiceType.ROLL: "卷票",
    InvoiceType.ELECTRONIC_ORDINARY: "电普票",
    InvoiceType.ELECTRONIC_SPECIAL: "电专票",
    InvoiceType.DIGITAL_SPECIAL: "数电专票",
    InvoiceType.DIGITAL_ORDINARY: "数电普票",
}

DEVICE_TYPES: tuple[InvoiceType, ...] = tuple(t for t in InvoiceType if t.on_device)
"""Types in a fixed order: the position is the type's number inside a unit key (see ``unit``)."""


class InvoiceStatus(StrEnum):
    """Whether the invoice stands (正常) or was voided (作废). A red invoice stands, with negative amounts."""

    NORMAL = "normal"
    VOID = "void"


EXEMPT = "免税"
NOT_TAXED = "不征税"
UNKNOWN_RATE = "未知"
MIXED = "多税率"
"""Rates that are words; every other rate is a plain decimal such as ``0.13``."""


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """A goods line (商品行), discount lines included. Amounts in yuan; rate is a decimal as text, or a word above."""

    item: str
    amount: Decimal
    rate: str
    tax: Decimal = ZERO
    tax_class: str = ""
    specification: str = ""
    unit: str = ""
    quantity: str = ""
    price: str = ""


@dataclass(frozen=True, slots=True)
class Invoice:
    """One invoice as imported. ``code`` is empty for fully digital ones, whose ``number`` has 20 digits.

    ``amount`` is without tax (金额), ``tax`` the tax (税额), ``total`` with tax (价税合计); red invoices (红字) are negative.
    A void invoice keeps its printed amounts and counts as zero in every sum.
    """

    code: str
    number: str
    invoice_type: InvoiceType
    issue_date: date
    amount: Decimal
    tax: Decimal
    total: Decimal
    seller_id: str = ""
    seller_name: str = ""
    buyer_id: str = ""
    buyer_name: str = ""
    machine_number: str = ""
    status: InvoiceStatus = InvoiceStatus.NORMAL
    red: bool = False
    red_of: str = ""
    remark: str = ""
    lines: tuple[InvoiceLine, ...] = ()
    row: int | None = None
    """Row of the source sheet, counted as the user's spreadsheet does (the header is row 1)."""
    uploaded: bool | None = None
    """Whether the tax side has it (上传状态, 报送状态), where the source says so."""
    declared_rate: str = ""
    """The rate (税率) that a source without goods lines gives for the whole invoice."""

    @property
    def fully_digital(self) -> bool:
        """数电票: issued without a device, so never part of a clear."""
        return not self.invoice_type.on_device

    @property
    def key(self) -> tuple[str, str]:
        """What makes an invoice the same invoice: code and number, or the 20 digits alone."""
        return (self.code, self.number)

    @property
    def period(self) -> Period:
        return Period.of(self.issue_date)

    @property
    def rate(self) -> str:
        """The one rate of all lines, or 多税率 when they differ; without lines the one that the source gives."""
        rates = {line.rate for line in self.lines}
        if not rates:
            return self.declared_rate or UNKNOWN_RATE
        return rates.pop() if len(rates) == 1 else MIXED
