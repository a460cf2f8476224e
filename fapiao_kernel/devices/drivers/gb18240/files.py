"""Reading the card's files (读文件): identity, limits, declaration data, totals, volumes, invoices. Nothing here changes the card."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from fapiao_kernel.devices.drivers.gb18240.exchange import plain, read, refusal
from fapiao_kernel.devices.plug import Link
from fapiao_kernel.domain.card import CardIdentity, Monitoring, MonthStatistics, Volume
from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.errors import ProtocolError, Refused, UsageError
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import Progress
from fapiao_kernel.protocol.apdu import SHORT_LE
from fapiao_kernel.protocol.gb18240 import commands, fields, records
from fapiao_kernel.protocol.gb18240.commands import File
from fapiao_kernel.protocol.gb18240.records import DeclarationData
from fapiao_kernel.protocol.gb18240.status import (
    END_OF_FILE,
    FILE_KIND,
    OK,
    RECORD_NOT_FOUND,
    WRONG_OFFSET,
    WRONG_PARAMETERS,
    tries_left,
)

T = TypeVar("T")

_ENDS = (END_OF_FILE, WRONG_OFFSET, WRONG_PARAMETERS)
"""How cards say that there is nothing from this offset on (7816-4; the last: the practice card)."""

MOST_RECORDS = 0xFFFF
"""A record number has two bytes (note, section 3)."""
PIN_BLOCKED = 0x6983
DETAILS_AT_ONCE = 261
"""Invoices that one command asks for: with their status word they fill 37 blocks of 254 bytes, 0.85 s of a line of 115,200 baud,
so that progress shows each second and the command itself costs one part in four hundred."""
MOST_INVOICES = 10_000_000
"""Of one type and month, ten times what a large one has (ours): a card that lists on and on is not read for ever."""
NOT_TOLD = frozenset({OK, 0x6700, WRONG_PARAMETERS, 0x6D00, 0x6E00})
"""Answers to ``pin_tries`` of a card that does not tell them (7816-4: 9000 when nothing is left to verify)."""


@dataclass(frozen=True)
class RawFile:
    """A file as the card gives it (原始文件), where nobody told us what it holds. ``whole``: one transparent file, no records."""

    name: str
    whole: bool
    records: tuple[bytes, ...] = field(repr=False)


def identity(link: Link) -> CardIdentity:
    """EF02."""
    read(link, commands.select(File.IDENTITY))
    return records.parse_identity(read(link, commands.read_binary(records.IDENTITY)).data)


def clock(link: Link) -> datetime:
    """The card's own clock, Beijing time."""
    return fields.to_moment(read(link, commands.clock()).data, "clock")


def pin_tries(link: Link) -> int | None:
    """Tries left of the PIN, 0 when it is blocked, None when the card does not tell. Spends none."""
    command = commands.pin_tries()
    response = read(link, command, PIN_BLOCKED, *NOT_TOLD, *range(0x63C0, 0x63D0))
    return 0 if response.sw == PIN_BLOCKED else tries_left(response.sw)


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
    except Refused as error:
        if not plain(error):
            raise
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
        except Refused as error:  # the card's no alone; what ``progress`` raises goes on
            if not plain(error):
                raise
            return None
        if not response.ok:
            return found
        for one in records.parse_details(response.data):
            # In order, each once: so a card that repeats itself cannot keep us here.
            after = not found or found[-1].key < one.key
            strange = (one.invoice_type, one.period) != (unit.invoice_type, unit.period)
            if strange or not after or len(found) == MOST_INVOICES:
                raise ProtocolError("protocol_record", effect=Effect.NOT_SENT, field="EF06")
            found.append(one)


def _records(link: Link, file: File, length: int, parse: Callable[[bytes], T]) -> Iterator[T]:
    read(link, commands.select(file))
    for number in range(1, MOST_RECORDS + 1):
        response = read(link, commands.read_record(number, length), RECORD_NOT_FOUND)
        if not response.ok:
            return
        yield parse(response.data)


def raw(link: Link, number: int) -> RawFile:
    """A file by its number, 1–8, byte for byte: as a transparent file, else record by record. See ``Gb18240Card.read_file``."""
    file = next((one for one in File if one & 0xFF == number), None)
    if file is None:
        raise UsageError("card_no_such_file", number=number, most=len(File))
    read(link, commands.select(file))
    whole = _binary(link)
    if whole is not None:
        return RawFile(f"EF{number:02d}", True, (whole,))
    length = records.DECLARATION if file is File.DECLARATION else SHORT_LE  # the one record known to be longer
    return RawFile(f"EF{number:02d}", False, tuple(_records(link, file, length, bytes)))


def _binary(link: Link) -> bytes | None:
    """The selected file if it is a transparent one; None when the card says that it is none (6981)."""
    content = b""
    while len(content) < commands.MOST_BINARY:
        command = commands.read_binary(SHORT_LE, len(content))
        response = read(link, command, FILE_KIND, *_ENDS)
        if response.sw == FILE_KIND and not content:
            return None
        if not response.ok and response.sw not in _ENDS:
            raise refusal(response, command, Effect.NOT_SENT)
        content += response.data
        if not response.ok or not response.data:
            break
    return content
