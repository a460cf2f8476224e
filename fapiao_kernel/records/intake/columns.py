"""Headers (表头): which field of ``ports.intake.FIELDS`` each column of a table means, by its name.

Names are those of the full export (domain note, section 3.5) and those that issuing software writes (税控盘, 金税盘, 税务UKey clients).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

HEADER_WITHIN = 20
"""The header is looked for in so many rows: some people put a title above it, and issuing software does."""

NAMES: Mapping[str, str] = {
    **dict.fromkeys(("发票代码", "代码", "发票编码"), "code"),
    **dict.fromkeys(("发票号码", "发票号", "票号"), "number"),
    **dict.fromkeys(("数电发票号码", "数电票号码", "全电发票号码", "数电号码"), "digital_number"),
    **dict.fromkeys(("开票日期", "开票时间", "开具日期", "填开日期"), "issued"),
    **dict.fromkeys(("发票票种", "发票类别", "发票种类", "发票类型", "票种", "发票类型代码"), "kind"),
    "发票来源": "source",
    **dict.fromkeys(("发票状态", "作废标志", "作废标识", "作废状态", "是否作废"), "status"),
    "是否正数发票": "positive",
    **dict.fromkeys(("上传标志", "上传状态", "报送状态", "报送标志", "是否上传", "发票报送状态"), "uploaded"),
    "备注": "remark",
    **dict.fromkeys(("销方识别号", "销售方识别号", "销方税号", "销方纳税人识别号", "销售方纳税人识别号"), "seller_id"),
    **dict.fromkeys(("销方名称", "销售方名称", "销方企业名称", "销货单位名称"), "seller_name"),
    **dict.fromkeys(
        ("购方识别号", "购买方识别号", "购方税号", "购方纳税人识别号", "购买方纳税人识别号", "客户税号"), "buyer_id"
    ),
    **dict.fromkeys(("购买方名称", "购方名称", "购方企业名称", "购货单位名称", "客户名称"), "buyer_name"),
    **dict.fromkeys(
        ("机器编号", "税控盘号", "税控盘编号", "税控设备编号", "金税盘号", "金税盘编号", "UKey编号", "开票机编号"),
        "machine_number",
    ),
    **dict.fromkeys(("被红冲蓝字发票号码", "对应蓝字发票号码", "蓝字发票号码", "被红冲蓝字数电发票号码"), "red_of"),
    **dict.fromkeys(("金额", "合计金额", "合计金额(不含税)", "不含税金额", "金额合计", "金额(不含税)"), "amount"),
    **dict.fromkeys(("税额", "合计税额", "税额合计"), "tax"),
    **dict.fromkeys(("价税合计", "含税金额", "价税合计金额", "金额(含税)"), "total"),
    "税率": "rate",
    **dict.fromkeys(("货物或应税劳务名称", "商品名称", "主要商品名称", "货物名称", "项目名称", "货物劳务名称"), "item"),
    **dict.fromkeys(("税收分类编码", "商品编码", "商品和服务税收分类编码"), "tax_class"),
    "规格型号": "specification",
    "规格": "specification",
    **dict.fromkeys(("单位", "计量单位"), "unit"),
    "数量": "quantity",
    **dict.fromkeys(("单价", "不含税单价"), "price"),
}
"""Header names, white space taken out and brackets halved → field."""

TITLES: Mapping[str, str] = {
    "number": "发票号码", "issued": "开票日期", "amount": "金额", "tax": "税额", "total": "价税合计", "kind": "发票票种",
    "code": "发票代码", "digital_number": "数电发票号码",
}  # fmt: skip
"""What a finding calls a column, as the full export does."""

_FLAGS = ("作废标志", "作废标识", "作废状态", "是否作废")
_GOODS = {"tax_class", "specification", "unit", "quantity", "price"}
_SUMS_OF_INVOICE = ("合计金额", "合计金额(不含税)", "金额合计", "主要商品名称")


class Columns:
    """A header row's columns: ``at``, field → position. ``lines``: a row is a goods line; ``flag``: the status is a yes or no."""

    def __init__(self, cells: Sequence[object]) -> None:
        self.at: dict[str, int] = {}
        names = set()
        for position, cell in enumerate(cells):
            name = _name(cell)
            field = NAMES.get(name)
            if field and field not in self.at:
                self.at[field] = position
                names.add(name)
        goods = _GOODS & self.at.keys() or ("item" in self.at and "rate" in self.at)
        self.lines = bool(goods) and names.isdisjoint(_SUMS_OF_INVOICE)
        self.flag = not names.isdisjoint(_FLAGS)

    @property
    def is_header(self) -> bool:
        """A day, an amount and a number: no row of values looks like that."""
        return {"issued", "amount"} <= self.at.keys() and bool({"number", "digital_number"} & self.at.keys())

    def lacking(self, *, kind: bool) -> list[str]:
        """Titles of the needed columns that are not there. ``kind``: the type has a column of its own, no code tells it."""
        need = ["issued", "amount", "tax", *(["kind"] if kind or "code" not in self.at else [])]
        lacks = [TITLES[field] for field in need if field not in self.at]
        if not {"number", "digital_number"} & self.at.keys():
            lacks.append(TITLES["number"])
        return lacks


def header(rows: Sequence[Sequence[object]]) -> tuple[int, Columns]:
    """Position of the header among the first rows, and its columns; without a header the row that comes nearest to one."""
    best, columns = 0, Columns(())
    for place, row in enumerate(rows[:HEADER_WITHIN]):
        found = Columns(row)
        if len(found.at) > len(columns.at):
            best, columns = place, found
        if found.is_header:
            return place, found
    return best, columns


def _name(cell: object) -> str:
    if not isinstance(cell, str):
        return ""
    return "".join(unicodedata.normalize("NFKC", cell).split()).strip("*'\t")
