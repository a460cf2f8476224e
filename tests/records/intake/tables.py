"""CSV files of the tests' own making."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from fapiao_kernel.records.intake.csv_file import IMPORTER as CSV

SOFTWARE_ROW = {
    "发票代码": "099002600104",
    "发票号码": "50000001",
    "开票日期": "2026-10-08",
    "购方名称": "示例餐饮",
    "购方税号": "91999999000001070Y",
    "销方税号": "91999999000000107U",
    "合计金额": "100.10",
    "合计税额": "13.01",
    "价税合计": "113.11",
    "税率": "13%",
    "商品名称": "*蔬菜*示例",
    "作废标志": "否",
    "报送状态": "已报送",
    "税控盘号": "990000000261",
}
"""A row of what issuing software exports: one for each invoice."""
GOODS_ROW = {
    "发票代码": "099002600104",
    "发票号码": "50000001",
    "购方企业名称": "示例餐饮",
    "开票日期": "2026-10-08",
    "商品名称": "*蔬菜*示例",
    "规格": "",
    "单位": "千克",
    "数量": "2",
    "单价": "50.05",
    "金额": "100.10",
    "税率": "13%",
    "税额": "13.01",
}
"""A row of its goods lines."""


def head(**changes: str) -> dict[str, str]:
    return SOFTWARE_ROW | changes


def goods(**changes: str) -> dict[str, str]:
    return GOODS_ROW | changes


def blank(**changes: str) -> dict[str, str]:
    """A goods line that leaves its invoice's columns to the row above."""
    own = ("商品名称", "规格", "单位", "数量", "单价", "金额", "税率", "税额")
    return {name: GOODS_ROW[name] if name in own else "" for name in GOODS_ROW} | changes


def written(
    rows: Sequence[dict[str, object]], *, delimiter: str = ",", above: str = "", below: str = "", end: str = "\r\n"
) -> str:
    """The text of a CSV file; ``above`` and ``below`` as they are."""
    made = io.StringIO(newline="")
    writer = csv.DictWriter(made, list(rows[0]), delimiter=delimiter, lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return above + made.getvalue() + below


def sheets_of(path: Path, using=CSV, progress=None):
    """The tables of a file."""
    return using.read(path, progress).sheets
