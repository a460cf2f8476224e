"""Strangers' distributions (第三方插件包): which version is installed, and whether its files are those that were installed."""

from __future__ import annotations

import base64
import csv
import hashlib
import hmac
import re
from dataclasses import dataclass
from importlib import metadata
from importlib.machinery import PathFinder
from pathlib import Path, PurePosixPath

from fapiao_kernel.domain.errors import finding
from fapiao_kernel.domain.finding import Finding

OURS = "fapiao-kernel"

_TRUSTED = frozenset({"sha256", "sha384", "sha512"})
"""Hashes that count in a RECORD (Python packaging's specification of recording installed projects asks for sha256 or better)."""


@dataclass(frozen=True)
class Version:
    """One distribution as it is installed: ``sha256`` of its RECORD, which names every file with its hash; ``""`` when it has none."""

    name: str
    version: str
    sha256: str


def canonical(name: str) -> str:
    """The name as packaging compares it: ``Fapiao.Links_X`` is ``fapiao-links-x``."""
    return re.sub(r"[-_.]+", "-", name).lower()


def entries(group: str) -> tuple[list[metadata.EntryPoint], list[str]]:
    """Entry points of a group, and the distributions whose metadata cannot be read: one of them must not take the others along."""
    try:
        found = list(metadata.entry_points(group=group))
        if all(each is None or each.name for each in {id(entry.dist): entry.dist for entry in found}.values()):
            return found, []
    except Exception:  # noqa: BLE001 whatever stands in a stranger's files; which one it is, the next lines find out
        found = []
    found, unreadable = [], []
    seen: set[str] = set()
    for distribution in metadata.distributions():
        try:
            name = canonical(distribution.name)
            given = [entry for entry in distribution.entry_points if entry.group == group]
        except Exception:  # noqa: BLE001 as above
            unreadable.append(str(getattr(distribution, "_path", distribution.locate_file(""))))
            continue
        found += given if name not in seen else []  # of two of one name the first on the path, as Python imports
        seen.add(name)
    return found, unreadable


def own(entry: metadata.EntryPoint) -> bool:
    """Whether a plugin is ours: our code, from our distribution."""
    named = entry.dist is None or canonical(entry.dist.name) == OURS
    return named and entry.value.startswith("fapiao_kernel.")


def version_of(distribution: metadata.Distribution) -> Version:
    """What is installed now, read from the disk."""
    record = _record(distribution)
    return Version(
        canonical(distribution.name),
        distribution.version,
        hashlib.sha256(record).hexdigest() if record is not None else "",
    )


def unsound(entry: metadata.EntryPoint) -> Finding | None:
    """Why the files behind a plugin cannot be held to their RECORD; None when they can and are as installed.

    ``plugin_unrecorded``: no RECORD, or the module is not among its files (an editable installation, or another copy that comes
    first on the path). ``plugin_altered``: a file is not what was installed.
    """
    distribution = entry.dist
    record = _record(distribution) if distribution is not None else None
    if distribution is None or record is None:
        return finding("plugin_unrecorded", name=distribution.name if distribution else entry.value)
    recorded: set[Path] = set()
    for row in csv.reader(record.decode("utf-8", "replace").splitlines()):
        method, _, said = (row[1] if len(row) > 1 else "").partition("=")
        if method not in _TRUSTED:
            if row and _runs(row[0]):  # RECORD itself and what Python compiles have none; code has
                return finding("plugin_unrecorded", name=distribution.name)
            continue
        file = Path(str(distribution.locate_file(row[0])))
        if not hmac.compare_digest(_hash(file, method), said):
            return finding("plugin_altered", name=distribution.name, file=row[0])
        recorded.add(file.resolve())
    if not _origins(entry.module) <= recorded:
        return finding("plugin_unrecorded", name=distribution.name)
    return None


def _record(distribution: metadata.Distribution) -> bytes | None:
    """RECORD byte for byte; None when the distribution has none."""
    for path in distribution.files or ():
        if path.name == "RECORD" and path.parent.name.endswith(".dist-info"):
            try:
                return Path(str(path.locate())).read_bytes()
            except OSError:
                return None
    return None


def _runs(file: str) -> bool:
    """Whether a file is code that Python, or the system, loads as it is."""
    return PurePosixPath(file).suffix in {".py", ".pth", ".so", ".pyd", ".dll", ".dylib"}


def _hash(file: Path, method: str) -> str:
    """In RECORD's spelling; ``""`` for a file that is not there or cannot be read."""
    try:
        if not file.is_file():
            return ""  # a pipe would be read for ever
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, method).digest()
    except OSError:
        return ""
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _origins(module: str) -> set[Path]:
    """The files that importing a module would run, its packages' included, found without importing; a path of no file when one
    is not found by the path alone."""
    files: set[Path] = set()
    places: list[str] | None = None
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        spec = PathFinder.find_spec(".".join(parts[:end]), places)
        if spec is None:
            return {Path()}
        if spec.origin is not None and spec.has_location:
            files.add(Path(spec.origin).resolve())
        places = list(spec.submodule_search_locations or ())
    return files or {Path()}
