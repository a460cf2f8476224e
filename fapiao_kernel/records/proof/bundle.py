"""The evidence bundle (证据包): one signed zip per run, the same bytes for the same facts, every file named in its manifest.

``manifest.json``: ``form`` · ``run``, ``device_number``, ``simulated``, ``verdict`` · ``versions`` · ``journal``: first and last
sequence number and the ``head``, the hash of the last · ``files``: name → SHA-256 and size · ``body``: SHA-256 and size of the
zip up to the manifest, so that no byte of the wrapping is free either · ``lines``: each unit, its digest, and the file of its
canonical lines ("" when it is left out) · ``key``, ``fingerprint``. ``manifest.sig`` signs it as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from fapiao_kernel.domain.clearing import Event
from fapiao_kernel.ports import Record
from fapiao_kernel.records.proof import slice as journal_slice
from fapiao_kernel.records.proof.container import Content, Writer
from fapiao_kernel.records.proof.json_record import written
from fapiao_kernel.records.proof.signature import Signer, fingerprint

FORM, UNSIGNED_FORM = 2, 1
"""Form 1 had neither signature nor lines, nor the record as sheet and data."""
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
JOURNAL, PREVIEW, BEFORE, AFTER = "journal.jsonl", "preview.json", "device-before.json", "device-after.json"
RECORD, AUTHORITY, BACKUP, VERSIONS = "record.html", "authority.json", "backup.json", "versions.json"
SHEET, DATA = "record.xlsx", "record.json"
NAMES = (JOURNAL, PREVIEW, BEFORE, AFTER, RECORD, SHEET, DATA, AUTHORITY, BACKUP, VERSIONS)
UNSIGNED_NAMES = tuple(name for name in NAMES if name not in (SHEET, DATA))
LINES, BACKUPS = "lines/", "backups/"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Parts:
    """What goes into a bundle beside the facts: the three records, lines by unit, the backups' own signed notes by backup."""

    html: bytes
    sheet: bytes
    data: bytes
    lines: Mapping[tuple[str, str], Path] = field(default_factory=dict)
    sidecars: Mapping[str, bytes] = field(default_factory=dict)


def build(out: BinaryIO, facts: Mapping[str, Any], records: Sequence[Record], parts: Parts, signer: Signer) -> None:
    """``records``: everything in the journal from the run's first to its last record, other runs' included.

    Raises ``OSError``, and ``OverflowError`` for a bundle too large to be a zip.
    """
    contents = {
        JOURNAL: journal_slice.cut(records, facts["run"]),
        PREVIEW: written(facts["preview"]),
        BEFORE: written(facts["card_before"]),
        AFTER: written(facts["card_after"]),
        RECORD: parts.html,
        SHEET: parts.sheet,
        DATA: parts.data,
        AUTHORITY: written(authority(facts, [r for r in records if r.run == facts["run"]])),
        BACKUP: written(facts["backups"]),
        VERSIONS: written(facts["versions"]),
        **{f"{BACKUPS}{name}.json": note for name, note in sorted(parts.sidecars.items())},
    }
    pack = Writer(out)
    files = {name: pack.add(name, [content]) for name, content in contents.items()}
    lines = []
    for unit in facts["preview"]["units"]:
        key = (unit["invoice_type"], unit["period"])
        name = line_file(*key) if key in parts.lines else ""
        if name:
            files[name] = pack.add(name, _chunks(parts.lines[key]))
        lines.append({"invoice_type": key[0], "period": key[1], "digest": unit["digest"], "file": name})
    manifest = written(
        {
            "form": FORM,
            **{key: facts[key] for key in ("run", "device_number", "simulated", "verdict", "versions")},
            "journal": span(records),
            "files": {name: asdict(content) for name, content in files.items()},
            "body": asdict(pack.written()),
            "lines": lines,
            "key": signer.public,
            "fingerprint": fingerprint(signer.public),
        }
    )
    pack.add(MANIFEST, [manifest], stored=True)
    pack.add(SIGNATURE, [f"{signer.sign(manifest)}\n".encode("ascii")], stored=True)
    pack.close()


def span(records: Sequence[Record]) -> dict[str, Any]:
    """First and last sequence number, and the journal's head as it was at the last."""
    return {"first": records[0].seq, "last": records[-1].seq, "head": records[-1].hash} if records else {}


def authority(facts: Mapping[str, Any], own: Sequence[Record]) -> dict[str, Any]:
    """What the tax side said: receipts of 上报汇总 and 清卡结果确认, the return, and what it authorised (SHA-256 of each payload)."""
    fetched = [dict(record.data) for record in own if record.kind == Event.AUTHORISED]
    return {"authority": facts["authority"], "declaration": facts["declaration"], "authorisation": fetched}


def line_file(invoice_type: str, period: str) -> str:
    """Where a unit's canonical lines (form ``d1``) lie in the bundle: ``sha256sum`` of this file is the unit's digest."""
    return f"{LINES}{invoice_type}-{period}.d1"


def content_of(value: Any) -> Content:
    """A file's entry in the manifest; raises ``ValueError``, ``KeyError`` or ``TypeError`` for anything else."""
    content = Content(**value)
    if not (isinstance(content.sha256, str) and isinstance(content.size, int) and content.size >= 0):
        raise ValueError(str(value))
    return content


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
