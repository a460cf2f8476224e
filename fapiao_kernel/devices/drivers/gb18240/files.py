"""Reading the card's files (读文件): identity, limits, declaration data, totals, volumes. Nothing here changes the card."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TypeVar

from fapiao_kernel.devices.drivers.gb18240.exchange import read, refusal
from fapiao_kernel.devices.plug import Link
from fapiao_kernel.domain.card import CardIdentity, Monitoring, MonthStatistics, Volume
from fapiao_kernel.domain.errors import ProtocolError
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.protocol.gb18240 import commands, fields, records
from fapiao_kernel.protocol.gb18240.commands import File
from fapiao_kernel.protocol.gb18240.records import DeclarationData
from fapiao_kernel.protocol.gb18240.status import RECORD_NOT_FOUND, tries_left

T = TypeVar("T")

MOST_RECORDS = 0xFFFF
"""A record number has two bytes (note, section 3)."""
PIN_BLOCKED = 0x6983


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


def _records(link: Link, file: File, length: int, parse: Callable[[bytes], T]) -> Iterator[T]:
    read(link, commands.select(file))
    for number in range(1, MOST_RECORDS + 1):
        response = read(link, commands.read_record(number, length), RECORD_NOT_FOUND)
        if not response.ok:
            return
        yield parse(response.data)
