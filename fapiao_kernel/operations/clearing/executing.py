"""Executing (执行): authorise, write the intent, send each group's clear once, write each answer."""

from __future__ import annotations

import contextlib
from time import perf_counter
from typing import Any

from fapiao_kernel.domain.card import CardState
from fapiao_kernel.domain.clearing import Event, Outcome, Run, State, unit_data
from fapiao_kernel.domain.errors import FapiaoError, OutcomeUnknown, Refused
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.operations.clearing.book import error_data, require
from fapiao_kernel.operations.clearing.changes import void, what_changed
from fapiao_kernel.operations.clearing.confirming import named
from fapiao_kernel.operations.clearing.desk import (
    Desk,
    periods_of,
    present_pin,
    require_evidence,
    surely_undone,
    types_of,
)
from fapiao_kernel.operations.clearing.settling import Group, end
from fapiao_kernel.operations.clearing.words import either, state_word, unit_list
from fapiao_kernel.ports import Authorisation, Card


def execute(desk: Desk, run_id: str, revision: str, token: str, pin: str) -> Run:
    """Clear what the confirmed revision shows, at most once. Gives the run with its outcome written.

    Raises ``Refused`` (nothing sent: ``revision_used``, ``token_invalid``, ``token_expired``, ``changed_since_preview``, PIN, authority),
    ``NotReachable`` (nothing sent) or ``OutcomeUnknown`` (sent, answer missing: only ``read_back`` goes on).
    """
    with desk.book.lock:
        run = named(desk, run_id, revision)
        if run.state is not State.CONFIRMED:
            raise Refused("not_confirmed", state=state_word(run.state))
        desk.tokens.claim(run_id, revision, token, desk.now())
    try:
        with desk.book.holding(run.card):
            return _execute(desk, run_id, revision, pin)
    finally:
        desk.tokens.release(run_id, revision)


def _execute(desk: Desk, run_id: str, revision: str, pin: str) -> Run:
    run = desk.book.run(run_id)
    require(run, State.CONFIRMED)
    desk.say(run, either("核对预览之后有没有变化", "Looking for changes since the preview"))
    card, state = desk.read(run)
    changed = what_changed(desk, run, card, state)
    if changed is not None:
        reason = void(desk, run, changed).facts[Event.VOIDED]["reason"]
        raise Refused("changed_since_preview", reason=reason)
    require_evidence(card, state, "clear")
    present_pin(card, state, pin)
    run = desk.book.begin(run.id, revision)
    try:
        authorisations = _authorise(desk, run, state, revision)
        census = desk.ledger.census()
        desk.book.append(
            run.id,
            Event.CLEAR_INTENT,
            {
                "revision": revision,
                "groups": [[unit_data(unit) for unit in group] for group in run.groups],
                "card": state,
                "census": census,
            },
        )
    except Exception as error:
        # Nothing was sent. When not even this can be written, the next start does it (settle_open).
        told = error if isinstance(error, FapiaoError) else FapiaoError("bug", what=type(error).__name__)
        with contextlib.suppress(FapiaoError):
            desk.book.append(run.id, Event.EXECUTION_ABANDONED, {"revision": revision, "error": error_data(told)})
        raise
    for number, (group, authorisation) in enumerate(zip(run.groups, authorisations, strict=True)):
        desk.say(run, either("清卡：", "Clearing: ") + unit_list(group), number, len(run.groups))
        _send(desk, run, card, group, authorisation)
    return end(desk, run.id, lambda: desk.read(run)[1])


def _authorise(desk: Desk, run: Run, state: CardState, revision: str) -> list[Authorisation]:
    begun = perf_counter()
    authority = desk.authority(run.card)
    fetched: list[Authorisation] = []
    for group in run.groups:
        desk.say(run, either("向税局取清卡授权", "Fetching the authority's payload"), len(fetched), len(run.groups))
        fetched.append(authority.authorise(state.identity, types_of(group), periods_of(group)))
    digests = [
        {"units": [unit_data(unit) for unit in group], "sha256": one.digest}
        for group, one in zip(run.groups, fetched, strict=True)
    ]
    data = {"revision": revision, "digests": digests, "seconds": perf_counter() - begun}
    desk.book.append(run.id, Event.AUTHORISED, data)
    return fetched


def _send(desk: Desk, run: Run, card: Card, group: Group, authorisation: Authorisation) -> None:
    units = [unit_data(unit) for unit in group]
    desk.book.append(run.id, Event.UNIT_SENT, {"units": units})
    try:
        answer = card.clear(types_of(group), authorisation.payload)
    except FapiaoError as error:
        outcome = _without_answer(error)
        if outcome is None:
            desk.book.append(run.id, Event.CLEAR_UNKNOWN, {"units": units, "error": error_data(error)})
            raise
        told: dict[str, Any] = {"outcome": outcome, "status": "", "sentence": error.sentence, "source": "read"}
        desk.book.append(run.id, Event.UNIT_ANSWERED, {"units": units, **told})
        return
    except Exception as error:
        # A bug of a driver: the card may have done it. Only reading it tells.
        bug = FapiaoError("bug", effect=Effect.UNKNOWN, what=type(error).__name__)
        desk.book.append(run.id, Event.CLEAR_UNKNOWN, {"units": units, "error": error_data(bug)})
        raise
    if answer.outcome is Outcome.UNKNOWN:
        missing = OutcomeUnknown("clear_unknown", units=unit_list(group), original=answer.status)
        desk.book.append(run.id, Event.CLEAR_UNKNOWN, {"units": units, "error": error_data(missing)})
        raise missing
    desk.book.append(
        run.id,
        Event.UNIT_ANSWERED,
        {
            "units": units,
            "outcome": answer.outcome,
            "status": answer.status,
            "sentence": answer.sentence,
            "source": answer.source,
        },
    )


def _without_answer(error: FapiaoError) -> Outcome | None:
    """What an error instead of an answer says of a group: not sent, refused, or None when nobody knows."""
    if not surely_undone(error):
        return None
    return Outcome.REFUSED if error.effect is Effect.REJECTED else Outcome.NOT_SENT
