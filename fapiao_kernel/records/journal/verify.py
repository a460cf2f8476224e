"""Proving the journal whole (日志校验): read-only, streaming, no lock, no agent; quick to import for the command line.

A month's signed head (``heads``) shows a file that was cut, or replaced by another valid chain. What is left unseen: records cut
off at the end of the last file, line by line, and a last file that is gone whole while no head names it. Backups and bundles keep
the head's hash: ``operations.checks`` compares with the newest backup's.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from fapiao_kernel.records.journal import chain
from fapiao_kernel.records.journal.files import SUFFIX, journal_files
from fapiao_kernel.records.journal.heads import HEAD_SUFFIX, Head, Seen, head_files, head_path, read_head
from fapiao_kernel.records.language import either


class FirstBad(TypedDict):
    """Where the chain first breaks: absolute path, line (from 1), reason."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True)
class Verification:
    """``records``: how many hold, up to the first bad one. ``head``: hash of the last that holds.

    ``signed``: months' files whose signed head holds. ``not_known``: sentences on what this walk cannot say.
    """

    ok: bool
    records: int
    first_bad: FirstBad | None
    head: str = ""
    signed: tuple[str, ...] = ()
    not_known: tuple[str, ...] = ()


def verify(folder: Path, known_keys: Collection[str] = ()) -> Verification:
    """Walk every record of every file, and each finished month's signed head. An absent or empty folder is whole, with nothing in it.

    ``known_keys``: public keys that are ours, or their fingerprints (hex). A head signed by another is told in ``not_known``: a home
    may have had other keys.
    A file that cannot be read is the first bad one; nothing is raised.
    """
    seq, prev = 0, ""
    files = journal_files(folder)
    heads: list[Head] = []
    for path in files:
        number, place, digest = 1, path, hashlib.sha256()
        try:
            place = head_path(path)
            claimed = place.exists()
            seen = Seen(read_head(place) if claimed else None)
            if claimed and not (seen.head and seen.head.sound()):
                return _bad(place, 1, either("月度签名无效", "the signed head does not hold"), seq, prev)
            place = path
            with path.open("rb") as file:
                for number, line in enumerate(file, 1):
                    record = chain.parse(line)
                    reason = chain.fault(line, record, seq, prev)
                    if reason or record is None:
                        return _bad(path, number, reason, seq, prev)
                    seq, prev = seq + 1, record["hash"]
                    seen.add(seq, prev)
                    digest.update(line)
        except OSError as error:
            return _bad(place, number, either("读不了", "cannot be read") + f": {error.strerror}", seq, prev)
        # A writer may have begun the next month since the files were listed.
        fault = seen.fault(next_file=path != files[-1] or journal_files(folder)[-1] != path)
        if fault:
            return _bad(path, *fault, seq, prev)
        if seen.head is not None:
            if (seen.head.sha256, seen.head.last_seq) != (digest.hexdigest(), seq):
                return _bad(head_path(path), 1, either("月度签名与文件不符", "the head is not this file's"), seq, prev)
            heads.append(seen.head)
    orphan = _without_file(folder, files)
    if orphan is not None:
        return _bad(orphan, 1, either("有月度签名而文件不见了", "it has a signed head, and is missing"), seq, prev)
    return Verification(True, seq, None, prev, tuple(h.file for h in heads), _not_known(files, heads, known_keys))


def _without_file(folder: Path, files: list[Path]) -> Path | None:
    """The first month's file that has a head and is not there."""
    signed = [head.with_name(head.name.removesuffix(HEAD_SUFFIX) + SUFFIX) for head in head_files(folder)]
    return next((file for file in signed if file not in files), None)


def _not_known(files: list[Path], heads: list[Head], known: Collection[str]) -> tuple[str, ...]:
    said = []
    bare = [path.name for path in files[:-1] if path.stat().st_size and path.name not in {h.file for h in heads}]
    if bare:
        names = ", ".join(bare)
        said.append(either(f"没有月度签名：{names}", f"no signed head: {names}"))
    if heads and not known:
        said.append(
            either("月度签名是谁的密钥，没有可对照的", "whose key signed the heads: no key was given to compare")
        )
    foreign = ", ".join(head.file for head in heads if known and not {head.public_key, head.mark} & set(known))
    if foreign:
        said.append(either(f"不是已知密钥签名的：{foreign}", f"signed by a key that is not known: {foreign}"))
    last = next((path.name for path in reversed(files) if path.stat().st_size), "")
    said.append(_end(last))
    return tuple(said)


def _end(last: str) -> str:
    """What no walk can tell: whole records gone from the end, or all of them, leave a chain that holds."""
    zh = f"{last} 最后一条之后的记录是否被截去" if last else "一条记录也没有，是否全被删去"
    en = (
        f"whether records after the last of {last} were cut off"
        if last
        else "there is no record: whether all were deleted"
    )
    return either(
        f"{zh}；只看日志看不出，请与备份或证据包里的日志末尾对照",
        f"{en}; the journal alone cannot tell, compare with the head in a backup or a bundle",
    )


def _bad(path: Path, line: int, reason: str, records: int, head: str) -> Verification:
    return Verification(False, records, {"file": os.path.abspath(path), "line": line, "reason": reason}, head)
