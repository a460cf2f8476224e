"""One command and its answer (一问一答), by whether the command can change the card."""

from __future__ import annotations

from fapiao_kernel.devices.plug import Link
from fapiao_kernel.domain.errors import NotReachable, OutcomeUnknown, ProtocolError, Refused
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.protocol.apdu import Command, Response
from fapiao_kernel.protocol.gb18240.status import Status, meaning


def read(link: Link, command: Command, *missing: int) -> Response:
    """A command that changes nothing. Raises ``Refused`` for a status other than 9000 and those in ``missing``.

    ``NotReachable`` and ``ProtocolError`` say ``NOT_SENT``: whatever became of a reading, the card is as it was.
    """
    try:
        response = Response.parse(link.transmit(command.encode()))
    except NotReachable as error:
        raise NotReachable(error.code, effect=Effect.NOT_SENT, original=error.original, **error.facts) from error
    except ProtocolError as error:
        raise ProtocolError(error.code, effect=Effect.NOT_SENT, original=error.original, **error.facts) from error
    if not response.ok and response.sw not in missing:
        raise refusal(response, Effect.NOT_SENT)
    return response


def change(link: Link, command: Command, unknown: str, **facts: object) -> Response:
    """A command that changes the card: sent once. Its answer, whatever the status.

    Raises ``NotReachable`` when nothing of it was sent, else ``OutcomeUnknown`` (code ``unknown``) when no sound answer came.
    """
    try:
        return Response.parse(link.transmit(command.encode()))
    except (NotReachable, ProtocolError) as error:
        if error.effect is not Effect.NOT_SENT:
            raise OutcomeUnknown(unknown, original=error.original or error.code, **facts) from error
        if isinstance(error, NotReachable):
            raise
        raise NotReachable("device_link_broken", original=error.code) from error


def status_of(response: Response) -> Status:
    """What the status word means for a command that changes the card."""
    return meaning(response.sw)


def refusal(response: Response, effect: Effect = Effect.REJECTED) -> Refused:
    """The card's no, with its status word kept beside our code."""
    found = meaning(response.sw)
    code = found.code if found.effect is Effect.REJECTED else "card_status_unknown"
    return Refused(code, effect=effect, original=f"SW {response.status}", left=response.sw & 0x0F)
