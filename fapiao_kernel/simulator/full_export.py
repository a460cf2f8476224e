"""The tax bureau's full export (全量发票查询导出结果.xlsx), in the layout of the domain note, section 3.5.

Two sheets: 信息汇总表 with a row for each goods line, 发票基础信息 with a row for each invoice. Codes and numbers are text cells,
amounts are numbers, as in the real export; the machine number (机器编号) is in neither.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import xlsxwriter

from fapiao_kernel.domain.errors import UsageError
from fapiao_kernel.domain.invoice import EXEMPT, Invoice, InvoiceLine, InvoiceStatus, InvoiceType

NAME = "全量发票查询导出结果.xlsx"
LINES, BASIC = "信息汇总表", "发票基础信息"
LAST_ROW = 1_048_576
"""The last row of a sheet (ECMA-376; every spreadsheet keeps to it)."""

COLUMNS = (
    "序号",
    "发票代码",
    "发票号码",
    "数电发票号码",
    "销方识别号",
    "销方名称",
    "购方识别号",
    "购买方名称",
    "开票日期",
    "税收分类编码",
    "特定业务类型",
    "货物或应税劳务名称",
    "规格型号",
    "单位",
    "数量",
    "单价",
    "金额",
    "税率",
    "税额",
    "价税合计",
    "发票来源",
    "发票票种",
    "发票状态",
    "是否正数发票",
    "发票风险等级",
    "开票人",
    "备注",
)
_LINE_ONLY = {
    "税收分类编码",
    "特定业务类型",
    "货物或应税劳务名称",
    "规格型号",
    "单位",
    "数量",
    "单价",
    "税率",
}
BASIC_COLUMNS = [name for name in COLUMNS if name not in _LINE_ONLY]

DEVICE_SOURCE, DIGITAL_SOURCE = "增值税发票管理系统", "电子发票服务平台"
KINDS = {
    InvoiceType.SPECIAL: "增值税专用发票",
    InvoiceType.MOTOR_VEHICLE: "机动车销售统一发票",
    InvoiceType.USED_VEHICLE: "二手车销售统一发票",
    InvoiceType.ORDINARY: "增值税普通发票",
    InvoiceType.FREIGHT: "货物运输业增值税专用发票",
    InvoiceType.ROLL: "增值税普通发票（卷式）",
    InvoiceType.ELECTRONIC_ORDINARY: "增值税电子普通发票",
    InvoiceType.ELECTRONIC_SPECIAL: "增值税电子专用发票",
    InvoiceType.DIGITAL_SPECIAL: "数电发票（增值税专用发票）",
    InvoiceType.DIGITAL_ORDINARY: "数电发票（普通发票）",
}
DRAWER = "示例开票人"
_TICK = 2000

Progress = Callable[[str, int, int], None]
Cell = str | float | int


def write(path: Path, invoices: Sequence[Invoice], progress: Progress | None = None) -> None:
    """Write the export, whole or not at all. Progress counts invoices, each sheet's once.

    Raises ``UsageError`` when the goods lines do not fit on one sheet.
    """
    if sum(len(invoice.lines) or 1 for invoice in invoices) >= LAST_ROW:
        raise UsageError("export_too_long", last=LAST_ROW)
    fresh = path.with_name(path.name + ".new")
    try:
        with xlsxwriter.Workbook(str(fresh), {"constant_memory": True, "strings_to_numbers": False}) as book:
            total = 2 * len(invoices)
            _sheet(book, LINES, COLUMNS, invoices, _line_rows, progress, 0, total)
            _sheet(book, BASIC, BASIC_COLUMNS, invoices, _basic_rows, progress, len(invoices), total)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _sheet(
    book: xlsxwriter.Workbook,
    name: str,
    columns: Sequence[str],
    invoices: Sequence[Invoice],
    rows: Callable[[Invoice], list[list[Cell]]],
    progress: Progress | None,
    before: int,
    total: int,
) -> None:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    for column, title in enumerate(columns):
        sheet.write_string(0, column, title)
    text, number = sheet.write_string, sheet.write_number
    row = 0
    for done, invoice in enumerate(invoices, 1):
        for cells in rows(invoice):
            row += 1
            number(row, 0, row)
            for column, cell in enumerate(cells, 1):
                if cell == "":
                    continue  # an empty cell is left out, as the real export does
                if type(cell) is str:
                    text(row, column, cell)
                else:
                    number(row, column, cell)
        if progress and (done % _TICK == 0 or done == len(invoices)):
            progress(name, before + done, total)


def _line_rows(invoice: Invoice) -> list[list[Cell]]:
    head, tail = _head(invoice), _tail(invoice)
    lines = invoice.lines or (InvoiceLine("", invoice.amount, "", invoice.tax),)
    return [
        [
            *head,
            line.tax_class,
            "",
            line.item,
            line.specification,
            line.unit,
            _quantity(line.quantity),
            _quantity(line.price),
            float(line.amount),
            _rate(line.rate),
            "***" if line.rate == EXEMPT else float(line.tax),
            float(line.amount + line.tax),
            *tail,
        ]
        for line in lines
    ]


def _basic_rows(invoice: Invoice) -> list[list[Cell]]:
    return [
        [
            *_head(invoice),
            float(invoice.amount),
            float(invoice.tax),
            float(invoice.total),
            *_tail(invoice),
        ]
    ]


def _head(invoice: Invoice) -> tuple[Cell, ...]:
    digital = invoice.fully_digital
    return (
        invoice.code,
        "" if digital else invoice.number,
        invoice.number if digital else "",
        invoice.seller_id,
        invoice.seller_name,
        invoice.buyer_id,
        invoice.buyer_name,
        invoice.issue_date.isoformat(),
    )


def _tail(invoice: Invoice) -> tuple[Cell, ...]:
    return (
        DIGITAL_SOURCE if invoice.fully_digital else DEVICE_SOURCE,
        KINDS[invoice.invoice_type],
        "已作废" if invoice.status is InvoiceStatus.VOID else "正常",
        "否" if invoice.red else "是",
        "正常",
        DRAWER,
        invoice.remark,
    )


def _rate(rate: str) -> str:
    """``13%`` for ``0.13``; words such as 免税 stay."""
    if not rate[:1].isdigit():
        return rate
    return f"{(Decimal(rate) * 100).normalize():f}%"


def _quantity(text: str) -> Cell:
    return float(text) if text else ""
