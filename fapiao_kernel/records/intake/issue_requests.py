"""Issue requests (开票请求) from a file: xlsx or CSV with a header row, a row a goods line; or JSON.

Rows of one 请求流水号 are one invoice. A row that cannot be read is a finding with its number, and leaves its whole invoice out.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from python_calamine import CalamineWorkbook

from fapiao_kernel.domain.errors import UsageError, finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import UNKNOWN_RATE, InvoiceLine, InvoiceType
from fapiao_kernel.domain.issuing import IssueRequest
from fapiao_kernel.domain.money import rounded
from fapiao_kernel.records.intake import issue_json, kinds, values
from fapiao_kernel.records.intake.export_sheet import BROKEN_BOOK, panicked
from fapiao_kernel.records.intake.limits import check_zip

NAMES: Mapping[str, str] = {
    **dict.fromkeys(("请求流水号", "流水号", "单据编号", "单据号"), "id"),
    **dict.fromkeys(("票种", "发票票种", "发票种类", "发票类型"), "kind"),
    **dict.fromkeys(("购方名称", "购买方名称", "客户名称"), "buyer_name"),
    **dict.fromkeys(("购方税号", "购方识别号", "购买方识别号", "购方纳税人识别号"), "buyer_id"),
    **dict.fromkeys(("商品名称", "货物或应税劳务名称", "项目名称"), "item"),
    **dict.fromkeys(("税收分类编码", "商品编码"), "tax_class"),
    **dict.fromkeys(("规格型号", "规格"), "specification"),
    **dict.fromkeys(("单位", "计量单位"), "unit"),
    "数量": "quantity",
    **dict.fromkeys(("单价", "不含税单价"), "price"),
    **dict.fromkeys(("金额", "不含税金额"), "amount"),
    "税率": "rate",
    "税额": "tax",
    "备注": "remark",
    "蓝字发票代码": "blue_code",
    "蓝字发票号码": "blue_number",
}
"""Header words → field."""
TITLES = {
    "id": "请求流水号", "kind": "票种", "buyer_name": "购方名称", "buyer_id": "购方税号", "item": "商品名称", "amount": "金额",
    "rate": "税率", "tax": "税额", "remark": "备注", "blue_number": "蓝字发票号码",
}  # fmt: skip
NEEDED = ("id", "kind", "buyer_name", "item", "rate")
"""Columns that must be there, with 金额 or else 数量 and 单价."""
MOST = 10_000
"""Rows of one file: a card issues a few invoices a second, so this is hours of work already."""
_BYTES = 64 << 20
_SHORT = {kind.zh: kind for kind in InvoiceType} | {kind.value: kind for kind in InvoiceType}
_HEADER_WITHIN = 20
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True)
class Requests:
    """What a file asks for, in its order, and a finding for each row that could not be read."""

    requests: tuple[IssueRequest, ...]
    findings: tuple[Finding, ...] = ()


def read(path: Path) -> Requests:
    """Read a file of requests by its content. Raises ``UsageError`` (``issue_file_bad``) when nothing of it can be read, and
    ``Refused`` for a zip that would unpack too big."""
    try:
        if path.stat().st_size > _BYTES:
            raise UsageError("issue_file_bad", what=f"> {_BYTES >> 20} MB")
        content = path.read_bytes()
    except OSError as error:
        raise UsageError("issue_file_bad", what=f"{path.name}: {error.strerror}") from error
    if content.startswith(_ZIP):
        check_zip(path)
        return _table(_workbook(content))
    text = _text(content)
    if text.lstrip()[:1] in ("{", "["):
        return Requests(*issue_json.read(text))
    return _table(_delimited(text))


def _workbook(content: bytes) -> Iterator[Sequence[Any]]:
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        yield from book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except BROKEN_BOOK as error:
        raise UsageError("issue_file_bad", what=type(error).__name__) from error
    except BaseException as error:
        if panicked(error):
            raise UsageError("issue_file_bad", what="xlsx") from error
        raise


def _text(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):  # what Excel saves as CSV in China is GBK
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UsageError("issue_file_bad", what="UTF-8 / GBK")


def _delimited(text: str) -> Iterator[Sequence[str]]:
    first = text.partition("\n")[0]
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter="\t" if "\t" in first else ",")
    except csv.Error as error:
        raise UsageError("issue_file_bad", what=str(error)) from error


def _table(rows: Iterator[Sequence[Any]]) -> Requests:
    columns: dict[str, int] = {}
    drafts: dict[str, _Draft] = {}
    told: list[Finding] = []
    for at, row in enumerate(rows, 1):
        if at > MOST + _HEADER_WITHIN:
            raise UsageError("issue_file_bad", what=f"> {MOST}")
        if not any(str(cell).strip() for cell in row):
            continue
        if not columns:
            columns = _header(row, at)
            continue
        cells = {name: row[place] if place < len(row) else "" for name, place in columns.items()}
        try:
            id = _cell(cells, "id")
            if not id:
                raise _Bad("id", "")
            draft = drafts.setdefault(id, _Draft(id))
            draft.take(cells, at)
        except _Bad as bad:
            told.append(bad.finding(at))
            if bad.of:
                drafts[bad.of].whole = False
    if not columns:
        raise UsageError("issue_file_bad", what=TITLES["id"])
    return Requests(tuple(draft.request() for draft in drafts.values() if draft.whole), tuple(told))


def _header(row: Sequence[Any], at: int) -> dict[str, int]:
    """The columns; empty for a title above the header. Raises ``UsageError`` once it cannot be found, or lacks what is needed."""
    found: dict[str, int] = {}
    for place, cell in enumerate(row):
        name = NAMES.get("".join(unicodedata.normalize("NFKC", str(cell)).split()).strip("*"))
        if name and name not in found:
            found[name] = place
    if "id" not in found or "item" not in found:
        if at >= _HEADER_WITHIN:
            raise UsageError("issue_file_bad", what=TITLES["id"])
        return {}
    lacks = [TITLES[name] for name in NEEDED if name not in found]
    if "amount" not in found and not {"quantity", "price"} <= found.keys():
        lacks.append(TITLES["amount"])
    if lacks:
        raise UsageError("issue_file_bad", what="、".join(lacks))
    return found


class _Bad(Exception):
    """A cell that cannot be read, or differs from the invoice's first row."""

    def __init__(self, name: str, value: object, *, of: str = "", differs: bool = False) -> None:
        super().__init__(name)
        self.name, self.value, self.of, self.differs = name, value, of, differs

    def finding(self, at: int) -> Finding:
        column = TITLES.get(self.name, self.name)
        if self.differs:
            return finding("issue_row_differs", row=at, at=at, column=column)
        return finding("issue_row_bad", row=at, at=at, column=column, value=str(self.value)[:40] or "空")


