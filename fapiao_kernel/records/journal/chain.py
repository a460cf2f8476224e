"""The journal's chain (链): how a record is written down and how its hash follows. Pure; no disk, no clock.

A record is the JSON object ``{data, hash, kind, prev, run, seq, time, who}``, one a line. *Canonical* JSON has sorted keys,
no spaces, and characters as themselves in UTF-8. ``hash`` is SHA-256 (hex) over the canonical form of the record without
``hash``; ``prev`` is the hash of the record before, "" for the first; ``seq`` counts from 1. The chain runs across files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from fapiao_kernel.records.language import either

KEYS = ("data", "hash", "kind", "prev", "run", "seq", "time", "who")
SECRET_KEYS = frozenset({"pin", "payload", "password", "secret", "token"})
"""Names that no record may carry at any depth: a PIN or a clear payload (清卡密文) has no business here."""


def canonical(value: Any) -> str:
    """Canonical JSON. Raises ``ValueError`` for NaN and infinity, ``TypeError`` for what JSON has no form of."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def record_hash(record: Mapping[str, Any]) -> str:
    """The hash that a record must carry; its own ``hash``, if it has one, does not count."""
    body = canonical({key: value for key, value in record.items() if key != "hash"})
    return hashlib.sha256(body.encode("utf-8")).hexdigest()


def seal(record: Mapping[str, Any]) -> tuple[str, bytes]:
    """Hash and line (newline included) of a record that has no hash yet. The data are written out once only."""
    data = canonical(record["data"])
    rest = canonical({key: record[key] for key in ("kind", "prev", "run", "seq", "time", "who")})[1:]
    digest = hashlib.sha256(f'{{"data":{data},{rest}'.encode()).hexdigest()
    return digest, f'{{"data":{data},"hash":"{digest}",{rest}\n'.encode()


def writable(value: Any) -> Any:
    """A plain JSON value as it can be written: lone surrogates (from odd file names) become their escape as text.

    Raises ``ValueError`` for a key that names a secret.
    """
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode("utf-8")
        case dict():
            for key in value:
                if key.lower() in SECRET_KEYS:
                    raise ValueError(f"a journal record must not carry {key!r}")
            return {writable(key): writable(item) for key, item in value.items()}
        case list():
            return [writable(item) for item in value]
    return value


def parse(line: bytes) -> dict[str, Any] | None:
    """The record on a line (newline included), or None when it is no record."""
    try:
        record = json.loads(line.decode("utf-8"))
    except ValueError:
        return None
    return record if isinstance(record, dict) and tuple(sorted(record)) == KEYS and line.endswith(b"\n") else None


def fault(line: bytes, record: Mapping[str, Any] | None, seq: int, prev: str) -> str:
    """What is wrong with a line as the record after ``(seq, prev)``; "" when nothing is.

    The line must be the canonical form byte for byte: then no byte of it can be changed unnoticed.
    """
    if not line.endswith(b"\n"):
        return either(
            "最后一行没有写完，没有换行符，当时没有得到确认", "torn last line: no newline, so it was never acknowledged"
        )
    if record is None:
        return either("不是日志记录（JSON 无效）", "not a journal record (bad JSON)")
    try:
        digest, sealed = seal(record)
    except ValueError:
        return either("不是日志记录（JSON 无效）", "not a journal record (bad JSON)")
    if record["hash"] != digest:
        return either("哈希不符：写入之后被改动过", "wrong hash: the record was changed after it was written")
    if sealed != line:
        return either("写法不规范：这一行被重写过", "not in canonical form: the line was rewritten")
    if record["seq"] != seq + 1:
        expected, found = seq + 1, record["seq"]
        return either(
            f"序号不连续：应为 {expected}，实为 {found}（缺少记录或文件）",
            f"sequence gap: expected {expected}, found {found} (records are missing, or a file is)",
        )
    if record["prev"] != prev:
        return either("前一条哈希（prev）不符：接不上前一条记录", "wrong prev: it does not follow the record before")
    return ""
