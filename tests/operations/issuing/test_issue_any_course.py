"""Any course of acts, faults, deaths and restarts: each id at most one invoice, and in the end card and ledger say the same."""

from __future__ import annotations

import contextlib
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from fapiao_kernel.domain.errors import FapiaoError
from fapiao_kernel.domain.invoice import InvoiceStatus
from tests.operations.fakes import PIN, Crash
from tests.operations.issuing.world import ADDRESS, World, request

FAULTS = ("", "", "", "lost", "lost_before", "not_sent", "refuse", "bug", "crash", "crash_before")
steps = st.lists(
    st.tuples(
        st.sampled_from(("issue", "void", "red", "settle")),
        st.integers(0, 3),
        st.sampled_from(FAULTS),
        st.sampled_from(("", "", "ledger", "dying", "record")),
        st.integers(1, 3),
    ),
    max_size=14,
)


def do(world: World, act: str, which: int) -> None:
    """One act on the which-th id, or on the which-th invoice that the card has."""
    numbers = sorted(world.card.issued)
    match act:
        case "issue":
            world.issue(request(f"R{which}", f"{which + 1}0.00"))
        case "settle":
            world.engine.settle(ADDRESS)
        case _ if numbers:
            code, number = numbers[which % len(numbers)]
            if act == "void":
                world.engine.void(ADDRESS, code, number, number[-4:], PIN)
            else:
                world.issue(world.engine.red(ADDRESS, code, number))


def step(world: World, act: str, which: int, fault: str, beside: str, ahead: int) -> None:
    world.card.fault = fault
    world.books.failing, world.books.dying = beside == "ledger", beside == "dying"
    dies_at = len(world.journal.kept) + ahead if beside == "record" else 0

    def die(n: int, kind: str) -> None:
        if n == dies_at:
            raise Crash

    world.journal.after = die
    try:
        with contextlib.suppress(FapiaoError, RuntimeError):
            do(world, act, which)
    except Crash:
        world.restart()
    world.card.fault = ""
    world.books.failing = world.books.dying = False
    world.journal.after = lambda n, kind: None


@settings(max_examples=150, deadline=None)
@given(steps)
def test_card_and_ledger_agree_whatever_happened(course: list[tuple[str, int, str, str, int]]) -> None:
    world = World()
    world.card.last = 99
    for one in course:
        step(world, *one)
    world.restart()
    world.engine.settle_open()
    assert world.engine.unsettled() == ()
    card = {key: (one.total, one.red, one.void) for key, one in world.card.issued.items()}
    books = {key: (one.total, one.red, one.status is InvoiceStatus.VOID) for key, one in world.books.rows.items()}
    assert card == books
    done = Counter(act.id for act in world.engine.acts() if act.kind == "issue" and act.stage == "done")
    assert sum(done.values()) == len(card)
    assert max(Counter(world.card.applied).values(), default=1) == 1
