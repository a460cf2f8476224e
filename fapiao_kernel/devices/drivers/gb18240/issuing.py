"""Issuing on the card (开票、作废、查询): each act is one command, sent once; a refusal is told by its cause."""

from __future__ import annotations

from collections.abc import Callable

from fapiao_kernel.devices.drivers.gb18240 import files
from fapiao_kernel.devices.drivers.gb18240.exchange import change, read, refusal, status_of
from fapiao_kernel.devices.plug import Link
from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.errors import FapiaoError, OutcomeUnknown, ProtocolError, Refused
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.issuing import InvoiceSheet, Issued, NextNumber
from fapiao_kernel.protocol.apdu import Command, Response
from fapiao_kernel.protocol.gb18240 import commands, records
from fapiao_kernel.protocol.gb18240.status import (
    ALREADY,
    CONDITIONS,
    NO_DATA,
    OVER_LIMIT,
    RECORD_NOT_FOUND,
    WRONG_DATA,
)


def next_number(link: Link, kind: InvoiceType) -> NextNumber | None:
    """See ``ports.IssuingCard.next_number``."""
    response = read(link, commands.next_number(kind), OVER_LIMIT)
    return records.parse_next(response.data, kind) if response.ok else None


def find(link: Link, kind: InvoiceType, code: str, number: str) -> InvoiceDetail | None:
    """See ``ports.IssuingCard.find``: one command, one record."""
    command = _built(lambda: commands.find(kind, code, number))
    response = read(link, command, RECORD_NOT_FOUND)
    if not response.ok:
        return None
    found = records.parse_details(response.data)
    if len(found) != 1 or (found[0].invoice_type, found[0].key) != (kind, (code, number)):
        raise ProtocolError("protocol_record", effect=Effect.NOT_SENT, field="EF06")
    return found[0]


def issue(link: Link, record: int, sheet: InvoiceSheet) -> Issued:
    """See ``ports.IssuingCard.issue``; ``record`` is the type's record number."""
    kind, invoice = sheet.invoice_type, f"{sheet.code} {sheet.number}"
    command = _built(lambda: commands.issue(record, sheet))
    response = change(link, command, "outcome_unknown_issue", type=kind.zh, invoice=invoice)
    if response.ok:
        try:
            control_code, day = records.parse_issued(response.data)
        except ProtocolError as error:
            raise OutcomeUnknown("outcome_unknown_issue", original=error.code, type=kind.zh, invoice=invoice) from error
        return Issued(sheet.code, sheet.number, day, control_code)
    if status_of(response, command).effect is Effect.UNKNOWN:
        raise OutcomeUnknown("outcome_unknown_issue", original=f"SW {response.status}", type=kind.zh, invoice=invoice)
    if response.sw == CONDITIONS:
        raise _closed(link, kind, refusal(response, command))
    if response.sw == WRONG_DATA:
        raise _refused("card_not_next", response, type=kind.zh, invoice=invoice)
    if response.sw == NO_DATA:
        raise _refused("card_red_of", response, blue=sheet.red_of)
    raise refusal(response, command)


def void(link: Link, record: int, kind: InvoiceType, code: str, number: str) -> bool:
    """See ``ports.IssuingCard.void``; ``record`` is the type's record number."""
    invoice = f"{code} {number}"
    command = _built(lambda: commands.void(record, code, number))
    response = change(link, command, "outcome_unknown_void", type=kind.zh, invoice=invoice)
    if response.sw == ALREADY:
        return False
    match status_of(response, command).effect:
        case Effect.DONE:
            return True
        case Effect.UNKNOWN:
            raise OutcomeUnknown(
                "outcome_unknown_void", original=f"SW {response.status}", type=kind.zh, invoice=invoice
            )
    if response.sw == CONDITIONS:
        raise _refused("card_void_late", response, invoice=invoice)
    if response.sw == NO_DATA:
        raise _refused("card_no_invoice", response, invoice=invoice)
    raise refusal(response, command)


def _built(command: Callable[[], Command]) -> Command:
    """Raises ``Refused`` (``card_sheet``) for what no command can carry; nothing was sent."""
    try:
        return command()
    except ValueError as error:
        raise Refused("card_sheet", field=str(error)) from None


def _refused(code: str, response: Response, **facts: object) -> Refused:
    return Refused(code, effect=Effect.REJECTED, original=f"SW {response.status}", **facts)


def _closed(link: Link, kind: InvoiceType, no: Refused) -> Refused:
    """Why no invoice may be issued now, by the card's own dates. What cannot be read any more changes nothing of the refusal ``no``."""
    try:
        own = next((m for m in files.monitoring(link) if m.invoice_type is kind), None)
        today = files.clock(link).date()
    except FapiaoError:
        return no
    if own is None:
        return no
    if today > own.lock_date:
        return _again("card_past_lock_date", no, type=kind.zh, date=own.lock_date)
    if today > own.report_end and not own.reported:
        return _again("card_report_due", no, type=kind.zh, date=own.report_end)
    return no


def _again(code: str, no: Refused, **facts: object) -> Refused:
    return Refused(code, effect=no.effect, original=no.original, **facts)
