"""The table's columns (列): all that can be shown, filtered and sorted. Nothing else of a request ever becomes SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from fapiao_kernel.domain.errors import UsageError


class Kind(StrEnum):
    """What a column's values are."""

    TEXT = "text"
    AMOUNT = "amount"
    DATE = "date"
    PERIOD = "period"
    NUMBER = "number"
    FLAG = "flag"


SQL_TYPE = {
    Kind.TEXT: "VARCHAR",
    Kind.AMOUNT: "DECIMAL(18,2)",
    Kind.DATE: "DATE",
    Kind.PERIOD: "DATE",
    Kind.NUMBER: "BIGINT",
    Kind.FLAG: "BOOLEAN",
}


@dataclass(frozen=True)
class Column:
    """``sql``: its value over a row of ``invoice i``, never NULL. ``only_shown``: it stands in rows, and is not filtered or sorted by."""

    name: str
    kind: Kind
    zh: str
    en: str
    sql: str
    only_shown: bool = False

    def told(self) -> dict[str, str]:
        """For faces."""
        return {"name": self.name, "kind": self.kind.value, "zh": self.zh, "en": self.en}

    def shown(self, value: str) -> str:
        """SQL of what JSON carries for a value: text, or a number or flag as it is."""
        if self.kind is Kind.PERIOD:
            return f"strftime({value}, '%Y-%m')"
        return f"{value}::VARCHAR" if self.kind in (Kind.AMOUNT, Kind.DATE) else value

    def exact(self, value: str) -> str:
        """SQL of its canonical text, from which the value can be made again."""
        return value if self.kind is Kind.TEXT else f"{self.shown(value)}::VARCHAR"


def _plain(name: str, kind: Kind, zh: str, en: str) -> Column:
    return Column(name, kind, zh, en, f"i.{name}")


_ALL = (
    _plain("code", Kind.TEXT, "发票代码", "Code"),
    _plain("number", Kind.TEXT, "发票号码", "Number"),
    _plain("invoice_type", Kind.TEXT, "发票类型", "Type"),
    _plain("issue_date", Kind.DATE, "开票日期", "Issue date"),
    _plain("period", Kind.PERIOD, "所属期", "Period"),
    _plain("seller_id", Kind.TEXT, "销方识别号", "Seller ID"),
    _plain("seller_name", Kind.TEXT, "销方名称", "Seller"),
    _plain("buyer_id", Kind.TEXT, "购方识别号", "Buyer ID"),
    _plain("buyer_name", Kind.TEXT, "购方名称", "Buyer"),
    _plain("amount", Kind.AMOUNT, "金额", "Amount"),
    _plain("tax", Kind.AMOUNT, "税额", "Tax"),
    _plain("total", Kind.AMOUNT, "价税合计", "Total"),
    _plain("rate", Kind.TEXT, "税率", "Rate"),
    _plain("status", Kind.TEXT, "状态", "Status"),
    _plain("red", Kind.FLAG, "红字", "Red"),
    _plain("red_of", Kind.TEXT, "对应蓝字发票", "Red of"),
    _plain("fully_digital", Kind.FLAG, "数电票", "Fully digital"),
    _plain("machine_number", Kind.TEXT, "机器编号", "Machine number"),
    Column(
        "device_number",
        Kind.TEXT,
        "设备编号",
        "Device",
        "coalesce(lpad((i.unit_key % 1099511627776)::VARCHAR, 12, '0'), '')",
    ),
    _plain("lines", Kind.NUMBER, "商品行数", "Lines"),
    _plain("remark", Kind.TEXT, "备注", "Remark"),
    Column("doubts", Kind.NUMBER, "疑点", "Doubts", "coalesce(i.doubts, 0)::BIGINT"),
    Column("import_seq", Kind.NUMBER, "导入批次", "Import", "i.import_seq"),
    Column(
        "state",
        Kind.TEXT,
        "清卡状态",
        "State",
        "CASE WHEN i.fully_digital THEN 'fully_digital' WHEN i.unit_key IS NULL THEN 'card_unknown' WHEN i.import_seq <="
        " (SELECT k.watermark FROM clear_unit k WHERE k.unit_key = i.unit_key) THEN 'cleared' ELSE 'open' END",
        only_shown=True,
    ),
)
COLUMNS = {column.name: column for column in _ALL}
"""Every column by its name, in the order in which a table of all of them shows them.

``device_number`` is of the invoice's unit (2^40: see ``domain.unit``).
"""
USUAL = (
    *("code", "number", "invoice_type", "issue_date", "amount", "tax", "total", "rate", "status", "red"),
    *("buyer_id", "buyer_name", "lines", "remark"),
)
"""Shown unless others are named."""
KEY = ("code", "number")
"""What makes an invoice one invoice: the last word of every order."""


def find(name: str, *, shown: bool = False) -> Column:
    """A column by its name. Raises ``UsageError`` (``grid_column``) for one that is not there or is asked more than it can do."""
    column = COLUMNS.get(name)
    if column is None or (column.only_shown and not shown):
        known = [c.name for c in COLUMNS.values() if shown or not c.only_shown]
        raise UsageError("grid_column", column=name, known="、".join(known))
    return column


def chosen(names: Sequence[str]) -> tuple[Column, ...]:
    """The columns of these names, each once; none named: the usual ones."""
    return tuple(find(name, shown=True) for name in dict.fromkeys(names or USUAL))
