"""The run book (台账): every run as the journal tells it. Checking a move and appending it happen under one lock."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from fapiao_kernel.domain.clearing import CANCELLABLE, Event, IllegalMove, Run, State, advance, apply, fold
from fapiao_kernel.domain.errors import FapiaoError, Refused
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.domain.plain import plain
from fapiao_kernel.operations.clearing.words import state_word
from fapiao_kernel.ports import Journal, Record


class Book:
    """Runs, folded from the journal and kept. ``lock`` guards every check-and-append."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.lock = threading.RLock()
        self._runs: dict[str, Run] = {}
        self._begun: set[tuple[str, str]] = set()
        self._stale: set[str] = set()
        self._cards: dict[str, threading.RLock] = {}
        self._acts: dict[str, int] = {}
        for record in journal.records():
            if record.run:
                self._take(record)

    def runs(self) -> tuple[Run, ...]:
        """Every run, oldest first."""
        with self.lock:
            self._refresh()
            return tuple(self._runs.values())

    def run(self, run: str) -> Run:
        """One run; raises ``Refused`` (``run_not_found``)."""
        with self.lock:
            self._refresh()
            if run not in self._runs:
                raise Refused("run_not_found", run=run)
            return self._runs[run]

    def open_on(self, card: str, device_number: str) -> Run | None:
        """The run that is open on a card, by its address or its machine number."""
        return next(
            (r for r in self.runs() if not r.over and (r.card == card or r.device_number == device_number)), None
        )

    def open(self, run: str, who: str, data: Mapping[str, Any]) -> Run:
        """Open a run; at most one is open a card (``run_open``)."""
        with self.lock:
            other = self.open_on(str(data["card"]), str(data["device_number"]))
            if other is not None:
                raise Refused("run_open", effect=known_effect(other), run=other.id)
            return self._write(run, Event.OPENED, data, who)

    def append(self, run: str, event: Event, data: Mapping[str, Any], who: str = "") -> Run:
        """One more record of a run, by ``who`` (else by the person who opened it).

        Raises ``Refused`` when the table has no such move: then nothing is written.
        """
        with self.lock:
            known = self.run(run)
            try:
                advance(known.state, event)
            except IllegalMove as error:
                raise illegal(error, known) from error
            return self._write(run, event, data, who or known.opened_by)

    def begin(self, run: str, revision: str) -> Run:
        """``execution.begun``: a revision executes at most once (幂等), checked and written under the one lock."""
        with self.lock:
            if self.begun(run, revision):
                raise Refused("revision_used", effect=known_effect(self.run(run)), revision=revision)
            if self.run(run).revision != revision:
                raise Refused("revision_unknown", revision=revision)
            return self.append(run, Event.EXECUTION_BEGUN, {"revision": revision})

    def begun(self, run: str, revision: str) -> bool:
        """Whether the journal holds an execution of this revision."""
        with self.lock:
            self._refresh()
            return (run, revision) in self._begun

    def records(self, run: str) -> tuple[Record, ...]:
        return tuple(self.journal.records(run=run))

    def note(self, run: str, act: str, error: FapiaoError) -> None:
        """Keep a refusal that moved nothing (``refusal.noted``). Best effort: the refusal itself is what counts."""
        with contextlib.suppress(FapiaoError):
            self.journal.append("refusal.noted", {"run": run, "act": act, "error": error_data(error)})

    @contextlib.contextmanager
    def holding(self, card: str) -> Iterator[None]:
        """One act at a time on a card; another waits here, and then meets the state that the first one left.

        A run that was asked to cancel meanwhile (``cancel.asked``) is cancelled when the act ends.
        """
        with self.lock:
            held = self._cards.setdefault(card, threading.RLock())
        with held:
            with self.lock:
                self._acts[card] = self._acts.get(card, 0) + 1
            try:
                yield
            except BaseException as error:
                # Anything else than an Exception ends the process: then the next start cancels.
                self._act_ended(card, cancelling=isinstance(error, Exception))
                raise
            self._act_ended(card, cancelling=True)

    def cancel(self, run: str, reason: str, who: str = "") -> Run:
        """``cancel.asked`` at once; ``run.cancelled`` with it, unless an act is under way on the card: then when that ends.

        Asked again, it is the same cancel. Raises ``Refused`` (``not_cancellable``).
        """
        with self.lock:
            known = self.run(run)
            if known.state is not State.CANCELLING:
                known = self.append(run, Event.CANCEL_ASKED, {"reason": reason}, who)
            return known if self._acts.get(known.card, 0) else self.cancelled(known)

    def cancelled(self, run: Run) -> Run:
        """``run.cancelled``, for the reason and by the person of its asking."""
        with self.lock:
            asked = [record.who for record in self.records(run.id) if record.kind == Event.CANCEL_ASKED]
            return self.append(run.id, Event.CANCELLED, {"reason": run.facts[Event.CANCEL_ASKED]["reason"]}, asked[-1])

    def _act_ended(self, card: str, *, cancelling: bool) -> None:
        with self.lock:
            self._acts[card] -= 1
            if self._acts[card] or not cancelling:
                return
            # What cannot be written now stays asked for: asking again does it, and the next start does.
            with contextlib.suppress(FapiaoError):
                for run in self.runs():
                    if run.card == card and run.state is State.CANCELLING:
                        self.cancelled(run)

    def _write(self, run: str, event: Event, data: Mapping[str, Any], who: str) -> Run:
        try:
            record = self.journal.append(event.value, plain(data), run=run, who=who)
        except BaseException:
            # It may be on the disk all the same: the journal is asked before this run is used again.
            self._stale.add(run)
            raise
        return self._take(record)

    def _take(self, record: Record) -> Run:
        run = apply(self._runs.get(record.run), as_mapping(record))
        self._runs[record.run] = run
        if record.kind == Event.EXECUTION_BEGUN:
            self._begun.add((record.run, str(record.data["revision"])))
        return run

    def _refresh(self) -> None:
        for run in tuple(self._stale):
            records = self.journal.records(run=run)
            self._stale.discard(run)
            self._runs.pop(run, None)
            if records:
                self._runs[run] = fold(as_mapping(record) for record in records)
            for record in records:
                if record.kind == Event.EXECUTION_BEGUN:
                    self._begun.add((run, str(record.data["revision"])))


