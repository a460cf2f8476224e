"""Bugs planted on purpose (故意埋下的错): each must be found, or the matrix proves nothing. They exist in these tests alone."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from fapiao_kernel.devices.drivers.gb18240.card import Gb18240Card
from fapiao_kernel.domain.clearing import Event, Outcome, unit_data
from fapiao_kernel.domain.errors import OutcomeUnknown
from fapiao_kernel.operations.clearing import executing, reporting, settling
from tests.crash.inside.disk import Disk
from tests.crash.inside.matrix import seeded

WITHIN = 200
"""Seeds within which each must be found."""


@contextlib.contextmanager
def retried_after_a_lost_reply() -> Iterator[None]:
    """The driver sends the clear again when no answer came."""
    clear = Gb18240Card.clear

    def again(card: Gb18240Card, *given: Any) -> Any:
        try:
            return clear(card, *given)
        except OutcomeUnknown:
            card._link._broken = False  # type: ignore[attr-defined]  # the bug opens its link again, too
            return clear(card, *given)

    with mock.patch.object(Gb18240Card, "clear", again):
        yield


@contextlib.contextmanager
def journal_never_synced() -> Iterator[None]:
    """Records are written, and nobody waits until they are on the disk."""
    sync = Disk._sync

    def forgetful(disk: Disk, descriptor: int) -> None:
        known = dict(disk._sizes)
        sync(disk, descriptor)
        disk._sizes = known

    with mock.patch.object(Disk, "_sync", forgetful):
        yield


@contextlib.contextmanager
def sent_before_it_is_written() -> Iterator[None]:
    """The clear goes out first, and the journal hears of it afterwards."""
    send = executing._send

    def early(desk: Any, run: Any, card: Any, group: Any, authorisation: Any) -> None:
        answer = card.clear(tuple(unit.invoice_type for unit in group), authorisation.payload)
        desk.book.append(run.id, Event.UNIT_SENT, {"units": [unit_data(unit) for unit in group]})
        told = {
            "outcome": answer.outcome,
            "status": answer.status,
            "sentence": answer.sentence,
            "source": answer.source,
        }
        desk.book.append(run.id, Event.UNIT_ANSWERED, {"units": [unit_data(unit) for unit in group], **told})

    assert send
    with mock.patch.object(executing, "_send", early):
        yield


@contextlib.contextmanager
def unknown_taken_for_refused() -> Iterator[None]:
    """Settling does not ask the card: no answer counts as a no."""
    with mock.patch.object(settling, "moved", lambda before, after: Outcome.REFUSED):
        yield


@contextlib.contextmanager
def reported_without_intent() -> Iterator[None]:
    """抄税 is done without having been written down first."""
    act = reporting._report

    def silent(desk: Any, run: Any, *given: Any) -> Any:
        append = desk.book.append

        def skip(id: str, event: Event, data: Any, who: str = "") -> Any:
            return desk.book.run(id) if event is Event.REPORT_INTENT else append(id, event, data, who)

        with mock.patch.object(desk.book, "append", skip):
            return act(desk, run, *given)

    with mock.patch.object(reporting, "_report", silent):
        yield


@contextlib.contextmanager
def torn_line_built_upon() -> Iterator[None]:
    """A half written last line is not noticed when the journal is opened."""
    from fapiao_kernel.records.journal import opening

    with mock.patch.object(opening, "_torn", lambda *given: False):
        yield


PLANTED: dict[str, Callable[[], contextlib.AbstractContextManager[None]]] = {
    bug.__name__: bug
    for bug in (
        retried_after_a_lost_reply,
        journal_never_synced,
        sent_before_it_is_written,
        unknown_taken_for_refused,
        reported_without_intent,
        torn_line_built_upon,
    )
}


def found_after(name: str) -> int | None:
    """How many seeds it takes to find the bug; None when it is not found within ``WITHIN``."""
    with PLANTED[name]():
        for seed in range(WITHIN):
            try:
                wrong = seeded(seed).wrong
            except Exception:  # noqa: BLE001 - whatever the bug brings down is found
                return seed + 1
            if wrong:
                return seed + 1
    return None
