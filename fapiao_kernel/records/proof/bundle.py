"""The evidence bundle (证据包): one zip per run, the same bytes for the same facts, every file named in its manifest."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from fapiao_kernel.ports import Record
from fapiao_kernel.records.proof import slice as journal_slice

FORM = 1
MANIFEST = "manifest.json"
JOURNAL, PREVIEW, BEFORE, AFTER = "journal.jsonl", "preview.json", "device-before.json", "device-after.json"
RECORD, AUTHORITY, BACKUP, VERSIONS = "record.html", "authority.json", "backup.json", "versions.json"
NAMES = (JOURNAL, PREVIEW, BEFORE, AFTER, RECORD, AUTHORITY, BACKUP, VERSIONS)
_STAMP = (1980, 1, 1, 0, 0, 0)
"""Zip's earliest time: the bundle's own times are in the journal, and equal facts must give equal bytes."""


def build(facts: Mapping[str, Any], records: Sequence[Record], record_html: str) -> bytes:
    """``records``: everything in the journal from the run's first to its last record, other runs' included."""
    contents = {
        JOURNAL: journal_slice.cut(records, facts["run"]),
        PREVIEW: _json(facts["preview"]),
        BEFORE: _json(facts["card_before"]),
        AFTER: _json(facts["card_after"]),
        RECORD: record_html.encode("utf-8"),
        AUTHORITY: _json({"authority": facts["authority"], "declaration": facts["declaration"]}),
        BACKUP: _json(facts["backups"]),
        VERSIONS: _json(facts["versions"]),
    }
    files = {name: {"sha256": hashlib.sha256(c).hexdigest(), "size": len(c)} for name, c in contents.items()}
    span = {"first": records[0].seq, "last": records[-1].seq, "head": records[-1].hash} if records else {}
    contents[MANIFEST] = _json({"form": FORM, "run": facts["run"], "journal": span, "files": files})
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as bundle:
        for name in (*NAMES, MANIFEST):
            info = zipfile.ZipInfo(name, _STAMP)
            info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
            bundle.writestr(info, contents[name], compresslevel=6)
    return out.getvalue()


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n").encode("utf-8")
