"""Registering a terminal at the card, and the card's signature under what was collected (登记、采集签名)."""

from __future__ import annotations

from fapiao_kernel.devices.drivers.gb18240.exchange import change, plain, read, refusal, status_of
from fapiao_kernel.devices.plug import Link
from fapiao_kernel.domain.errors import OutcomeUnknown, ProtocolError, Refused, UsageError
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.ports import NewPin
from fapiao_kernel.protocol.apdu import Command, Response
from fapiao_kernel.protocol.gb18240 import commands, records
from fapiao_kernel.protocol.gb18240.records import RegisterNumber
from fapiao_kernel.protocol.gb18240.status import ALREADY


def register_number(link: Link) -> RegisterNumber | None:
    """F0: random, card number, MAC1; None for a card that does not tell it, for want of the command or of its conditions."""
    command = commands.register_number()
    try:
        return records.parse_register_number(read(link, command).data)
    except Refused as error:
        if not plain(error):
            raise
        return None


def register_terminal(link: Link, mac2: bytes) -> NewPin:
    """F1 with the tax side's MAC2 over the random of F0. Changes the card: sent once.

    Raises ``UsageError`` (``card_mac2``), ``Refused``, ``NotReachable`` (not sent), ``OutcomeUnknown`` (``outcome_unknown_register``:
    the terminal may be registered, and its PIN lost).
    """
    try:
        command = commands.register_terminal(mac2)
    except ValueError:
        raise UsageError("card_mac2", length=len(mac2)) from None
    response = _done(link, command, "outcome_unknown_register")
    if not response.ok:
        raise refusal(response, command)
    try:
        return NewPin(records.parse_new_pin(response.data))
    except ProtocolError as error:
        raise OutcomeUnknown("outcome_unknown_register", original=error.code) from error


def collect(link: Link, data: bytes, *, daily: bool) -> bytes | None:
    """FB over 64 bytes that the terminal collected: the card's signature of 128 bytes; None: collected before, which is success too.

    Changes the card: sent once. Raises ``UsageError`` (``card_collected_data``), ``Refused``, ``NotReachable`` (not sent),
    ``OutcomeUnknown`` (``outcome_unknown_collect``).
    """
    try:
        command = commands.collect(data, daily=daily)
    except ValueError:
        raise UsageError("card_collected_data", length=len(data)) from None
    response = _done(link, command, "outcome_unknown_collect")
    if response.sw == ALREADY:
        return None
    if not response.ok:
        raise refusal(response, command)
    try:
        return records.parse_signed(response.data)
    except ProtocolError as error:
        raise OutcomeUnknown("outcome_unknown_collect", original=error.code) from error


def _done(link: Link, command: Command, unknown: str) -> Response:
    """Raises ``OutcomeUnknown`` for a status that does not tell whether the card did it, too."""
    response = change(link, command, unknown)
    if status_of(response, command).effect is Effect.UNKNOWN:
        raise OutcomeUnknown(unknown, original=f"SW {response.status}")
    return response
