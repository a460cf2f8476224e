"""Which invoice type a file means (票种): from the export's words, a printed title, or the positions of the code."""

from __future__ import annotations

from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.records.intake.values import compact, digits

DIGITAL_SOURCE = "电子发票服务平台"
"""发票来源 of fully digital invoices; device-issued ones come from 增值税发票管理系统 (domain note, section 3.5)."""

_CODE_ENDS = {
    "04": InvoiceType.ORDINARY,
    "05": InvoiceType.ORDINARY,
    "06": InvoiceType.ROLL,
    "07": InvoiceType.ROLL,
    "11": InvoiceType.ELECTRONIC_ORDINARY,
    "12": InvoiceType.ELECTRONIC_ORDINARY,
    "13": InvoiceType.ELECTRONIC_SPECIAL,
}
"""Positions 11-12 of a 12-digit 发票代码 that begins with 0 (domain note, section 3.4)."""

_DEVICE_WORDS = (
    ("机动车", InvoiceType.MOTOR_VEHICLE),
    ("二手车", InvoiceType.USED_VEHICLE),
    ("货物运输", InvoiceType.FREIGHT),
    ("卷", InvoiceType.ROLL),
    ("电子专用", InvoiceType.ELECTRONIC_SPECIAL),
    ("电子普通", InvoiceType.ELECTRONIC_ORDINARY),
    ("通行费", InvoiceType.ELECTRONIC_ORDINARY),
    ("专用发票", InvoiceType.SPECIAL),
    ("普通发票", InvoiceType.ORDINARY),
)
"""Words of a type's name, the more particular before the general."""

_DIGITAL_NAMES = ("数电", "全电", "电子发票(")
_DIGITAL_ORDINARY = ("普通", "铁路", "航空", "机动车", "二手车")
"""Kinds of 数电 that are no 专票; none of them has to do with a device."""


def by_name(name: str, source: str = "") -> InvoiceType | None:
    """The type that 发票票种 (or a title) names; the source decides whether it is fully digital. None for an unknown name."""
    name = compact(name)
    if DIGITAL_SOURCE in source or name.startswith(_DIGITAL_NAMES):
        if "专用" in name:
            return InvoiceType.DIGITAL_SPECIAL
        return InvoiceType.DIGITAL_ORDINARY if any(word in name for word in _DIGITAL_ORDINARY) else None
    for word, kind in _DEVICE_WORDS:
        if word in name:
            return kind
    return None


def by_code(code: str) -> InvoiceType | None:
    """The type that the code's positions tell: 10 digits are 专票; 12 digits name it at the end. None when they do not."""
    if digits(code, 10):
        return InvoiceType.SPECIAL
    return _CODE_ENDS.get(code[10:]) if digits(code, 12) and code[0] == "0" else None