def as_mapping(record: Record) -> dict[str, Any]:
    """A record as ``domain.clearing.fold`` takes it."""
    return {"kind": record.kind, "time": record.time, "run": record.run, "who": record.who, "data": record.data}


def illegal(error: IllegalMove, run: Run) -> Refused:
    """A move that the table does not have, as a refusal: the request came too early, too late or twice."""
    if error.state is State.CANCELLING:
        return Refused("cancel_asked")
    if error.event is Event.CANCEL_ASKED and error.state not in CANCELLABLE:
        return Refused("not_cancellable", effect=known_effect(run), state=state_word(error.state))
    if error.event is Event.EXECUTION_BEGUN:
        return Refused("not_confirmed", state=state_word(error.state))
    return Refused("wrong_step", effect=known_effect(run), state=state_word(error.state))


def known_effect(run: Run) -> Effect:
    """What is known of the device by the run: a refusal over an unknown outcome must not say that the device is as it was."""
    if run.state in (State.REPORTING, State.REPORT_UNKNOWN, State.CLEARING, State.OUTCOME_UNKNOWN):
        return Effect.UNKNOWN
    return Effect.DONE if any(outcome.closed for outcome in run.outcomes.values()) else Effect.NOT_SENT


def require(run: Run, *states: State) -> None:
    """Raise ``Refused`` (``wrong_step``; ``cancel_asked`` once a cancel is asked for) unless the run stands in one of the states."""
    if run.state not in states:
        if run.state is State.CANCELLING:
            raise Refused("cancel_asked")
        raise Refused("wrong_step", effect=known_effect(run), state=state_word(run.state))


def error_data(error: FapiaoError) -> dict[str, str]:
    """How a record writes an error."""
    return {
        "code": error.code,
        "sentence": error.sentence,
        "effect": error.effect.value,
        "remedy": error.remedy,
        "who": error.who.value,
        "original": error.original,
    }
