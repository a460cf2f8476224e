"""What the card does with a command (卡的行为): memory and session in, reply out. No I/O; rules from the note, section 3."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fapiao_kernel.simulator.card import codec, issuing, registering, sealed
from fapiao_kernel.simulator.card.codec import Request
from fapiao_kernel.simulator.card.details import Details
from fapiao_kernel.simulator.card.entries import LENGTH
from fapiao_kernel.simulator.card.image import PIN_TRIES, open_months, pin_digest
from fapiao_kernel.simulator.card.memory import Memory, TypeRecord, months
from fapiao_kernel.simulator.card.reply import MAC_FAULTS, OK, Reply

__all__ = ["CHANGING", "Reply", "Session", "carry_out", "invoice_type"]

COLLECTING = ("daily_collect", "data_collect")
CHANGING = frozenset({"verify_pin", "report", "clear", "issue", "void", "register_terminal", *COLLECTING})
ON_A_RECORD = ("report", "clear", "issue", "void")
"""What names a record in P2, and needs the PIN."""


@dataclass
class Session:
    """What a RESYNCH forgets."""

    file: int = 0
    verified: bool = False
    random: bytes = b""
    """Of the registering under way."""


def invoice_type(memory: Memory, request: Request) -> str:
    """The type whose record an act names; ``""`` for any other command."""
    named = request.name in ON_A_RECORD and 1 <= request.p2 <= len(memory.records)
    return memory.records[request.p2 - 1].type if named else ""


def carry_out(
    memory: Memory,
    session: Session,
    request: Request,
    now: datetime,
    draw: Callable[[int], bytes],
    details: Details,
    *,
    offline: bool = False,
) -> Reply:
    """Do it. ``draw(n)``: n random bytes; ``details``: EF06; ``offline``: what is issued is not uploaded at once.

    Changes ``memory`` only for commands in ``CHANGING``.
    """
    match request.name:
        case "select":
            return _select(memory, session, request, details.there)
        case "read_binary":
            return _read_binary(memory, session, request)
        case "read_record":
            return _read_record(memory, session, request)
        case "read_details":
            return _read_details(details, session, request)
        case "clock":
            return Reply(OK, codec.moment(now)) if (request.p1, request.p2) == (0, 1) else Reply(0x6A88)
        case "pin_tries":
            return Reply(_tries(memory))
        case "verify_pin":
            return _verify_pin(memory, session, request, draw)
        case "next_number":
            return issuing.next_number(memory, request)
        case "find":
            return issuing.find(details, request)
        case "register_number":
            session.random = draw(4)
            return registering.register_number(memory, request, session.random)
        case "register_terminal":
            random, session.random, session.verified = session.random, b"", False
            return registering.register_terminal(memory, request, random, draw)
    if not session.verified:
        return Reply(0x6982)
    if request.name in COLLECTING:
        return registering.collect(memory, request, now)
    if request.p1 or not 1 <= request.p2 <= len(memory.records):
        return Reply(0x6A83)
    record = memory.records[request.p2 - 1]
    if not memory.registered:
        return Reply(0x6901 if request.name in ("report", "issue") else 0x6985)
    if request.name == "report":
        return _report(memory, record, request, now, draw)
    if request.name == "clear":
        return _clear(memory, record, request)
    if len(request.data) != (codec.SHEET if request.name == "issue" else issuing.KEY):
        return Reply(0x6700)
    if memory.mac_faults >= MAC_FAULTS:
        return Reply(0x9303)
    if request.name == "issue":
        return issuing.issue(memory, record, request, now, details, offline=offline)
    return issuing.void(memory, record, request, now, details)


def _select(memory: Memory, session: Session, request: Request, details: bool) -> Reply:
    if len(request.data) != 2:
        return Reply(0x6700)
    file = request.data.hex().upper()
    there = "EF01" <= file <= "EF05" or (file == "EF06" and details) or file in memory.raw_files
    if not there:
        return Reply(0x6A82)
    session.file = request.data[1]
    return Reply(OK)


def _raw_file(memory: Memory, session: Session) -> str | list[str] | None:
    return memory.raw_files.get(f"EF{session.file:02X}") if session.file > 6 else None


def _read_binary(memory: Memory, session: Session, request: Request) -> Reply:
    raw = _raw_file(memory, session)
    if isinstance(raw, str):
        content = bytes.fromhex(raw)
    elif session.file == 2:
        content = codec.identity(memory.identity)
    else:
        return Reply(0x6981)
    offset = request.p1 << 8 | request.p2
    return Reply(OK, content[offset : offset + request.expected]) if offset < len(content) else Reply(0x6A86)


def _read_record(memory: Memory, session: Session, request: Request) -> Reply:
    number = request.p1 << 8 | request.p2
    content: bytes
    try:
        if number == 0:
            return Reply(0x6A83)
        match session.file:
            case 1:
                content = codec.limits(memory.records[number - 1])
            case 3:
                content = codec.totals(memory.totals[number - 1])
            case 4:
                content = codec.declaration(memory.records[number - 1])
            case 5:
                content = codec.volume(memory.volumes[number - 1])
            case _:
                raw = _raw_file(memory, session)
                if not isinstance(raw, list):
                    return Reply(0x6981)
                content = bytes.fromhex(raw[number - 1])
    except IndexError:
        return Reply(0x6A83)
    if request.expected < len(content):
        return Reply(0x6C00 | len(content) if len(content) < 256 else 0x6700)
    return Reply(OK, content)


def _read_details(details: Details, session: Session, request: Request) -> Reply:
    """发票明细."""
    if session.file != 6:
        return Reply(0x6981)
    if len(request.data) != 9:
        return Reply(0x6700)
    first = int.from_bytes(request.data[5:], "big")
    if not request.data[:5].hex().isdecimal() or not first:
        return Reply(0x6A80)
    most = request.expected // LENGTH
    if not most:
        return Reply(0x6C00 | LENGTH)
    found = details.read(request.data[:2], request.data[2:5], first, most)
    return Reply(OK, found) if found else Reply(0x6A83)


def _tries(memory: Memory) -> int:
    return 0x63C0 | memory.pin_left if memory.pin_left else 0x6983


def _verify_pin(memory: Memory, session: Session, request: Request, draw: Callable[[int], bytes]) -> Reply:
    if len(request.data) != 8:
        return Reply(0x6700)
    session.verified = False
    if not memory.pin_left:
        return Reply(0x6983)
    if not hmac.compare_digest(pin_digest(memory.pin_salt, request.data), memory.pin_digest):
        memory.pin_left -= 1
        return Reply(_tries(memory))
    memory.pin_left = PIN_TRIES
    session.verified = True
    return Reply(OK, registering.new_pin(memory, draw) if memory.renews_pin else b"")


def _report(memory: Memory, record: TypeRecord, request: Request, now: datetime, draw: Callable[[int], bytes]) -> Reply:
    """抄税."""
    if len(request.data) != 8:
        return Reply(0x6700)
    if request.data.hex() != f"{record.start:%Y%m%d}{record.end:%Y%m%d}":
        return Reply(0x6A80)
    if record.reported or record.not_uploaded or now.date() <= record.end:
        return Reply(0x6985)
    record.reported, record.last_report, record.random = True, now.date(), draw(8)
    span = [t for t in memory.totals if t.type == record.type and t.month in set(months(record.start, record.end))]
    record.sealed = sealed.seal(
        memory.shared_key,
        request.p2,
        (record.start, record.end),
        record.random,
        [sum(t.counts[n] for t in span) for n in range(4)],
        [sum(t.amounts[n] for t in span) for n in range(4)],
        memory.identity["device_number"],
    )
    memory.count("report", record.span, "applied")
    return Reply(OK, codec.summary(record.sealed), ("report", record.span))


def _clear(memory: Memory, record: TypeRecord, request: Request) -> Reply:
    """监控回传, 清卡."""
    key, payload = memory.shared_key, request.data
    if len(payload) != 0x1D:
        return Reply(0x6700)
    if memory.mac_faults >= MAC_FAULTS:
        return Reply(0x9303)
    if payload[:1] != sealed.KEY_ID:
        return Reply(0x9403)
    if record.cleared_random and sealed.is_answer_to(key, payload, record.cleared_random):
        return Reply(0x6901)
    if not record.reported:
        return Reply(0x6985)
    if not sealed.is_answer_to(key, payload, record.random):
        memory.mac_faults += 1
        return Reply(0x9302)
    memory.mac_faults = 0
    controls = sealed.open_payload(key, payload, record.random)
    if controls is None or not _fits(controls, record, request.p2) or _left_out(memory, record, controls):
        return Reply(0x6A80)
    span = record.span
    record.lock_date, record.start, record.end = controls.lock_date, controls.start, controls.end
    record.reported, record.sealed = False, b""
    record.cleared_random, record.random = record.random, b""
    open_months(memory, record)
    memory.count("clear", span, "applied")
    return Reply(OK, applied=("clear", span))


def _fits(controls: sealed.Controls, record: TypeRecord, number: int) -> bool:
    later = controls.lock_date > record.lock_date and record.end < controls.start <= controls.end
    return controls.record == number and later


def _left_out(memory: Memory, record: TypeRecord, controls: sealed.Controls) -> bool:
    """Whether invoices issued since the report would be in no span at all."""
    opened, last = set(months(controls.start, controls.end)), f"{record.end:%Y-%m}"
    own = (t.month for t in memory.totals if t.type == record.type and any(t.counts))
    return any(month > last and month not in opened for month in own)
