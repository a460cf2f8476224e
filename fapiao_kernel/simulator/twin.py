"""A card's twin (替身): a simulated card and a tax side made from one reading of a real card, for a rehearsal."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.rehearsal import Readout
from fapiao_kernel.simulator.authority.store import new_state
from fapiao_kernel.simulator.card import sealed
from fapiao_kernel.simulator.card.details import details_file, write_details
from fapiao_kernel.simulator.card.image import load, new_image, save
from fapiao_kernel.simulator.card.memory import Memory, TypeRecord, months
from fapiao_kernel.simulator.clock import CHINA, offset_to

ADDRESS = "gb18240+sim://twin"
CARD_NUMBER = "9999000000000002"
"""Card number of every twin; 9999 in front marks a simulated card."""
PIN_DIGITS = 8
MOST_TRIES = 15
"""A card tells its PIN tries in four bits (SW 63Cx)."""


def write(card: Path, authority: Path, readout: Readout) -> dict[str, Any]:
    """Write both state files; gives what ``world.json`` says of the world.

    The twin has what was read: device, taxpayer, monitoring, statistics, volumes, invoices, tries left, its own clock. What cannot be
    read it has of its own: a PIN, and a seal under a key that only its tax side knows. Raises ``Refused`` (``twin_not_possible``).
    """
    state, key = readout.state, secrets.token_bytes(32)
    pin = "".join(secrets.choice("0123456789") for _ in range(PIN_DIGITS))
    identity = replace(state.identity, card_number=CARD_NUMBER, simulated=True)
    offset = offset_to(_zoned(readout.read_at))
    try:
        new_image(
            card,
            identity=identity,
            pin=pin,
            clock_offset=offset_to(_zoned(state.clock)),
            monitoring=[replace(m, reported=False) for m in state.monitoring],
            statistics=readout.statistics,
            volumes=readout.volumes,
            shared_key=key,
        )
        _as_read(card, readout)
        if readout.details is not None:
            write_details(details_file(card), readout.details)
    except (ValueError, OverflowError) as error:
        raise Refused("twin_not_possible", what=str(error)) from error
    new_state(
        authority,
        device_number=identity.device_number,
        taxpayer_id=identity.taxpayer_id,
        taxpayer_name=identity.taxpayer_name,
        types=[m.invoice_type.value for m in state.monitoring],
        clock_offset=offset,
        shared_key=key,
    )
    return {
        "version": 1,
        "card": ADDRESS,
        "taxpayer_id": identity.taxpayer_id,
        "taxpayer_name": identity.taxpayer_name,
        "device_number": identity.device_number,
        "files": [],
        "clock_offset": offset,
        "start": readout.read_at.isoformat(),
        "pin": pin,
        "fault": "",
    }


def _as_read(card: Path, readout: Readout) -> None:
    """What a fresh image cannot have: spans reported already, and PIN tries used up."""
    memory = load(card)
    told = readout.state.pin_tries
    memory.pin_left = memory.pin_left if told is None else min(told, MOST_TRIES)
    reported = {m.invoice_type.value for m in readout.state.monitoring if m.reported}
    for number, record in enumerate(memory.records, start=1):
        if record.type in reported:
            _seal(memory, record, number)
    save(card, memory)


def _seal(memory: Memory, record: TypeRecord, number: int) -> None:
    """A summary of the twin's own, over the statistics that were read: the real one is sealed for the real tax side."""
    span = set(months(record.start, record.end))
    totals = [t for t in memory.totals if t.type == record.type and t.month in span]
    record.reported, record.random = True, secrets.token_bytes(8)
    record.sealed = sealed.seal(
        memory.shared_key,
        number,
        (record.start, record.end),
        record.random,
        [sum(t.counts[n] for t in totals) for n in range(4)],
        [sum(t.amounts[n] for t in totals) for n in range(4)],
        memory.identity["device_number"],
    )


def _zoned(moment: datetime) -> datetime:
    """A card that tells no zone means Beijing time."""
    return moment if moment.tzinfo else moment.replace(tzinfo=CHINA)
