"""What the card does when it issues (开票、作废、查询): memory in, reply out. No I/O; rules from the note, section 3."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from datetime import date, datetime

from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.money import from_fen
from fapiao_kernel.simulator.card import codec
from fapiao_kernel.simulator.card.codec import Request
from fapiao_kernel.simulator.card.details import Details
from fapiao_kernel.simulator.card.entries import CODE_ROOM, LENGTH, NUMBER_ROOM, RED, VOID, entry
from fapiao_kernel.simulator.card.memory import Memory, Totals, TypeRecord, VolumeRecord
from fapiao_kernel.simulator.card.reply import OK, Reply

KEY = CODE_ROOM + NUMBER_ROOM


def next_number(memory: Memory, request: Request) -> Reply:
    """当前未开票号."""
    if len(request.data) != 2:
        return Reply(0x6700)
    kind = request.data.hex()[1:]
    if request.data[0] > 9 or kind not in [record.type for record in memory.records]:
        return Reply(0x6A83)
    volumes = list(_volumes(memory, kind))
    if not volumes:
        return Reply(0x9401)
    if request.expected < 25:
        return Reply(0x6C19)
    first = volumes[0]
    return Reply(OK, codec.upcoming(first.code, first.next, sum(volume.left for volume in volumes)))


def find(details: Details, request: Request) -> Reply:
    """发票查询."""
    if len(request.data) != 2 + KEY:
        return Reply(0x6700)
    if not details.there:
        return Reply(0x6A82)
    found = details.find(request.data[:2], request.data[2 : 2 + CODE_ROOM], request.data[2 + CODE_ROOM :])
    if found is None:
        return Reply(0x6A83)
    return Reply(OK, found.raw) if request.expected >= LENGTH else Reply(0x6C00 | LENGTH)


def issue(
    memory: Memory, record: TypeRecord, request: Request, now: datetime, details: Details, *, offline: bool = False
) -> Reply:
    """开票. ``offline``: the invoice is not uploaded at once."""
    today = now.date()
    sheet = codec.sheet(request.data)
    if sheet is None:
        return Reply(0x6A80)
    if not _open(record, today):
        return Reply(0x6985)
    volume = next(_volumes(memory, record.type), None)
    if volume is None or abs(sheet.amount) > record.limit:
        return Reply(0x9401)
    if (sheet.code, sheet.number) != (volume.code, volume.next):
        return Reply(0x6A80)
    if sheet.red and not _may_be_taken_back(details, record, sheet):
        return Reply(0x6A88)
    invoice = InvoiceDetail(
        InvoiceType(record.type), sheet.code, sheet.number, today, from_fen(sheet.total), red=sheet.red
    )
    memory.issued += entry(invoice, sheet.tax)
    at = 2 if sheet.red else 0
    totals = _totals(memory, record.type, today)
    totals.counts[at] += 1
    totals.amounts[at] += sheet.amount
    totals.amounts[at + 1] += sheet.tax
    volume.next = str(int(volume.next) + 1).zfill(len(volume.next)) if volume.left > 1 else ""
    record.not_uploaded += offline
    place = _place(record, today)
    memory.count("issue", place, "applied")
    return Reply(OK, codec.issued(_control_code(memory, record, request, today), today), ("issue", place))


def void(memory: Memory, record: TypeRecord, request: Request, now: datetime, details: Details) -> Reply:
    """作废."""
    kind = bytes.fromhex(record.type.rjust(4, "0"))
    found = details.find(kind, request.data[:CODE_ROOM], request.data[CODE_ROOM:])
    if found is None or found.tax is None:
        return Reply(0x6A88)
    if found.flags & VOID:
        return Reply(0x6901)
    reported = found.day < record.start or (record.reported and found.day <= record.end)
    if reported or now.date() > record.lock_date:
        return Reply(0x6985)
    memory.issued += found.voided()
    at = 2 if found.flags & RED else 0
    totals = _totals(memory, record.type, found.day)
    totals.counts[at] -= 1
    totals.counts[at + 1] += 1
    totals.amounts[at] -= found.total - found.tax
    totals.amounts[at + 1] -= found.tax
    place = _place(record, found.day)
    memory.count("void", place, "applied")
    return Reply(OK, applied=("void", place))


def _open(record: TypeRecord, today: date) -> bool:
    """Not locked (21), and in the open span or, once that is reported, after it (701)."""
    if today > record.lock_date or today < record.start:
        return False
    return record.reported == (today > record.end)


def _volumes(memory: Memory, kind: str) -> Iterator[VolumeRecord]:
    """Those of a type that have a number left, in order of EF05."""
    return (volume for volume in memory.volumes if volume.type == kind and volume.left)


def _may_be_taken_back(details: Details, record: TypeRecord, sheet: codec.Sheet) -> bool:
    """Whether the blue invoice, where this card has it, stands and is large enough."""
    kind = bytes.fromhex(record.type.rjust(4, "0"))
    code, number = sheet.red_of[:-NUMBER_ROOM], sheet.red_of[-NUMBER_ROOM:]
    blue = details.find(kind, code.encode().ljust(CODE_ROOM, b"\0"), number.encode().ljust(NUMBER_ROOM, b"\0"))
    return blue is None or (not blue.flags & (VOID | RED) and blue.total >= -sheet.total)


def _totals(memory: Memory, kind: str, day: date) -> Totals:
    """EF03's record of a type and month; it begins at zero."""
    month = f"{day:%Y-%m}"
    for totals in memory.totals:
        if (totals.type, totals.month) == (kind, month):
            return totals
    memory.totals.append(Totals(kind, month))
    return memory.totals[-1]


def _place(record: TypeRecord, day: date) -> str:
    return f"{record.type} {day:%Y-%m}"


def _control_code(memory: Memory, record: TypeRecord, request: Request, today: date) -> bytes:
    """税控码, 8 bytes."""
    what = bytes.fromhex(memory.identity["device_number"] + record.type.rjust(4, "0") + f"{today:%Y%m%d}")
    return hmac.digest(memory.shared_key, b"control" + what + request.data, "sha256")[:8]
