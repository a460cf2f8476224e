"""Reading what people have (导入)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import Invoice, InvoiceType
from fapiao_kernel.ports.common import Progress

FIELDS = (
    *("code", "number", "digital_number", "issued", "kind", "source", "status", "positive", "uploaded", "remark"),
    *("seller_id", "seller_name", "buyer_id", "buyer_name", "machine_number", "red_of"),
    *("amount", "tax", "total", "rate", "item", "tax_class", "specification", "unit", "quantity", "price"),
)
"""What a column of a table can mean: 发票代码, 发票号码, 数电发票号码, 开票日期, 发票票种, 发票来源, 发票状态, …"""


@dataclass(frozen=True)
class Table:
    """One sheet's rows as delimited UTF-8 text (表), nothing of it judged yet: what a workbook or a CSV file held.

    ``columns``: field → position from 0 in the file (the row number of ``numbered`` is at 0). ``skip``: physical lines before the
    first row. ``day_format``: how days are written, in
    ``strptime`` form. ``numbered``: the first column is the row's number in the user's sheet; else rows count from ``first_row``.
    ``rows``: how many there are, 0 when nobody counted. ``name``: the sheet's name, ``""`` for a CSV file.
    """

    file: Path
    columns: Mapping[str, int]
    width: int
    skip: int = 0
    delimiter: str = ","
    quote: str = '"'
    day_format: str = "%Y-%m-%d"
    numbered: bool = False
    first_row: int = 2
    rows: int = 0
    name: str = ""


class NotApart(Exception):
    """Rows that mean something only together with others (续行: a goods line without a number of its own). Raised by
    ``Sheets.careful``: nothing of the fast road holds for this file, ``everything`` has to read it."""


class Sheets(Protocol):
    """A file of many rows (导出表): tables for the fast road, and careful reading for the rows that the fast road does not take.

    The fast road takes a row only when everything in it is plain; whatever is odd about a row is for ``careful`` to say.
    """

    @property
    def heads(self) -> Table | None:
        """A row for each invoice (发票基础信息); None when the file has goods lines alone."""
        ...

    @property
    def lines(self) -> Table | None:
        """A row for each goods line (信息汇总表)."""
        ...

    def kind(self, name: str, source: str, code: str) -> InvoiceType | None:
        """The type that a row means by 发票票种 (or, without one, by its code's positions); None when it does not say."""
        ...

    def rate(self, text: str) -> str:
        """A rate cell's meaning, as ``InvoiceLine.rate``."""
        ...

    def void(self, text: str) -> bool | None:
        """Whether a status cell (发票状态, 作废标志) says void; None for a word that is not known: such a row is odd."""
        ...

    def uploaded(self, text: str) -> bool | None:
        """Whether an upload cell (上传标志, 报送状态) says that the tax side has it; None when it does not say. Never odd."""
        ...

    def careful(self, heads: Sequence[int], lines: Sequence[int]) -> tuple[Sequence[Invoice], Sequence[Finding]]:
        """These rows alone (by their numbers), each read with care: what is an invoice after all, and a finding for what is not.

        They are read as if the file held nothing else: every row of an invoice that has an odd one belongs here. Blank rows, rows of
        sums (合计) and repeated headers are neither invoice nor finding. Raises ``NotApart``.
        """
        ...

    def everything(self, progress: Progress | None = None) -> tuple[Sequence[Invoice], Sequence[Finding]]:
        """The whole file by the careful road."""
        ...

    def close(self) -> None:
        """Temporary files go."""
        ...


@dataclass(frozen=True)
class Reading:
    """What one file held. ``original`` is the SHA-256 under which it is kept; ``importer`` the plugin that read it, or ``""``.

    ``findings`` name file-wide trouble (no row) and bad rows (with row); good rows of the same file are in ``invoices`` all the same.
    ``sheets``: instead of ``invoices``, for files of many rows; whoever takes them in closes them.
    """

    file: str
    original: str
    importer: str
    invoices: Sequence[Invoice]
    findings: tuple[Finding, ...]
    sheets: Sheets | None = None


class Intake(Protocol):
    """Reading what people have (xlsx, CSV, OFD, XML, PDF, zip, folders of these). Bad input is a finding, never an exception."""

    def files(self, paths: Sequence[Path], progress: Progress | None = None) -> Sequence[tuple[str, Path]]:
        """Every file below the paths, each once: its name as the user gave it (a file's path, or folder/name), and where it is.

        The files of a zip (压缩包) come as ``outer.zip/name``. What ``progress`` raises ends it.
        """
        ...

    def read(self, name: str, path: Path, progress: Progress | None = None) -> Reading:
        """Keep the original, find the importer by content, read. What ``progress`` raises ends it."""
        ...

    def read_many(self, files: Sequence[tuple[str, Path]], progress: Progress | None = None) -> Iterator[Reading]:
        """The same for many files, one after the other: their originals wait for the disk together."""
        ...

    def whole(self, reading: Reading, progress: Progress | None = None) -> Reading:
        """The same file by the careful road alone: invoices in place of tables, which are closed."""
        ...
