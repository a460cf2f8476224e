"""Money (金额): yuan as exact decimals with two places; never a float."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

CENT = Decimal("0.01")
ZERO = Decimal("0.00")


def money(value: Decimal | int | str) -> Decimal:
    """Yuan with exactly two decimals.

    Raises ``TypeError`` for a float (a float has already lost the cents) and
    ``ValueError`` for text that is no number or needs more than two decimals.
    """
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise TypeError(f"money takes Decimal, int or text, not {type(value).__name__}")
    try:
        exact = Decimal(value.strip().replace(",", "")) if isinstance(value, str) else Decimal(value)
    except InvalidOperation:
        raise ValueError(f"not an amount: {value!r}") from None
    if not exact.is_finite() or exact != exact.quantize(CENT):
        raise ValueError(f"not an amount in yuan and fen: {value!r}")
    return exact.quantize(CENT)


def rounded(value: Decimal) -> Decimal:
    """Yuan rounded half away from zero, as invoices are (四舍五入)."""
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def fen(value: Decimal) -> int:
    """Whole fen (分), the unit device records count in."""
    return int(money(value) * 100)


def from_fen(count: int) -> Decimal:
    """Yuan from whole fen (分)."""
    return (Decimal(count) / 100).quantize(CENT)


def text(value: Decimal) -> str:
    """How an amount is written in messages and JSON: two decimals, no separators."""
    return f"{money(value):.2f}"
