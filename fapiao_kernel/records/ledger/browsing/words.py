"""The words that spreadsheets show for codes (导出的中文词)."""

from __future__ import annotations

from collections.abc import Mapping

from fapiao_kernel.domain.invoice import InvoiceType

_FLAG = {"true": "是", "false": "否"}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "invoice_type": {kind.value: kind.zh for kind in InvoiceType},
    "status": {"normal": "正常", "void": "作废"},
    "state": {"open": "未清卡", "cleared": "已清卡", "fully_digital": "数电票", "card_unknown": "设备未知"},
    "red": _FLAG,
    "fully_digital": _FLAG,
}


def of(column: str) -> Mapping[str, str]:
    """Value → word for a column of codes; empty for any other."""
    return _WORDS.get(column, {})
