"""One command and its answer (一问一答), by whether the command can change the card."""

from __future__ import annotations

from dataclasses import replace

from fapiao_kernel.devices.plug import Link
from fapiao_kernel.domain.errors import NotReachable, OutcomeUnknown, ProtocolError, Refused
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.protocol.apdu import EXTENDED_LE, SHORT_LE, Command, Response
from fapiao_kernel.protocol.gb18240 import commands
from fapiao_kernel.protocol.gb18240.status import WAITING, WRONG_LE, Status, meaning

MOST_PARTS = 2 * EXTENDED_LE // SHORT_LE
"""GET RESPONSEs for one answer: twice what the longest needs in whole parts, so that no card keeps us asking."""

UNSURE = "card_status_unknown"
"""Code of a no that does not say what the card did, or is."""


def read(link: Link, command: Command, *missing: int) -> Response:
    """A command that changes nothing. Raises ``Refused`` for a status other than 9000 and those in ``missing``.

    ``NotReachable`` and ``ProtocolError`` say ``NOT_SENT``: whatever became of a reading, the card is as it was. A card that wants
    another Le (6Cxx) is asked with it once.
    """
    try:
        response = _whole(link, command, _sent(link, command))
        right = (response.sw & 0xFF) or SHORT_LE
        if response.sw >> 8 == WRONG_LE and command.le not in (0, right):
            command = replace(command, le=right)
            response = _whole(link, command, _sent(link, command))
    except NotReachable as error:
        raise NotReachable(error.code, effect=Effect.NOT_SENT, original=error.original, **error.facts) from error
    except ProtocolError as error:
        raise ProtocolError(error.code, effect=Effect.NOT_SENT, original=error.original, **error.facts) from error
    if not response.ok and response.sw not in missing:
        raise refusal(response, command, Effect.NOT_SENT)
    return response


def change(link: Link, command: Command, unknown: str, **facts: object) -> Response:
    """A command that may change the card: handed over exactly once, here, and never again.

    Raises ``NotReachable`` when nothing of it was sent, else ``OutcomeUnknown`` (code ``unknown``) when no sound answer came.
    """
    try:
        first = _sent(link, command)
    except (NotReachable, ProtocolError) as error:
        if error.effect is not Effect.NOT_SENT:
            raise OutcomeUnknown(unknown, original=error.original or error.code, **facts) from error
        if isinstance(error, NotReachable):
            raise
        raise NotReachable("device_link_broken", original=error.code) from error
    try:
        return _whole(link, command, first)
    except (NotReachable, ProtocolError) as error:
        raise OutcomeUnknown(unknown, original=error.original or error.code, **facts) from error


def status_of(response: Response, command: Command) -> Status:
    """What the status word means for a command that changes the card."""
    return meaning(response.sw, command.ins)


def refusal(response: Response, command: Command, effect: Effect = Effect.REJECTED) -> Refused:
    """The card's no to this command, with its status word kept beside our code."""
    found = status_of(response, command)
    code = found.code if found.effect is Effect.REJECTED else UNSURE
    return Refused(code, effect=effect, original=f"SW {response.status}", left=response.sw & 0x0F)


def plain(no: Refused) -> bool:
    """Whether the card's no to a reading says that it has it not, or not as things are; else something is wrong with the card."""
    return no.code != UNSURE


def _sent(link: Link, command: Command) -> Response:
    return Response.parse(link.transmit(command.encode()))


def _whole(link: Link, command: Command, first: Response) -> Response:
    """The answer with what waits of it behind 61xx, where the link left that to us. Fetching it carries nothing out again.

    Raises ``ProtocolError`` (``protocol_apdu``, with every status word in ``original``) when the rest does not come.
    """
    if first.sw >> 8 != WAITING:
        return first
    data, response, told = first.data, first, f"SW {first.status}"
    for _ in range(MOST_PARTS):
        response = _sent(link, commands.get_response(command.cla, response.sw & 0xFF))
        data += response.data
        if response.ok and len(data) <= EXTENDED_LE:
            return Response(data, response.sw)
        told = f"SW {first.status}, SW {response.status}"
        if response.sw >> 8 != WAITING or not response.data:
            break
    raise ProtocolError("protocol_apdu", original=told, length=len(data))
