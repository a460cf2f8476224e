"""Reading the card's files (读文件): identity, limits, declaration data, totals, volumes. Nothing here changes the card."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from fapiao_kernel.devices.drivers.gb18240.exchange import read, refusal
from fapiao_kernel.devices.plug import Link
from fapiao_kernel.domain.card import CardIdentity, Monitoring, MonthStatistics, Volume
from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.errors import ProtocolError, Refused
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import Progress
from fapiao_kernel.protocol.gb18240 import commands, fields, records
from fapiao_kernel.protocol.gb18240.commands import File
from fapiao_kernel.protocol.gb18240.records import DeclarationData
from fapiao_kernel.protocol.gb18240.status import RECORD_NOT_FOUND, tries_left

T = TypeVar("T")

MOST_RECORDS = 0xFFFF
"""A record number has two bytes (note, section 3)."""
PIN_BLOCKED = 0x6983
DETAILS_AT_ONCE = 100
"""Invoices that one command asks for: a month of 2,000 takes twenty commands, and progress shows in between."""


def identity(link: Link) -> CardIdentity:
    """EF02."""
    read(link, commands.select(File.IDENTITY))
    return records.parse_identity(read(link, commands.read_binary(records.IDENTITY)).data)


def clock(link: Link) -> datetime:
    """The card's own clock, Beijing time."""
    return fields.to_moment(read(link, commands.clock()).data, "clock")


def pin_tries(link: Link) -> int:
    """Tries left of the PIN, 0 when it is blocked. Spends none."""
    response = read(link, commands.pin_tries(), PIN_BLOCKED, *range(0x63C0, 0x63D0))
    if response.sw == PIN_BLOCKED:
        return 0
    left = tries_left(response.sw)
    if left is None:
        raise refusal(response, Effect.NOT_SENT)
    return left


def declarations(link: Link) -> list[DeclarationData]:
    """EF04, in the order of the record numbers, from 1."""
    return list(_records(link, File.DECLARATION, records.DECLARATION, records.parse_declaration))


def monitoring(link: Link) -> tuple[Monitoring, ...]:
    """Monitoring data (监控数据) of each type on the card: EF01 and EF04 together."""
    limits = list(_records(link, File.LIMITS, records.LIMITS, records.parse_limits))
    data = declarations(link)
    types = [entry.invoice_type for entry in data]
    if [entry.invoice_type for entry in limits] != types or len(set(types)) != len(types):
        raise ProtocolError("protocol_record", effect=Effect.NOT_SENT, field="EF01/EF04")
    return tuple(
        Monitoring(d.invoice_type, n.lock_date, d.start, d.end, d.last_report, d.reported, n.not_uploaded)
        for n, d in zip(limits, data, strict=True)
    )


def statistics(link: Link) -> tuple[MonthStatistics, ...]:
    """EF03: every type and month that the card has totals of."""
    return tuple(_records(link, File.TOTALS, records.TOTALS, records.parse_totals))


def volumes(link: Link) -> tuple[Volume, ...]:
    """EF05."""
    return tuple(_records(link, File.VOLUMES, records.VOLUME, records.parse_volume))


def details(
    link: Link, units: Sequence[ClearUnit], progress: Progress | None = None
) -> tuple[InvoiceDetail, ...] | None:
    """EF06: the invoices of each unit; None when the card keeps no list, or does not know the command."""
    found: list[InvoiceDetail] = []
    try:
        read(link, commands.select(File.DETAILS))
    except Refused:
        return None
    for unit in units:
        listed = _details_of(link, unit, progress)
        if listed is None:
            return None
        found += listed
    return tuple(found)


def _details_of(link: Link, unit: ClearUnit, progress: Progress | None) -> list[InvoiceDetail] | None:
    found: list[InvoiceDetail] = []
    while True:
        if progress is not None:
            progress(str(unit), len(found), 0)
        command = commands.read_details(
            unit.invoice_type, unit.period, len(found) + 1, DETAILS_AT_ONCE * records.DETAIL
        )
        try:
            response = read(link, command, RECORD_NOT_FOUND)
        except Refused:  # the card's no alone; what ``progress`` raises goes on
            return None
        if not response.ok:
            return found
        for one in records.parse_details(response.data):
            # In order, each once: so a card that repeats itself cannot keep us here.
            after = not found or found[-1].key < one.key
            if (one.invoice_type, one.period) != (unit.invoice_type, unit.period) or not after:
                raise ProtocolError("protocol_record", effect=Effect.NOT_SENT, field="EF06")
            found.append(one)


def _records(link: Link, file: File, length: int, parse: Callable[[bytes], T]) -> Iterator[T]:
    read(link, commands.select(file))
    for number in range(1, MOST_RECORDS + 1):
        response = read(link, commands.read_record(number, length), RECORD_NOT_FOUND)
        if not response.ok:
            return
        yield parse(response.data)
