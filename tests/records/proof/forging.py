"""What a forger can do to a bundle: take it apart, change it, put it together with a manifest that fits, and sign it."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fapiao_kernel.records.proof import json_record, signature
from fapiao_kernel.records.proof.container import Writer
from fapiao_kernel.records.proof.signature import Signer
from fapiao_kernel.records.proof.verify import verify_bundle

LINES = ("lines/004-2026-10.d1", "lines/007-2026-10.d1")


def contents(path: Path) -> dict[str, bytes]:
    """Every member, by name."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


class Forger:
    """Puts a changed bundle together as somebody who knows the form would: with a manifest that fits, and a key's signature."""

    def __init__(self, signer: Signer) -> None:
        self.signer = signer

    def pack(self, path: Path, files: dict[str, bytes], *, relist: bool = True) -> None:
        """``relist``: with a manifest that fits the files; else manifest and signature as they stand in ``files``."""
        files = {**files}
        manifest, seal = files.pop("manifest.json"), files.pop("manifest.sig", b"")
        told: dict[str, Any] = {}
        if relist:
            told = json.loads(manifest)
            told["files"] = {
                name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
                for name, content in files.items()
                if name in told["files"]
            }
            told["key"], told["fingerprint"] = self.signer.public, signature.fingerprint(self.signer.public)
        out = io.BytesIO()
        writer = Writer(out)
        for name, content in files.items():
            writer.add(name, [content])
        if relist:
            body = writer.written()
            manifest = json_record.written({**told, "body": {"sha256": body.sha256, "size": body.size}})
            seal = self.signer.sign(manifest).encode() + b"\n"
        writer.add("manifest.json", [manifest], stored=True)
        writer.add("manifest.sig", [seal], stored=True)
        writer.close()
        path.write_bytes(out.getvalue())

    def change(self, path: Path, name: str, how: Callable[[Any], object]) -> None:
        """Edit one JSON part and relist it."""
        files = contents(path)
        part = json.loads(files[name])
        how(part)
        self.pack(path, {**files, name: json_record.written(part)})


def codes(path: Path) -> list[str]:
    """What the verifier finds."""
    return [finding.code for finding in verify_bundle(path).findings]
