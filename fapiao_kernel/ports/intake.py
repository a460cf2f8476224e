"""Reading what people have (导入)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import Invoice
from fapiao_kernel.ports.common import Progress


@dataclass(frozen=True)
class Reading:
    """What one file held. ``original`` is the SHA-256 under which it is kept; ``importer`` the plugin that read it, or ``""``.

    ``findings`` name file-wide trouble (no row) and bad rows (with row); good rows of the same file are in ``invoices`` all the same.
    """

    file: str
    original: str
    importer: str
    invoices: Sequence[Invoice]
    findings: tuple[Finding, ...]


class Intake(Protocol):
    """Reading what people have (xlsx, OFD, XML, folders of these). Bad input is a finding, never an exception."""

    def files(self, paths: Sequence[Path]) -> Sequence[tuple[str, Path]]:
        """Every file below the paths, each once: its name as the user gave it (a file's path, or folder/name), and where it is."""
        ...

    def read(self, name: str, path: Path, progress: Progress | None = None) -> Reading:
        """Keep the original, find the importer by content, read."""
        ...
