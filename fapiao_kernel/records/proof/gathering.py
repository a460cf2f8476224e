"""What a bundle takes from outside the facts (取证): a unit's canonical lines from the ledger, a backup's signed note from beside it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.records.durable import PARTIAL
from fapiao_kernel.records.proof.bundle import line_file

MOST_LINES = 2 << 30
"""Bytes of lines that go into one bundle, some sixteen million invoices; beyond, the digests stand alone."""
_NOTE_LIMIT = 1 << 16
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Lines(Protocol):
    """Where a unit's canonical lines come from; the ledger is one."""

    def write_lines(self, unit: ClearUnit, watermark: int, file: Path) -> None:
        """The unit's invoices up to an import, in form ``d1``. Raises ``OSError`` when the file cannot be written."""
        ...


@contextmanager
def lines_of(facts: Mapping[str, Any], source: Lines | None, folder: Path) -> Iterator[dict[tuple[str, str], Path]]:
    """The lines of each unit of the frozen preview, as files below ``folder`` that are gone afterwards.

    A unit is left out when its lines no longer hash to the frozen digest: what the ledger says today is not what was frozen,
    and the bundle then says that it has no lines.
    """
    made: dict[tuple[str, str], Path] = {}
    left = MOST_LINES
    if source is None:
        yield made
        return
    try:
        for unit in facts["preview"]["units"]:
            key = (str(unit["invoice_type"]), str(unit["period"]))
            made[key] = file = folder / (line_file(*key).replace("/", "-") + PARTIAL)
            named = ClearUnit(str(facts["device_number"]), InvoiceType(key[0]), Period.parse(key[1]))
            source.write_lines(named, int(unit.get("watermark", 0)), file)
            with file.open("rb") as content:
                same = hashlib.file_digest(content, "sha256").hexdigest() == unit["digest"]
            left -= file.stat().st_size
            if not same or left < 0:
                file.unlink()
                del made[key]
        yield dict(made)
    finally:
        for file in made.values():
            file.unlink(missing_ok=True)


def sidecars(facts: Mapping[str, Any]) -> dict[str, bytes]:
    """The signed note (备份说明) that lies beside each backup's copies; a place that is not there just now is passed over."""
    return {
        str(backup["id"]): note
        for backup in facts["backups"]
        if _NAME.fullmatch(str(backup["id"])) and (note := _note(backup))
    }


def _note(backup: Mapping[str, Any]) -> bytes:
    for copy in backup["copies"]:
        try:
            with (Path(copy["path"]).parent / f"{backup['id']}.json").open("rb") as file:
                content = file.read(_NOTE_LIMIT)
            if json.loads(content)["sha256"] == copy["sha256"]:
                return content
        except (OSError, ValueError, KeyError, TypeError):
            continue  # the folder is on a disk that is unplugged, or the note is damaged: the next copy has one too
    return b""
