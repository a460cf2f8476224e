"""Proving the journal whole (日志校验): read-only, streaming, no lock, no agent; quick to import for the command line.

What it cannot see: records cut off at the end of the last file, line by line. Backups and bundles keep the head's hash.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from fapiao_kernel.records.journal import chain
from fapiao_kernel.records.journal.files import journal_files
from fapiao_kernel.records.language import either


class FirstBad(TypedDict):
    """Where the chain first breaks: absolute path, line (from 1), reason."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True)
class Verification:
    """``records``: how many hold, up to the first bad one. ``head``: hash of the last that holds."""

    ok: bool
    records: int
    first_bad: FirstBad | None
    head: str = ""


def verify(folder: Path) -> Verification:
    """Walk every record of every file. An absent or empty folder is whole, with nothing in it.

    A file that cannot be read is the first bad one; nothing is raised.
    """
    seq, prev = 0, ""
    for path in journal_files(folder):
        number = 1
        try:
            with path.open("rb") as file:
                for number, line in enumerate(file, 1):
                    record = chain.parse(line)
                    reason = chain.fault(line, record, seq, prev)
                    if reason or record is None:
                        return _bad(path, number, reason, seq, prev)
                    seq, prev = seq + 1, record["hash"]
        except OSError as error:
            return _bad(path, number, either("读不了", "cannot be read") + f": {error.strerror}", seq, prev)
    return Verification(True, seq, None, prev)


def _bad(path: Path, line: int, reason: str, records: int, head: str) -> Verification:
    return Verification(False, records, {"file": os.path.abspath(path), "line": line, "reason": reason}, head)
