"""State files of the far ends: whole or not at all, on disk before the call returns, readable by their owner alone."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write atomically: a new file (0600) beside the old one, fsynced, then put in its place, then the folder fsynced."""
    write_bytes(path, json.dumps(data, ensure_ascii=False, indent=1).encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """The same for any content."""
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def read_json(path: Path) -> dict[str, Any] | None:
    """The file's object; None when there is no such file, or it is not one (a file of ours is never half written)."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return data if isinstance(data, dict) else None


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # a folder cannot be opened for fsync there; os.replace is all that Windows offers
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
