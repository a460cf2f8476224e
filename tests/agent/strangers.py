"""Real distributions of strangers, as pip would leave them in a folder: package, dist-info, RECORD with every hash."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

DRIVER = """
from fapiao_kernel.devices.drivers.gb18240.profile import PROFILE
from fapiao_kernel.devices.plug import DriverSpec
def opened(link, address):
    raise OSError("no such language")
DRIVER = DriverSpec(id="{id}", api_version=1, open=opened, profile=PROFILE)
"""
LINK = """
from fapiao_kernel.devices.plug import LinkSpec
def opened(where):
    raise OSError(where)
LINK = LinkSpec(id="{id}", api_version=1, open=opened)
"""


def install(
    folder: Path,
    name: str,
    code: str,
    entries: Mapping[str, str],
    *,
    version: str = "1.0",
    recorded: bool = True,
) -> Path:
    """Install ``name`` into a folder of the path, in the place of any other version of it.

    ``code``: its one module; ``entries``: ``{"links:slow": "LINK"}``, object names of that module. Not ``recorded``: as an editable
    installation is, whose RECORD does not have the module.
    """
    module = name.replace("-", "_")
    for old in folder.glob(f"{module}-*.dist-info"):
        shutil.rmtree(old)
    info = folder / f"{module}-{version}.dist-info"
    info.mkdir(parents=True)
    (folder / f"{module}.py").write_text(code, encoding="utf-8")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    groups: dict[str, list[str]] = {}
    for entry, value in entries.items():
        group, _, id = entry.partition(":")
        groups.setdefault(group, []).append(f"{id} = {module}:{value}\n")
    text = "".join(f"[fapiao.{group}]\n{''.join(lines)}\n" for group, lines in groups.items())
    (info / "entry_points.txt").write_text(text, encoding="utf-8")
    files = [info / "METADATA", info / "entry_points.txt", *([folder / f"{module}.py"] if recorded else [])]
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    for file in files:
        digest = base64.urlsafe_b64encode(hashlib.sha256(file.read_bytes()).digest()).rstrip(b"=").decode()
        rows.writerow([file.relative_to(folder).as_posix(), f"sha256={digest}", file.stat().st_size])
    rows.writerow([f"{info.name}/RECORD", "", ""])
    (info / "RECORD").write_text(out.getvalue(), encoding="utf-8")
    return info


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on this process's path; what was imported from it is forgotten afterwards."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    yield folder
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]
