"""Reporting (抄税, 上报汇总) and the return (申报): the first act that changes the card, and the wait for the tax side."""

from __future__ import annotations

import hashlib
from time import perf_counter
from typing import Any

from fapiao_kernel.domain.card import CardState
from fapiao_kernel.domain.clearing import Event, Run, State, unit_data
from fapiao_kernel.domain.errors import FapiaoError, Refused
from fapiao_kernel.domain.plain import plain
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.clearing.book import error_data, require
from fapiao_kernel.operations.clearing.desk import (
    Desk,
    periods_of,
    present_pin,
    require_evidence,
    surely_undone,
    types_of,
)
from fapiao_kernel.operations.clearing.gates import REPORT_GATES, keep_shut
from fapiao_kernel.operations.clearing.recall import identity_of
from fapiao_kernel.operations.clearing.words import either, span
from fapiao_kernel.ports import Card, Summary

Group = tuple[ClearUnit, ...]


def report(desk: Desk, run_id: str, pin: str, period: str) -> Run:
    """抄税 of every group that is not reported yet, then 上报汇总. In ``summarised`` and ``reported`` only the upload is done again.

    ``period``: what the person was shown and confirms (``2026-10``, or first and last joined by ``..``): asked for only when
    the card will really be changed.

    Then the gates of the report are looked at afresh, before the PIN and the intent (``gates.REPORT_GATES``).

    Raises ``Refused``, ``NotReachable`` (nothing changed) or ``OutcomeUnknown``: then only ``read_back`` goes on.
    """
    run = desk.book.run(run_id)
    require(run, State.BACKED_UP, State.SUMMARISED, State.REPORTED)
    with desk.book.holding(run.card):
        run = desk.book.run(run_id)
        require(run, State.BACKED_UP, State.SUMMARISED, State.REPORTED)
        if run.state is State.BACKED_UP:
            run = _report(desk, run, pin, period)
        return upload(desk, run)


def _report(desk: Desk, run: Run, pin: str, period: str) -> Run:
    begun = perf_counter()
    card, state = desk.read(run)
    summaries = {group: card.read_summary(types_of(group)) for group in run.groups}
    todo = [group for group in run.groups if summaries[group] is None]
    if todo:
        if period != span(periods_of(run.units)):
            raise Refused("confirmation_differs", what=either("征期", "period"))
        require_evidence(card, state, "report")
        keep_shut(desk, run, "report", REPORT_GATES)
        present_pin(card, state, pin)
        data = {"groups": [[unit_data(unit) for unit in group] for group in todo], "card": state, "period": period}
        desk.book.append(run.id, Event.REPORT_INTENT, data)
        for group in todo:
            desk.say(run, either("抄税：", "Reporting: ") + "、".join(str(unit) for unit in group))
            summaries[group] = _act(desk, run, card, group)
        state = _read_after(desk, run)
    return desk.book.append(
        run.id, Event.REPORT_RESULT, result_data(summaries, not todo, state, perf_counter() - begun)
    )


def _act(desk: Desk, run: Run, card: Card, group: Group) -> Summary:
    try:
        return card.report(types_of(group))
    except FapiaoError as error:
        event = Event.REPORT_REFUSED if surely_undone(error) else Event.REPORT_UNKNOWN
        desk.book.append(run.id, event, {"error": error_data(error)})
        raise
    except Exception as error:
        # A bug of a driver: the card may have done it. Only reading it tells.
        desk.book.append(
            run.id, Event.REPORT_UNKNOWN, {"error": error_data(FapiaoError("bug", what=type(error).__name__))}
        )
        raise


def _read_after(desk: Desk, run: Run) -> CardState:
    try:
        return desk.read(run)[1]
    except FapiaoError as error:
        desk.book.append(run.id, Event.REPORT_UNKNOWN, {"error": error_data(error)})
        raise


def result_data(
    summaries: dict[Group, Summary | None], already: bool, state: CardState, seconds: float
) -> dict[str, Any]:
    """The data of ``report.result``: a sealed summary is kept as its SHA-256 alone."""
    groups = [
        {
            "units": [unit_data(unit) for unit in group],
            "sha256": hashlib.sha256(summary.sealed).hexdigest(),
            "source": summary.source,
        }
        for group, summary in summaries.items()
        if summary is not None
    ]
    return {"groups": groups, "already": already, "card": plain(state), "seconds": seconds}


def upload(desk: Desk, run: Run) -> Run:
    """上报汇总: the same summary twice is one upload, so this may be asked again."""
    begun = perf_counter()
    card, state = desk.read(run)
    authority = desk.authority(run.card)
    receipts: list[str] = []
    for group in run.groups:
        summary = card.read_summary(types_of(group))
        if summary is None:
            raise Refused("summary_missing", units="、".join(str(unit) for unit in group))
        desk.say(run, either("上报汇总", "Uploading the summary"), len(receipts), len(run.groups))
        receipts.append(authority.upload_summary(state.identity, summary))
    return desk.book.append(run.id, Event.UPLOADED, {"receipts": receipts, "seconds": perf_counter() - begun})


def declaration(desk: Desk, run_id: str) -> Run:
    """Ask the tax side whether the return is filed and compared (申报, 比对). Not yet: ``Refused``; asked again days later."""
    run = desk.book.run(run_id)
    if run.state is State.DECLARED:
        return run
    require(run, State.REPORTED)
    begun = perf_counter()
    identity = identity_of(run.facts[Event.REPORT_RESULT]["card"])
    answer = desk.authority(run.card).declaration(identity, periods_of(run.units))
    if not answer.seen:
        raise Refused("declaration_not_seen", sentence=answer.sentence)
    return desk.book.append(run.id, Event.DECLARED, {**plain(answer), "seconds": perf_counter() - begun})
