"""Sending (发送): intent on the disk, the act sent once, its answer written; then the ledger. The one road to the card's acts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fapiao_kernel.domain.errors import FapiaoError, finding
from fapiao_kernel.domain.finding import Effect, Finding
from fapiao_kernel.operations.clearing.book import error_data
from fapiao_kernel.operations.clearing.desk import surely_undone
from fapiao_kernel.operations.issuing.acts import Act, Kind
from fapiao_kernel.operations.issuing.desk import Desk
from fapiao_kernel.operations.issuing.outcomes import Result, result_of


def send(
    desk: Desk, kind: Kind, id: str, intent: Mapping[str, Any], who: str, act: Callable[[], Mapping[str, Any]]
) -> Result:
    """Write the intent, do the act once, write what came of it, and bring it into the ledger.

    ``act`` gives the facts of ``….done``. Raises what it raised, once that is written: ``Refused`` and ``NotReachable`` (card as it
    was) or ``OutcomeUnknown`` (only asking settles it). A driver's bug leaves it unknown too.
    """
    desk.book.append(kind, "intent", id, intent, who)
    try:
        done = act()
    except FapiaoError as error:
        word = "refused" if surely_undone(error) else "unknown"
        desk.book.append(kind, word, id, {"error": error_data(error)}, who)
        raise
    except Exception as error:
        # A bug of a driver: the card may have done it. Only asking it tells.
        bug = FapiaoError("bug", effect=Effect.UNKNOWN, what=type(error).__name__)
        desk.book.append(kind, "unknown", id, {"error": error_data(bug)}, who)
        raise
    return enter(desk, desk.book.append(kind, "done", id, done, who))


def enter(desk: Desk, act: Act) -> Result:
    """Into the ledger. What does not come in now stays owed, and is told: the card has done it all the same."""
    told: tuple[Finding, ...] = ()
    try:
        desk.books.enter(act.invoice, original_data(act), act.who)
        act = desk.book.append(act.kind, "entered", act.id, {}, act.who)
    except FapiaoError as error:
        number = f"{act.invoice.code} {act.invoice.number}"
        told = (finding("issue_not_entered", evidence=f"{error.code}: {error.sentence}", invoice=number),)
    return result_of(act, findings=told)


def original_data(act: Act) -> dict[str, str]:
    """What the original says beside the invoice: which act it is of."""
    return {"act": act.kind.value, "id": act.id, "at": act.at, "control_code": act.control_code}
