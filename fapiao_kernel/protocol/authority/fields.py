"""What the groups of each message say: types, spans, ciphertext. Evidence: as the message's own (``frame.EVIDENCE``)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from fapiao_kernel.domain import money
from fapiao_kernel.domain.errors import ProtocolError
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.protocol.authority.frame import Group, Reply

SEALED = 320
"""Bytes of one sealed summary (汇总密文; DataDesign.h)."""

_DIGITS = re.compile(r"[A-Za-z0-9-]{1,40}")


def span(periods: Sequence[Period]) -> str:
    """The span (sq): first and last day, ``yyyyMMdd-yyyyMMdd``."""
    return f"{min(periods).first_day:%Y%m%d}-{max(periods).last_day:%Y%m%d}"


def summary_groups(types: Sequence[InvoiceType], periods: Sequence[Period], sealed: bytes) -> tuple[Group, ...]:
    """A group for each type, with its sealed summary as hex (fphz). Raises ``ProtocolError`` unless it is 320 bytes a type."""
    if not types or len(sealed) != SEALED * len(types):
        raise ProtocolError("authority_bad_message", what="fphz")
    pieces = [sealed[at : at + SEALED] for at in range(0, len(sealed), SEALED)]
    return tuple(
        {"fplx_dm": t.value, "sq": span(periods), "fphz": piece.hex().upper()}
        for t, piece in zip(types, pieces, strict=True)
    )


def unit_groups(types: Sequence[InvoiceType], periods: Sequence[Period]) -> tuple[Group, ...]:
    """A group for each type with its span."""
    return tuple({"fplx_dm": t.value, "sq": span(periods)} for t in types)


def period_group(periods: Sequence[Period]) -> Group:
    """The one group of a declaration query: its span."""
    return {"sq": span(periods)}


def return_group(periods: Sequence[Period], total: Decimal) -> Group:
    """A return (申报): span and total with tax (价税合计 jshj) in yuan."""
    return {"sq": span(periods), "jshj": money.text(total)}


def receipt(reply: Reply) -> str:
    """The receipt number (hzh) of an upload, a filing or an acknowledgement; raises ``ProtocolError`` without one."""
    text = _first(reply).get("hzh", "")
    if not _DIGITS.fullmatch(text):
        raise ProtocolError("authority_bad_message", what="hzh")
    return text


def flag(reply: Reply, name: str) -> bool:
    """A flag ``1`` or ``0``; raises ``ProtocolError`` for anything else."""
    match _first(reply).get(name):
        case "1":
            return True
        case "0":
            return False
    raise ProtocolError("authority_bad_message", what=name)


def optional_flag(reply: Reply, name: str) -> bool:
    """A flag that need not be there; then it is false."""
    return bool(reply.groups) and name in reply.groups[0] and flag(reply, name)


def optional_total(reply: Reply, name: str) -> Decimal | None:
    """A total with tax in yuan that need not be there; raises ``ProtocolError`` when it is no amount."""
    if not reply.groups or name not in reply.groups[0]:
        return None
    try:
        return money.money(reply.groups[0][name])
    except ValueError as cause:
        raise ProtocolError("authority_bad_message", what=name) from cause


def moment(reply: Reply) -> datetime:
    """The tax side's time (sj, ISO 8601 with its zone); raises ``ProtocolError`` when there is none."""
    text = _first(reply).get("sj", "")
    try:
        found = datetime.fromisoformat(text)
    except ValueError as cause:
        raise ProtocolError("authority_bad_message", what="sj") from cause
    if found.tzinfo is None:
        raise ProtocolError("authority_bad_message", what="sj")
    return found


def payload(reply: Reply, types: Sequence[InvoiceType]) -> tuple[bytes, str]:
    """The clear payload (fpjkmw) of the asked types, in their order, and its SHA-256. Raises ``ProtocolError``."""
    by_type = {group.get("fplx_dm", ""): group.get("fpjkmw", "") for group in reply.groups}
    if len(by_type) != len(reply.groups) or set(by_type) != {t.value for t in types}:
        raise ProtocolError("authority_bad_message", what="fplx_dm")
    try:
        pieces = [bytes.fromhex(by_type[t.value]) for t in types]
    except ValueError:
        # From nothing: the exception would carry the ciphertext.
        raise ProtocolError("authority_bad_message", what="fpjkmw") from None
    if not all(pieces):
        raise ProtocolError("authority_bad_message", what="fpjkmw")
    whole = b"".join(pieces)
    return whole, hashlib.sha256(whole).hexdigest()


def _first(reply: Reply) -> Group:
    if not reply.groups:
        raise ProtocolError("authority_bad_message", what="group")
    return reply.groups[0]
