"""``ports.Card`` for GB 18240 (税控卡): what each act means in commands. A changing command is sent exactly once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fapiao_kernel.devices.drivers.gb18240 import files, issuing, registering
from fapiao_kernel.devices.drivers.gb18240.exchange import change, refusal, status_of
from fapiao_kernel.devices.drivers.gb18240.files import RawFile
from fapiao_kernel.devices.drivers.gb18240.profile import PROFILE
from fapiao_kernel.devices.plug import Link
from fapiao_kernel.domain.card import CardProfile, CardState, Evidence, MonthStatistics, Volume
from fapiao_kernel.domain.clearing import Outcome
from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.errors import NotReachable, OutcomeUnknown, ProtocolError, Refused, UsageError, message
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.issuing import InvoiceSheet, Issued, NextNumber
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import Answer, NewPin, Progress, Summary
from fapiao_kernel.protocol.apdu import Command, Response
from fapiao_kernel.protocol.gb18240 import commands, records
from fapiao_kernel.protocol.gb18240.records import DeclarationData, RegisterNumber
from fapiao_kernel.protocol.gb18240.status import ALREADY, tries_left

TRIES_KEPT = 3
"""At so many PIN tries left, none is spent any more (ports; domain note 6, item 10)."""


class Gb18240Card:
    """One card over one link."""

    def __init__(self, link: Link, address: str) -> None:
        self._link = link
        self._address = address

    @property
    def address(self) -> str:
        return self._address

    @property
    def profile(self) -> CardProfile:
        return PROFILE

    def evidence(self) -> Mapping[str, Evidence]:
        """See docs/protocol/practice-card.md, section 3."""
        return commands.EVIDENCE

    def read_state(self) -> CardState:
        """Identity, clock, monitoring data of each type, PIN tries. Raises ``NotReachable``, ``ProtocolError``, ``Refused``.

        A card whose two ways of telling its number (EF02, GET_REGISTER_NB) disagree is not trusted: ``ProtocolError``
        (``card_number_differs``).
        """
        identity = files.identity(self._link)
        told = registering.register_number(self._link)
        if told is not None and told.card_number != identity.card_number:
            raise ProtocolError("card_number_differs", file=identity.card_number, told=told.card_number)
        return CardState(identity, files.clock(self._link), files.monitoring(self._link), files.pin_tries(self._link))

    def read_statistics(self) -> tuple[MonthStatistics, ...]:
        """月统计 of the months in each type's open span that the card has totals of."""
        spans = {d.invoice_type: (d.start, d.end) for d in files.declarations(self._link)}
        open_ones: list[MonthStatistics] = []
        for entry in files.statistics(self._link):
            span = spans.get(entry.invoice_type)
            if span is not None and Period.of(span[0]) <= entry.period <= Period.of(span[1]):
                open_ones.append(entry)
        return tuple(open_ones)

    def read_volumes(self) -> tuple[Volume, ...]:
        return files.volumes(self._link)

    def read_details(
        self, units: Sequence[ClearUnit], progress: Progress | None = None
    ) -> tuple[InvoiceDetail, ...] | None:
        """发票明细 of the units (EF06). See ``ports.Card.read_details``."""
        return files.details(self._link, units, progress)

    def read_file(self, number: int) -> RawFile:
        """EF01–EF08 as they are, by the number's last digit. Needs no layout, changes nothing. Raises ``Refused`` with the card's no
        (``card_no_file``), ``UsageError`` (``card_no_such_file``)."""
        return files.raw(self._link, number)

    def register_number(self) -> RegisterNumber | None:
        """GET_REGISTER_NB, the first half of registering a terminal; None where the card does not tell it. Changes nothing."""
        return registering.register_number(self._link)

    def register_terminal(self, mac2: bytes) -> NewPin:
        """TERMINAL_REGISTER. Changes the card. Raises as ``registering.register_terminal``."""
        return registering.register_terminal(self._link, mac2)

    def collect(self, data: bytes, *, daily: bool = True) -> bytes | None:
        """DAILY_COLLECT_SIGN, else DATA_COLLECT_SIGN. Changes the card. See ``registering.collect``."""
        return registering.collect(self._link, data, daily=daily)

    def verify_pin(self, pin: str, *, spend_low_tries: bool = False) -> NewPin | None:
        """Present the PIN once: see ``ports.Card.verify_pin``. Raises ``Refused`` (``pin_form``, ``pin_wrong``, ``pin_blocked``,
        ``pin_tries_low``, ``pin_tries_unknown``) or ``NotReachable`` (``pin_answer_lost``: a try may be gone)."""
        try:
            command = commands.verify_pin(pin)
        except ValueError:
            raise Refused("pin_form") from None
        left = files.pin_tries(self._link)
        if left == 0:
            raise Refused("pin_blocked", effect=Effect.NOT_SENT)
        if left is None and not spend_low_tries:
            raise Refused("pin_tries_unknown")
        if left is not None and left <= TRIES_KEPT and not spend_low_tries:
            raise Refused("pin_tries_low", left=left)
        try:
            response = change(self._link, command, "card_status_unknown")
        except OutcomeUnknown as error:
            raise NotReachable("pin_answer_lost", original=error.original) from error
        if response.ok:
            return _new_pin(response)
        wrong = tries_left(response.sw)
        if wrong is not None and wrong > 0:
            raise Refused("pin_wrong", original=f"SW {response.status}", left=wrong)
        if wrong == 0:
            raise Refused("pin_blocked", original=f"SW {response.status}")
        if status_of(response, command).effect is Effect.UNKNOWN:
            raise NotReachable("pin_answer_lost", original=f"SW {response.status}")
        raise refusal(response, command)

    def report(self, types: tuple[InvoiceType, ...]) -> Summary:
        """抄税 of one type's open span. See ``ports.Card.report``."""
        kind = _only(types)
        number, data = self._record(kind)
        command = commands.report(number, data.start, data.end)
        response = change(self._link, command, "outcome_unknown_report", type=kind.zh)
        if status_of(response, command).effect is Effect.UNKNOWN:
            raise OutcomeUnknown("outcome_unknown_report", original=f"SW {response.status}", type=kind.zh)
        if not response.ok:
            raise refusal(response, command)
        try:
            sealed = records.parse_summary(response.data)
        except ProtocolError as error:
            raise OutcomeUnknown("outcome_unknown_report", original=error.code, type=kind.zh) from error
        return _summary(data, sealed)

    def read_summary(self, types: tuple[InvoiceType, ...]) -> Summary | None:
        """From EF04; changes nothing."""
        _, data = self._record(_only(types))
        return _summary(data, data.sealed) if data.reported else None

    def clear(self, types: tuple[InvoiceType, ...], payload: bytes) -> Answer:
        """监控回传 of one type. See ``ports.Card.clear``.

        A 6901 is no proof of a clear while the card itself shows the span as reported and waiting: then it is a refusal.
        """
        kind = _only(types)
        if len(payload) != commands.PAYLOAD_LENGTH:
            raise Refused("card_payload", length=len(payload))
        number, data = self._record(kind)
        command = commands.clear(number, payload)
        response = change(self._link, command, "outcome_unknown_clear", type=kind.zh)
        if response.sw == ALREADY and data.reported:
            return Answer(Outcome.REFUSED, response.status, message("card_still_reported").sentence({}))
        sentence = message(status_of(response, command).code).sentence({"left": response.sw & 0x0F})
        return Answer(_outcome(response, command), response.status, sentence)

    def next_number(self, invoice_type: InvoiceType) -> NextNumber | None:
        """当前未开票号. Raises ``Refused`` (``card_no_record``: a type that the card has not)."""
        return issuing.next_number(self._link, invoice_type)

    def issue(self, sheet: InvoiceSheet) -> Issued:
        """开票. See ``ports.IssuingCard.issue``.

        Raises ``Refused`` with the cause: ``card_not_next``, ``card_over_limit``, ``card_report_due`` (701), ``card_past_lock_date``
        (21), ``card_red_of``, ``card_pin_needed``, ``card_no_type``, ``card_sheet``; ``OutcomeUnknown`` (``outcome_unknown_issue``).
        """
        return issuing.issue(self._link, self._record(sheet.invoice_type)[0], sheet)

    def void(self, invoice_type: InvoiceType, code: str, number: str) -> bool:
        """作废. See ``ports.IssuingCard.void``. Raises ``Refused`` with the cause: ``card_void_late``, ``card_no_invoice``,
        ``card_pin_needed``; ``OutcomeUnknown`` (``outcome_unknown_void``)."""
        return issuing.void(self._link, self._record(invoice_type)[0], invoice_type, code, number)

    def find(self, invoice_type: InvoiceType, code: str, number: str) -> InvoiceDetail | None:
        """发票查询 by number, one record read. Raises ``Refused`` (``card_no_file``: this card keeps no list, so it cannot tell)."""
        return issuing.find(self._link, invoice_type, code, number)

    def close(self) -> None:
        self._link.close()

    def _record(self, kind: InvoiceType) -> tuple[int, DeclarationData]:
        """Record number and declaration data of a type, as the card has them now. Raises ``Refused`` (``card_no_type``)."""
        for number, data in enumerate(files.declarations(self._link), start=1):
            if data.invoice_type is kind:
                return number, data
        raise Refused("card_no_type", type=kind.zh)


def _only(types: tuple[InvoiceType, ...]) -> InvoiceType:
    if len(types) != 1:
        raise UsageError("card_group", types="、".join(t.zh for t in types))
    return types[0]


def _summary(data: DeclarationData, sealed: bytes) -> Summary:
    periods = [Period.of(data.start)]
    while periods[-1] < Period.of(data.end):
        periods.append(periods[-1].next())
    return Summary((data.invoice_type,), tuple(periods), sealed)


def _outcome(response: Response, command: Command) -> Outcome:
    if response.sw == ALREADY:
        return Outcome.ALREADY_CLEARED
    match status_of(response, command).effect:
        case Effect.DONE:
            return Outcome.CLEARED
        case Effect.UNKNOWN:
            return Outcome.UNKNOWN
    return Outcome.REFUSED


def _new_pin(response: Response) -> NewPin | None:
    """Raises ``NotReachable`` (``pin_answer_lost``) for an answer that is neither nothing nor a PIN: it may have been one."""
    if not response.data:
        return None
    try:
        return NewPin(records.parse_new_pin(response.data))
    except ProtocolError as error:
        raise NotReachable("pin_answer_lost", original=error.code) from error
