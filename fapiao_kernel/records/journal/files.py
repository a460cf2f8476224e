"""The journal's files (日志文件): ``YYYY-MM.jsonl``, oldest first by name."""

from __future__ import annotations

import re
from pathlib import Path

_NAME = re.compile(r"\d{4}-\d{2}\.jsonl")
SUFFIX = ".jsonl"


def journal_files(folder: Path) -> list[Path]:
    """The files in order; an absent folder has none. Anything else in the folder is not the journal's."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
