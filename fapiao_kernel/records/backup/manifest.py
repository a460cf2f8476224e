"""The manifest (清单) inside an archive: SHA-256 and size of every file, and what the archive is of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

FORM = 1
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"


@dataclass(frozen=True)
class Stored:
    """One file as the archive holds it."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Manifest:
    """``files`` by their name below the home, with ``/``. ``key`` is the public half (hex) of the key that signs it.

    ``devices``: machine numbers whose invoices the ledger in it holds; older manifests do not say, and stay valid as signed.
    """

    id: str
    time: str
    reason: str
    journal_head: str
    journal_seq: int
    key: str
    files: Mapping[str, Stored]
    devices: tuple[str, ...] | None = None

    def written(self) -> bytes:
        """As it stands in the archive, and as it is signed."""
        files = {name: {"sha256": f.sha256, "size": f.size} for name, f in sorted(self.files.items())}
        fields = {"form": FORM, **self.__dict__, "files": files}
        if self.devices is None:
            del fields["devices"]
        return json.dumps(fields, ensure_ascii=False, sort_keys=True, indent=1).encode("utf-8")

    @classmethod
    def parse(cls, content: bytes) -> Manifest:
        """Raises ``ValueError`` for anything that is no manifest of a form we know."""
        try:
            fields: dict[str, Any] = json.loads(content.decode("utf-8"))
            if fields.pop("form") != FORM:
                raise ValueError("manifest of an unknown form")
            files = {name: Stored(str(f["sha256"]), int(f["size"])) for name, f in fields.pop("files").items()}
            devices = fields.pop("devices", None)
            told = None if devices is None else tuple(str(device) for device in devices)
            return cls(files=files, devices=told, **fields)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("not a manifest") from error


def safe(name: str) -> bool:
    """Whether a name in an archive stays below the folder it is put in."""
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and not set(name) & set("\\:\0")
