"""Checks of the device (设备检查): there, ours, valid, its PIN tries, its volumes, its invoices uploaded."""

from __future__ import annotations

from typing import Any

from fapiao_kernel.domain.errors import finding
from fapiao_kernel.domain.finding import Finding, Severity
from fapiao_kernel.operations.checks.check import Check, named
from fapiao_kernel.operations.checks.look import Seen

PIN_RESERVE = 3
"""At this many tries or fewer no PIN is sent any more (domain note 7 row 32)."""

VALID_SOON_DAYS = 30


def readable(seen: Seen) -> Check:
    """Whether the device answers at all."""
    if seen.card is None:
        return named("device", finding("check_device_away", why=reason(seen, "card")))
    number = seen.card.identity.device_number
    return named("device", finding("check_device_ok", device=number, clock=f"{seen.card.clock:%Y-%m-%d %H:%M}"))


def identity(seen: Seen) -> Check | None:
    """Whether it is the device, and the company, that this run is about."""
    if seen.card is None:
        return None
    told = seen.card.identity
    if (told.device_number, told.taxpayer_id) != (seen.device_number, seen.taxpayer_id):
        found = finding(
            "check_identity_other",
            seen=f"{told.device_number} {told.taxpayer_id}",
            expected=f"{seen.device_number} {seen.taxpayer_id}",
        )
        return named("identity", found)
    facts: dict[str, Any] = {"name": told.taxpayer_name, "taxpayer": told.taxpayer_id, "device": told.device_number}
    return named("identity", finding("check_identity_ok", **facts))


def validity(seen: Seen) -> Check | None:
    """Whether the device is still valid on this day (valid_until)."""
    if seen.card is None:
        return None
    until = seen.card.identity.valid_until
    left = (until - seen.now.date()).days
    code = "check_valid_over" if left < 0 else "check_valid_soon" if left <= VALID_SOON_DAYS else "check_valid_ok"
    return named("valid_until", finding(code, until=until, days=left))


def pin(seen: Seen) -> Check | None:
    """Whether PIN tries are left above the reserve."""
    if seen.card is None:
        return None
    tries = seen.card.pin_tries
    if tries is None:
        return named("pin", finding("check_pin_untold"))
    code = "check_pin_ok" if tries > PIN_RESERVE else "check_pin_low"
    return named("pin", finding(code, tries=tries, reserve=PIN_RESERVE))


def not_uploaded(seen: Seen) -> Check | None:
    """Whether any invoice was issued offline and not uploaded: then 抄报 is refused (250, domain note 7 row 7)."""
    if seen.card is None:
        return None
    waiting = {m.invoice_type.zh: m.not_uploaded for m in seen.card.monitoring if m.not_uploaded}
    if not waiting:
        return named("not_uploaded", finding("check_uploaded_ok"))
    told = "、".join(f"{name} {count}" for name, count in waiting.items())
    return named("not_uploaded", finding("check_uploads_wait", count=sum(waiting.values()), types=told))


def volumes(seen: Seen) -> Check | None:
    """Whether a volume waits to be read in or returned: then 抄税 is refused (209, 222; domain note 7 row 22)."""
    if seen.card is None:
        return None
    if seen.volumes is None:
        return named("volumes", unread(seen, "volumes"))
    pending = [f"{v.invoice_type.zh} {v.code} {v.first}-{v.last}" for v in seen.volumes if v.pending]
    if pending:
        return named("volumes", finding("check_volumes_wait", volumes="、".join(pending)))
    return named("volumes", finding("check_volumes_ok"))


def reason(seen: Seen, name: str) -> str:
    """Why something could not be read."""
    error = seen.errors.get(name)
    return error.sentence if error is not None else ""


def unread(seen: Seen, name: str) -> Finding:
    """The finding for what could not be found out: unknown, never ok."""
    return finding("check_unknown", severity=Severity.UNKNOWN, why=reason(seen, name))
