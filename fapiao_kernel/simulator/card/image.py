"""The card's image (卡映像): a JSON file that outlives its process, replaced whole and fsynced on every change."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fapiao_kernel.domain.card import CardIdentity, Monitoring, MonthStatistics, Volume
from fapiao_kernel.domain.money import fen
from fapiao_kernel.simulator.card.faults import new_faults
from fapiao_kernel.simulator.card.memory import Memory, Totals, TypeRecord, VolumeRecord, months
from fapiao_kernel.simulator.state_file import read_json, write_json

PIN_TRIES = 8
"""Tries of a fresh card: more than the three at which the driver stops, so that a wrong PIN can be survived."""
NAME_BYTES, ID_BYTES = 100, 20
"""Room in EF02 (企业名称 100, 税号 20: JSKInfoDef.h and DataDesign.h, domain note 1.4)."""


def new_image(
    path: Path,
    *,
    identity: CardIdentity,
    pin: str,
    clock_offset: float,
    monitoring: Sequence[Monitoring],
    statistics: Sequence[MonthStatistics],
    volumes: Sequence[Volume],
    shared_key: bytes,
    faults: Sequence[Mapping[str, Any]] = (),
    unused: Mapping[Volume, str] | None = None,
) -> None:
    """Write the image of a fresh card, one record a ``monitoring``. A month of an open span without statistics begins at zero.

    ``unused``: of a volume, the number that is given out next; a volume without one is used up.

    ``faults``: docs/protocol/practice-card.md, section 8. Raises ``ValueError`` for what a card cannot hold.
    """
    _check(identity, pin, monitoring)
    _check_volumes(volumes)
    salt = secrets.token_hex(16)
    memory = Memory(
        identity=_identity(identity),
        pin_salt=salt,
        pin_digest=pin_digest(salt, pin.encode()),
        pin_left=PIN_TRIES,
        clock_offset=clock_offset,
        shared_key=shared_key,
        records=[_record(entry) for entry in monitoring],
        totals=[_totals(entry) for entry in statistics],
        volumes=[_volume(v, (unused or {}).get(v, "")) for v in volumes],
        faults=new_faults(faults),
    )
    for record in memory.records:
        open_months(memory, record)
    save(path, memory)


def load(path: Path) -> Memory:
    """Raises ``ValueError`` when there is no image of ours at this path."""
    data = read_json(path)
    if data is None:
        raise ValueError(f"no card image: {path.name}")
    try:
        return Memory.from_json(data)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a card image: {path.name}") from error


def save(path: Path, memory: Memory) -> None:
    """On disk, whole, when this returns."""
    write_json(path, memory.to_json())


class ImageFile:
    """Where a card keeps its memory: a file of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Memory:
        """See ``load``."""
        return load(self._path)

    def save(self, memory: Memory) -> None:
        """See ``save``."""
        save(self._path, memory)


def pin_digest(salt: str, pin: bytes) -> str:
    """The card keeps no PIN, only this."""
    return hashlib.sha256(salt.encode() + pin).hexdigest()


def open_months(memory: Memory, record: TypeRecord) -> None:
    """Totals at zero for each month of the open span that has none."""
    known = {entry.month for entry in memory.totals if entry.type == record.type}
    memory.totals += [Totals(record.type, m) for m in months(record.start, record.end) if m not in known]


def _check(identity: CardIdentity, pin: str, monitoring: Sequence[Monitoring]) -> None:
    for number, length in ((identity.card_number, 16), (identity.device_number, 12)):
        if not _digits(number, length, length):
            raise ValueError(f"not {length} digits: {number!r}")
    if not _digits(pin, 8, 8):
        raise ValueError("a PIN has 8 digits")
    types = [entry.invoice_type for entry in monitoring]
    if len(set(types)) != len(types) or not all(t.on_device for t in types):
        raise ValueError("one record for each device-issued type")


def _check_volumes(volumes: Sequence[Volume]) -> None:
    if len(volumes) > 0xFFFF:
        raise ValueError("a record number has two bytes")
    for v in volumes:
        numbers = _digits(v.first, 1, 8) and _digits(v.last, 1, 8) and len(v.first) == len(v.last)
        if not (numbers and v.first <= v.last and _digits(v.code, 1, 12) and v.invoice_type.on_device):
            raise ValueError(f"not a volume that a card holds: {v}")


def _digits(text: str, least: int, most: int) -> bool:
    return least <= len(text) <= most and text.isascii() and text.isdecimal()


def _identity(identity: CardIdentity) -> dict[str, str]:
    return {
        "card_number": identity.card_number,
        "device_number": identity.device_number,
        "taxpayer_id": _cut(identity.taxpayer_id, ID_BYTES),
        "taxpayer_name": _cut(identity.taxpayer_name, NAME_BYTES),
        "valid_until": f"{identity.valid_until:%Y%m%d}",
    }


def _cut(text: str, room: int) -> str:
    """As much of the text as the field holds, never half a character."""
    while len(text.encode("gb18030")) > room:
        text = text[:-1]
    return text


def _volume(v: Volume, upcoming: str) -> VolumeRecord:
    if upcoming and not v.holds(v.code, upcoming):
        raise ValueError(f"no number of the volume: {upcoming}")
    return VolumeRecord(v.invoice_type.value, v.code, v.first, v.last, v.pending, upcoming)


def _record(m: Monitoring) -> TypeRecord:
    if m.reported:
        raise ValueError("a fresh card holds no sealed summary, so no span of it is reported")
    return TypeRecord(
        m.invoice_type.value, m.lock_date, m.report_start, m.report_end, m.last_report, False, m.not_uploaded
    )


def _totals(s: MonthStatistics) -> Totals:
    amounts = (s.positive_amount, s.positive_tax, s.negative_amount, s.negative_tax)
    counts = [s.positive, s.positive_void, s.negative, s.negative_void]
    return Totals(s.invoice_type.value, str(s.period), counts, [fen(amount) for amount in amounts])
