"""Checking a bundle (核验证据包) offline: no agent, no home, standard library only. What it cannot know, it says."""

from __future__ import annotations

import hashlib
import json
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fapiao_kernel.domain.errors import english, finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.records.language import either
from fapiao_kernel.records.proof import bundle, consistency
from fapiao_kernel.records.proof.slice import Slice, read

_LIMIT = 256 << 20
"""A bundle is a few hundred kB; more than this unpacked is not one of ours."""

_NOT_KNOWN = (
    ("谁做的这份证据包：目前还没有签名。", "Who made this bundle: it is not signed yet."),
    (
        "日志是否完整：只看得到这次清卡的记录和它们之间的链，看不到之前和之后。",
        "Whether the journal is complete: only this run's records and the links between them are here, nothing before or after.",
    ),
    ("时间是否准确：时间来自当时那台电脑的时钟。", "Whether the times are right: they come from that machine's clock."),
    (
        "设备和税局现在的状态：只有重新读取设备、查询税局才知道。",
        "What device and tax side say today: only reading them again tells.",
    ),
    (
        "发票本身：这里只有合计和摘要，没有发票明细。",
        "The invoices themselves: totals and digests are here, not the invoices.",
    ),
)
_PRACTICE = (
    "真实设备：这是在模拟设备上的练习。",
    "Anything about a real device: this was practice on a simulated one.",
)


@dataclass(frozen=True)
class BundleCheck:
    """``ok``: nothing found. ``not_known``: sentences on what no reader of this file alone can know."""

    ok: bool
    findings: tuple[Finding, ...]
    not_known: tuple[str, ...]


BROKEN_ZIP = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError),
    *(NotImplementedError, RuntimeError, OverflowError, OSError, ValueError, KeyError),
)
"""What zipfile and its decompressors raise for a damaged archive (every single-byte change and every cut was tried)."""


def verify_bundle(path: Path) -> BundleCheck:
    """Files against the manifest, the journal's chain, and the parts against the journal. Never raises for a bad bundle."""
    try:
        contents = _contents(path)
    except BROKEN_ZIP as error:
        return _result([finding("bundle_unreadable", reason=str(error) or type(error).__name__)])
    try:
        manifest = json.loads(contents.pop(bundle.MANIFEST))
        files: Mapping[str, Any] = manifest["files"]
        found = list(_against_manifest(contents, files))
        piece = read(contents.get(bundle.JOURNAL, b""), str(manifest["run"]))
        found += [finding("bundle_chain_broken", line=line, reason=reason) for line, reason in piece.problems]
        if {"first": piece.first, "last": piece.last, "head": piece.head} != manifest["journal"]:
            found.append(finding("bundle_disagrees", what=f"{bundle.MANIFEST} ≠ {bundle.JOURNAL}"))
        if not found:
            found += _parts(contents, piece)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return _result([finding("bundle_unreadable", reason=f"{type(error).__name__}: {error}")])
    return _result(found, simulated=_simulated(piece))


def _contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        names = [info.filename for info in infos]
        if len(set(names)) != len(names):
            raise ValueError(either("同名文件出现两次", "a name stands in it twice"))
        if sum(info.file_size for info in infos) > _LIMIT:
            raise ValueError(either("太大，不是证据包", "too large for a bundle"))
        return {info.filename: archive.read(info) for info in infos}


def _against_manifest(contents: Mapping[str, bytes], files: Mapping[str, Any]) -> Iterator[Finding]:
    for name in sorted(files.keys() | set(bundle.NAMES)):
        if name not in contents or name not in files:
            yield finding("bundle_file_missing", file=name)
        elif hashlib.sha256(contents[name]).hexdigest() != files[name]["sha256"]:
            yield finding("bundle_file_changed", file=name)
    for name in sorted(contents.keys() - files.keys() - set(bundle.NAMES)):
        yield finding("bundle_file_unlisted", file=name)


def _parts(contents: Mapping[str, bytes], piece: Slice) -> list[Finding]:
    parts = {name: json.loads(content) for name, content in contents.items() if name.endswith(".json")}
    return [finding("bundle_disagrees", what=what) for what in consistency.disagreements(parts, piece.records)]


def _simulated(piece: Slice) -> bool:
    return any(record["kind"] == "run.opened" and record["data"].get("simulated") for record in piece.records)


def _result(found: list[Finding], *, simulated: bool = False) -> BundleCheck:
    sentences = (*_NOT_KNOWN, _PRACTICE) if simulated else _NOT_KNOWN
    return BundleCheck(not found, tuple(found), tuple(pair[english()] for pair in sentences))
