"""Monthly heads (月度签名): a finished month's file gets a signed statement of how it ended, ``YYYY-MM.head.json`` beside it.

The chain alone cannot tell a file from an equally valid one that somebody wrote in its place; the head can. A head is made only
once the next month's file is there: from then on nothing is appended to the finished one, whatever the clock says.
Signature: Ed25519 (RFC 8032) over the canonical JSON of the head without ``signature``.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from fapiao_kernel.records import durable
from fapiao_kernel.records.journal.chain import canonical
from fapiao_kernel.records.journal.files import SUFFIX, journal_files
from fapiao_kernel.records.language import either

HEAD_SUFFIX = ".head.json"
LONGEST = 4096
"""Bytes; a head has some 600."""


class Signer(Protocol):
    """Who signs heads: the home's Ed25519 key."""

    @property
    def public(self) -> str:
        """The public half, hex."""

    def sign(self, content: bytes) -> str:
        """The signature, hex."""


@dataclass(frozen=True)
class Head:
    """How a month's file ended. ``head``: hash of its last record; ``sha256``: of the file, as ``sha256sum`` says it."""

    file: str
    records: int
    first_seq: int
    last_seq: int
    head: str
    sha256: str
    signed_at: str
    public_key: str
    signature: str = ""

    def content(self) -> bytes:
        """What is signed."""
        return canonical({key: value for key, value in asdict(self).items() if key != "signature"}).encode()

    @property
    def mark(self) -> str:
        """The key's fingerprint, as a bundle's: SHA-256 (hex) of the public key's 32 bytes."""
        return hashlib.sha256(bytes.fromhex(self.public_key)).hexdigest()

    def sound(self) -> bool:
        """Whether the signature is that of the key named in the head. Who holds that key, only a key known from elsewhere tells."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.public_key))
            key.verify(bytes.fromhex(self.signature), self.content())
        except (InvalidSignature, ValueError):
            return False
        return True


def head_path(file: Path) -> Path:
    """Where the head of a month's file lies."""
    return file.with_name(file.name.removesuffix(SUFFIX) + HEAD_SUFFIX)


def head_files(folder: Path) -> list[Path]:
    """Every head in the folder, oldest first, whether its file is there or not."""
    return sorted(folder.glob(f"????-??{HEAD_SUFFIX}")) if folder.is_dir() else []


def unsigned(folder: Path) -> list[Path]:
    """Finished files without a head. An empty one (a crash before its first record) needs none."""
    finished = journal_files(folder)[:-1]
    return [path for path in finished if path.stat().st_size and not head_path(path).exists()]


def sign_head(file: Path, first_seq: int, last_seq: int, last_hash: str, now: datetime, signer: Signer) -> Head:
    """Write the head of a finished file, whole and durable or not at all. Raises ``OSError``."""
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    bare = Head(
        file=file.name,
        records=last_seq - first_seq + 1,
        first_seq=first_seq,
        last_seq=last_seq,
        head=last_hash,
        sha256=digest,
        signed_at=now.isoformat(timespec="seconds"),
        public_key=signer.public,
    )
    head = Head(**{**asdict(bare), "signature": signer.sign(bare.content())})
    durable.write_atomic(head_path(file), (canonical(asdict(head)) + "\n").encode())
    return head


def read_head(path: Path) -> Head | None:
    """The head in a file; None when it is not one (cut, edited, or another month's). Raises ``OSError``."""
    with path.open("rb") as file:
        content = file.read(LONGEST + 1)
    try:
        head = Head(**json.loads(content.decode("utf-8")))
        kinds = all(type(getattr(head, name)) is (int if kind == "int" else str) for name, kind in _KINDS.items())
        whole = kinds and (canonical(asdict(head)) + "\n").encode() == content
    except (ValueError, TypeError):
        return None
    return head if whole and head_path(path.with_name(head.file)) == path else None


_KINDS = Head.__annotations__


@dataclass
class Seen:
    """A month's file as it is found: told each record's hash in order, then compared with its head (if it has one)."""

    head: Head | None
    records: int = 0
    at_head: str = ""
    last_seq: int = 0

    def add(self, seq: int, digest: str) -> None:
        """One more record that holds."""
        self.records, self.last_seq = self.records + 1, seq
        if self.head is not None and self.records == self.head.records:
            self.at_head = digest

    def fault(self, *, next_file: bool) -> tuple[int, str] | None:
        """Line (from 1) and reason where the file is not the one that was signed; None when it is, or nothing was signed.

        ``next_file``: whether a later file is there, as it was when the head was made.
        """
        head = self.head
        if head is None:
            return None
        if self.records < head.records:
            return self.records + 1, either(
                f"月度签名说有 {head.records} 条记录，这里只有 {self.records} 条：末尾被截去",
                f"the signed head says {head.records} records, here are {self.records}: the end was cut off",
            )
        if self.at_head != head.head:
            return head.records, either(
                "与月度签名不符：整个文件被换成了另一条同样有效的链",
                "not what the signed head says: the file was replaced by another valid chain",
            )
        if self.records > head.records:
            return head.records + 1, either("签名之后又添加了记录", "records were added after the head was signed")
        if not next_file:
            return head.records + 1, either(
                "月度签名是在下个月的文件开始之后做的，而那个文件不见了",
                "the head was signed once the next month's file had begun, and that file is missing",
            )
        return None
