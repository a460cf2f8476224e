"""The sidecar (备份说明) ``<id>.json`` beside an archive: written only after the copy was read back, and signed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from fapiao_kernel.records.backup.keys import KeyBox, signed

SUFFIX, ARCHIVE_SUFFIX = ".json", ".tar.zst.age"


@dataclass(frozen=True)
class Sidecar:
    """``sha256`` and ``size`` are of the archive as it lies there; ``files`` a count; ``key`` the signer (hex).

    ``devices``: machine numbers whose invoices the ledger in it holds; older sidecars do not say.
    """

    id: str
    time: str
    sha256: str
    size: int
    files: int
    journal_head: str
    journal_seq: int
    reason: str
    key: str
    devices: tuple[str, ...] = ()

    @property
    def archive(self) -> str:
        return self.id + ARCHIVE_SUFFIX

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.time)

    def written(self, keys: KeyBox) -> bytes:
        return (_text({**asdict(self), "signature": keys.sign(_text(asdict(self)).encode())}) + "\n").encode()

    @classmethod
    def parse(cls, content: bytes, key: str) -> Sidecar | None:
        """None for anything that the key (hex) did not sign."""
        try:
            fields: dict[str, Any] = json.loads(content.decode("utf-8"))
            signature = fields.pop("signature")
            devices = tuple(str(device) for device in fields.get("devices", ()))
            sidecar = cls(**{**fields, "devices": devices})
            datetime.fromisoformat(sidecar.time)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        return sidecar if signed(_text(fields).encode(), str(signature), key) else None


def _text(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False, sort_keys=True, indent=1)