@dataclass
class _Draft:
    """One invoice being gathered from its rows."""

    id: str
    head: dict[str, str] = field(default_factory=dict)
    kind: InvoiceType | None = None
    lines: list[InvoiceLine] = field(default_factory=list)
    whole: bool = True

    def take(self, cells: Mapping[str, Any], at: int) -> None:
        for name in ("kind", "buyer_name", "buyer_id", "remark", "blue_code", "blue_number"):
            value = _cell(cells, name)
            if self.lines and value and value != self.head.get(name, ""):
                raise _Bad(name, value, of=self.id, differs=True)
            self.head.setdefault(name, value)
        if self.kind is None:
            self.kind = kind_of(self.head["kind"])
            if self.kind is None:
                raise _Bad("kind", self.head["kind"], of=self.id)
        if bool(self.head["blue_code"]) is not bool(self.head["blue_number"]):
            raise _Bad("blue_number", self.head["blue_number"], of=self.id)
        self.lines.append(self._line(cells))

    def _line(self, cells: Mapping[str, Any]) -> InvoiceLine:
        texts = {
            name: _cell(cells, name) for name in ("item", "tax_class", "specification", "unit", "quantity", "price")
        }
        rate = values.rate(cells["rate"])
        if rate == UNKNOWN_RATE:
            raise _Bad("rate", cells["rate"], of=self.id)
        amount = self._money(cells, "amount")
        if amount is None:
            amount = product(texts["quantity"], texts["price"])
        if amount is None:
            raise _Bad("amount", "", of=self.id)
        tax = self._money(cells, "tax")
        return InvoiceLine(amount=amount, rate=rate, tax=issue_json.due(amount, rate) if tax is None else tax, **texts)

    def _money(self, cells: Mapping[str, Any], name: str) -> Decimal | None:
        """The cell's amount; None when it is empty: then it is worked out. More than two decimals are not rounded silently."""
        cell = cells.get(name, "")
        if (text := str(cell).strip()) == "" or (name == "tax" and text in values.MASKED):
            return None
        try:
            value = values.amount(cell)
            exact = Decimal(str(cell).replace(",", "").replace("¥", "").replace("￥", "").strip())
        except (ValueError, ArithmeticError):
            raise _Bad(name, cell, of=self.id) from None
        # A spreadsheet's own arithmetic leaves crumbs far below a fen; anything larger is a third decimal that somebody meant.
        if abs(exact - value) > Decimal("0.0001"):
            raise _Bad(name, cell, of=self.id)
        return value

    def request(self) -> IssueRequest:
        assert self.kind is not None
        head = self.head
        red_of = (head["blue_code"], head["blue_number"]) if head["blue_code"] else None
        return IssueRequest(
            self.id, self.kind, head["buyer_name"], head["buyer_id"].upper(), tuple(self.lines), head["remark"], red_of
        )


def kind_of(word: str) -> InvoiceType | None:
    """The type that a word means: 专票, 004, 增值税专用发票 …; None for one that is not known or is no device's."""
    kind = _SHORT.get(word) or kinds.by_name(word)
    return kind if kind is not None and kind.on_device else None


def product(quantity: str, price: str) -> Decimal | None:
    """Quantity × price in yuan; None where one of them is not told, or is no number."""
    try:
        return rounded(Decimal(quantity) * Decimal(price)) if quantity and price else None
    except ArithmeticError:
        return None


def _cell(cells: Mapping[str, Any], name: str) -> str:
    return values.quantity(cells[name]) if name in cells else ""
