"""Words of a table's cells (用语): states, uploads, types, rows of sums, and the guards that keep numbers text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.records.intake import kinds

_YES = frozenset({"是", "y", "yes", "true", "1"})
_NO = frozenset({"否", "n", "no", "false", "0"})
_STANDS = ("正常", "未作废", "已开具", "开具成功", "红冲", "红字", "蓝字", "已认证", "已勾选", "已用途确认")
"""What a status may say of an invoice that stands: a blue one that was reversed (已红冲) stands too."""
_SENT = frozenset({"已上传", "已报送", "上传成功", "报送成功", "已上传成功"})
_UNSENT = frozenset(
    {"未上传", "未报送", "待上传", "待报送", "上传中", "报送中", "上传失败", "报送失败", "验签失败", "离线"}
)
_SHORT = {
    "专票": InvoiceType.SPECIAL,
    "普票": InvoiceType.ORDINARY,
    "卷票": InvoiceType.ROLL,
    "电普票": InvoiceType.ELECTRONIC_ORDINARY,
    "电子普票": InvoiceType.ELECTRONIC_ORDINARY,
    "电子发票": InvoiceType.ELECTRONIC_ORDINARY,
    "电专票": InvoiceType.ELECTRONIC_SPECIAL,
    "电子专票": InvoiceType.ELECTRONIC_SPECIAL,
    "货运票": InvoiceType.FREIGHT,
} | {kind.value: kind for kind in InvoiceType if kind.on_device}
"""Names that issuing software uses, its type codes (fplxdm) too; with a 发票代码 only: fully digital ones are called otherwise."""
_SUM = re.compile(r"(?:本页|本月|本期|累计|税额|金额)?[合小总共累]计(?:[(（:：].*)?")
SUBTOTALS = frozenset(("小计", "合计", "总计"))
"""What issuing software writes for an item where it sums an invoice's lines up."""
_SECTION = re.compile(r"(?:发票类别|发票种类|发票票种|发票类型|份数|制表\S*|打印\S*|导出\S*|统计\S*)[:：].*")


def void(text: str, *, flag: bool) -> bool | None:
    """Whether a status says void. ``flag``: the column is a yes or no (作废标志). None for a word that is not known."""
    word = text.strip()
    if flag and word.lower() in _YES | _NO:
        return word.lower() in _YES
    if not word or any(known in word for known in _STANDS):
        return False
    return True if "作废" in word else None


def uploaded(text: str) -> bool | None:
    """Whether the tax side has the invoice (上传标志, 报送状态); None where the cell does not say."""
    word = text.strip()
    if word in _SENT or word.lower() in _YES:
        return True
    return False if word in _UNSENT or word.lower() in _NO else None


def kind(name: str, source: str, code: str, *, column: bool) -> InvoiceType | None:
    """The type by its name; by the code's positions only where the table has no ``column`` for it: an empty cell says nothing."""
    if not column:
        return kinds.by_code(code)
    if not code and not source:
        source = kinds.DIGITAL_SOURCE
    return kinds.by_name(name, source) or (_SHORT.get(name) if code else None)


def bare(text: str) -> str:
    """A code, number or day without what keeps a spreadsheet from making a number of it: ``="0123"``, a tab, an apostrophe."""
    word = text.strip()
    if word.startswith('="') and word.endswith('"') and len(word) > 2:
        word = word[2:-1]
    return word.lstrip("'‘’\t ").strip()


def is_sum(cells: Sequence[str]) -> bool:
    """Whether a row, which names no invoice and no day, is a row of sums (合计, 小计), or a section's title (发票类别：…)."""
    said = [cell.strip() for cell in cells if cell and not cell.isspace()]
    if any(_SUM.fullmatch("".join(cell.split())) for cell in said):
        return True
    return 0 < len(said) <= 2 and _SECTION.fullmatch(said[0]) is not None
