"""The backups' own signed notes (备份说明) in a bundle: whose they are, and whether they are of the backups that the run made.

Form of a note: ``records.backup.sidecar``; backup and proof do not know each other, so what is signed is put together here again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fapiao_kernel.records.language import either
from fapiao_kernel.records.proof import signature
from fapiao_kernel.records.proof.slice import Slice


def disagreements(
    name: str, content: bytes, backups: Mapping[str, Mapping[str, Any]], piece: Slice, public: str
) -> Iterator[str]:
    """``name``: the file's, for the texts. ``backups``: the run's, by id. ``public``: the key that signs the bundle (hex)."""
    note: dict[str, Any] = json.loads(content)
    text = json.dumps({k: v for k, v in note.items() if k != "signature"}, ensure_ascii=False, sort_keys=True, indent=1)
    if note["key"] != public or not signature.holds(text.encode("utf-8"), f"{note['signature']}\n".encode(), public):
        yield f"{name}: " + either("不是这把密钥签的", "not signed with this key")
        return
    backup = backups.get(str(note["id"]))
    if backup is None:
        yield f"{name}: " + either("这次清卡没有这份备份", "the run made no such backup")
        return
    copies = {(copy["sha256"], copy["size"]) for copy in backup["copies"]}
    if (note["sha256"], note["size"]) not in copies or note["journal_head"] != backup["journal_head"]:
        yield f"{name} ≠ {backup['id']}"
    if piece.hashes.get(note["journal_seq"], note["journal_head"]) != note["journal_head"]:
        yield f"{name}: " + either("日志头与日志不符", "its journal head is not the journal's")
