"""Clear unit (清卡单元): the smallest thing a device closes, one invoice type of one card in one period."""

from __future__ import annotations

from dataclasses import dataclass

from fapiao_kernel.domain.invoice import DEVICE_TYPES, InvoiceType
from fapiao_kernel.domain.period import Period

CARD_SPACE = 2**40
EPOCH_YEAR = 1990


@dataclass(frozen=True, order=True)
class ClearUnit:
    """(card, invoice type, period). ``device_number`` is the 12-digit machine number (机器编号, DataDesign.h JQBH)."""

    device_number: str
    invoice_type: InvoiceType
    period: Period

    @property
    def key(self) -> int:
        """One integer, month first, so that a month of all cards is a range of keys."""
        return unit_key(self.device_number, self.invoice_type, self.period)

    @classmethod
    def from_key(cls, key: int) -> ClearUnit:
        """The unit a key stands for; raises ``ValueError`` for a number that is no key."""
        rest, card = divmod(key, CARD_SPACE)
        months, kind = divmod(rest, len(DEVICE_TYPES))
        period = Period(EPOCH_YEAR + (months - 1) // 12, (months - 1) % 12 + 1)
        return cls(f"{card:012d}", DEVICE_TYPES[kind], period)

    def __str__(self) -> str:
        return f"{self.invoice_type.zh} {self.period}"


def unit_key(device_number: str, invoice_type: InvoiceType, period: Period) -> int:
    """``((year-1990)*12 + month) * 8 + type) * 2^40 + card``; raises ``ValueError`` unless the card is 12 digits at most."""
    if not (device_number.isascii() and device_number.isdigit() and int(device_number) < CARD_SPACE):
        raise ValueError(f"machine number (机器编号) is not up to 12 digits: {device_number!r}")
    months = (period.year - EPOCH_YEAR) * 12 + period.month
    return (months * len(DEVICE_TYPES) + DEVICE_TYPES.index(invoice_type)) * CARD_SPACE + int(device_number)
