"""The user's working copies of the guided notebooks (笔记本副本): refreshed when we ship newer ones, never over a person's own edit."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

MANIFEST = ".shipped.json"
"""In the copies' folder: which cells each file had when it was copied (path → digest)."""


@dataclass
class Copied:
    """What ``bring`` did: paths relative to the folder."""

    new: list[str] = field(default_factory=list)
    refreshed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    """Changed by their owner: left alone although a newer one is shipped."""


def shipped() -> Path:
    """Where the shipped notebooks lie: the checkout's ``notebooks/``, else the installed prefix.

    Raises ``FileNotFoundError`` when neither has them: the package was put together wrongly.
    """
    checkout = Path(__file__).resolve().parents[2]
    installed = Path(sys.prefix) / "share" / "fapiao-kernel" / "notebooks"
    for folder in ([checkout / "notebooks"] if (checkout / "pyproject.toml").is_file() else []) + [installed]:
        if (folder / "start.ipynb").is_file():
            return folder
    raise FileNotFoundError(f"no guided notebooks in {installed}")


def bring(source: Path, folder: Path) -> Copied:
    """Copy every notebook below ``source`` into ``folder``. Outputs and run counts do not make a notebook changed; cells do."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = folder / MANIFEST
    before = json.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else {}
    done, now = Copied(), dict(before)
    for original in sorted(source.rglob("*.ipynb")):
        name = original.relative_to(source)
        if ".ipynb_checkpoints" in name.parts:
            continue
        copy, key, wanted = folder / name, name.as_posix(), cells(original)
        if not copy.is_file():
            done.new.append(key)
        else:
            has = cells(copy)
            if has == wanted:
                now[key] = wanted
                continue
            if has != before.get(key):
                done.kept.append(key)
                continue
            done.refreshed.append(key)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(original, copy)
        now[key] = wanted
    manifest.write_text(json.dumps(now, indent=1), encoding="utf-8")
    return done


def cells(notebook: Path) -> str:
    """Digest over what a person can edit: kind and source of every cell; ``""`` for a file that is no notebook."""
    try:
        content = json.loads(notebook.read_text(encoding="utf-8"))
        kinds = [(cell["cell_type"], "".join(cell["source"])) for cell in content["cells"]]
    except (ValueError, KeyError, TypeError):
        return ""
    return hashlib.sha256(json.dumps(kinds, ensure_ascii=False).encode()).hexdigest()
