"""Looking originals up again (原件核对): is it still there, and still what was imported?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from fapiao_kernel.domain.errors import finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.ports import Progress
from fapiao_kernel.records.intake.keeping import place
from fapiao_kernel.records.language import either

NAMED = 20


def traced(folder: Path, imports: Iterable[tuple[str, str]], progress: Progress | None = None) -> tuple[Finding, ...]:
    """``imports``: file as the user named it, and its original's SHA-256. A finding for each whose original is missing or changed;
    the same original is hashed once."""
    asked = {original: file for file, original in imports}
    found = []
    for at, (original, file) in enumerate(asked.items()):
        if progress is not None:
            progress(either("核对原件", "Originals"), at, len(asked))
        kept = place(folder, original)
        if not kept.is_file():
            found.append(finding("ledger_original_missing", file=file, original=original[:12]))
            continue
        with kept.open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != original:
                found.append(finding("ledger_original_changed", file=file, original=original[:12]))
    if len(found) > NAMED:
        found[NAMED:] = [finding("ledger_more_off", count=len(found) - NAMED)]
    return tuple(found)
