"""What an importer (导入插件, group ``fapiao.importers``) is: it knows its files by their content, and reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import Invoice
from fapiao_kernel.ports import Progress
from fapiao_kernel.ports.intake import Sheets

API_VERSION = 1


@dataclass(frozen=True)
class Content:
    """What one file holds: the invoices that could be read, and a finding for each row that could not (or for the file).

    ``sheets``: instead of invoices, for a table of many rows; whoever gets it closes it.
    """

    invoices: Sequence[Invoice] = ()
    findings: tuple[Finding, ...] = ()
    sheets: Sheets | None = None


class Importer(Protocol):
    """Reads one kind of file."""

    @property
    def id(self) -> str: ...

    @property
    def api_version(self) -> int: ...

    def recognises(self, path: Path, head: bytes) -> bool:
        """Whether the content is of this kind; ``head`` is the file's beginning. The file's name says nothing: it may be a hash."""
        ...

    def read(self, path: Path, progress: Progress | None = None) -> Content:
        """Everything in the file. Raises ``FapiaoError`` when nothing of it can be read."""
        ...
