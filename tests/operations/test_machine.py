"""Any requests in any order, lost replies, refusals and restarts: never twice, never by accident, never off the table."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fapiao_kernel.domain.clearing import Event, State, fold
from fapiao_kernel.domain.errors import FapiaoError
from fapiao_kernel.operations.clearing.book import as_mapping
from tests.operations.fakes import NUMBER, PIN, Crash
from tests.operations.world import APART, TOGETHER, World

LOST = ("lost", "lost_before", "not_sent", "refuse", "bug")
FAULTS = st.sampled_from(LOST)


class Clearing(RuleBasedStateMachine):
    """A person, or several, pressing anything at any time, with a card and a tax side that fail."""

    @initialize(groups=st.sampled_from([APART, TOGETHER]), periods=st.integers(1, 2), steps=st.integers(0, 7))
    def begin(self, groups, periods, steps):  # type: ignore[no-untyped-def]  # hypothesis gives the values
        self.folder = tempfile.TemporaryDirectory()
        self.world = World(Path(self.folder.name), groups=groups, periods=periods)
        self.tokens: list[tuple[str, str, str]] = []
        self.confirmed: set[tuple[str, str]] = set()
        self.world.opened()
        for _ in range(steps):
            self.forward()

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()

    def try_to(self, call) -> object:  # type: ignore[no-untyped-def]  # any request
        try:
            return call()
        except FapiaoError:
            return None
        except Crash:
            self.world.start().settle_open()  # the process is gone; the next one starts
            return None
        except RuntimeError as error:
            assert str(error) == "driver bug"
            return None

    @property
    def run(self) -> str:
        return self.world.engine.runs()[-1].id

    def has_run(self) -> bool:
        return bool(self.world.engine.runs())

    @rule()
    def open_another(self) -> None:
        self.open()

    def open(self) -> None:
        self.try_to(self.world.opened)

    @precondition(has_run)
    @rule(act=st.sampled_from(["check", "backup", "declaration", "freeze", "read_back", "conclude"]))
    def act(self, act: str) -> None:
        self.try_to(lambda: getattr(self.world.engine, act)(self.run))

    @precondition(has_run)
    @rule(steps=st.integers(1, 8))
    def go_on(self, steps: int) -> None:
        """The next steps of the happy way, so that deep states are met too."""
        for _ in range(steps):
            self.forward()

    def forward(self) -> None:
        engine, run = self.world.engine, self.world.engine.run(self.run)
        self.world.authority.filed = True
        match run.state:
            case State.OPENED:
                self.try_to(lambda: engine.check(run.id))
            case State.CHECKED:
                self.try_to(lambda: engine.backup(run.id))
            case State.BACKED_UP | State.SUMMARISED:
                self.try_to(lambda: engine.report(run.id, PIN, self.world.period))
            case State.REPORTED:
                self.try_to(lambda: engine.declaration(run.id))
            case State.DECLARED:
                self.try_to(lambda: engine.freeze(run.id))
            case State.PREVIEWED:
                self.confirm(True)
            case State.FINISHED | State.CANCELLED:
                self.open()
            case _:
                return

    @precondition(has_run)
    @rule(pin=st.sampled_from([PIN, PIN, "", "00000000"]))
    def report(self, pin: str) -> None:
        self.try_to(lambda: self.world.engine.report(self.run, pin, self.world.period))

    @precondition(has_run)
    @rule(right=st.sampled_from([True, True, True, False]))
    def type_and_confirm(self, right: bool) -> None:
        self.confirm(right)

    def confirm(self, right: bool) -> None:
        run = self.world.engine.run(self.run)
        span = self.world.card.span
        period = str(span[0]) if len(span) == 1 else f"{span[0]}..{span[-1]}"
        tail = NUMBER[-4:] if right else "0000"
        given = self.try_to(lambda: self.world.engine.confirm(run.id, run.revision, tail, period))
        if given is not None:
            assert right and run.revision
            self.tokens.append((run.id, run.revision, given[0]))  # type: ignore[index]  # the token and its end
            self.confirmed.add((run.id, run.revision))

    @precondition(lambda self: bool(self.tokens))
    @rule(which=st.integers(0, 20), pin=st.sampled_from([PIN, PIN, PIN, "00000000"]))
    def execute_again(self, which: int, pin: str) -> None:
        run, revision, token = self.tokens[-1 - which % len(self.tokens)]
        self.try_to(lambda: self.world.engine.execute(run, revision, token, pin))

    @precondition(lambda self: self.has_run() and self.world.engine.run(self.run).revision != "")
    @rule(fault=st.sampled_from(["", *LOST]), at=st.sampled_from(["clear 004", "clear 007"]), crash=st.integers(0, 14))
    def confirm_and_execute(self, fault: str, at: str, crash: int) -> None:
        """The dangerous moment, with a fault of the card or the end of the process in the middle of it."""
        self.world.card.unplugged = False
        self.confirm(True)
        if fault:
            self.world.card.faults = {at: fault}
        if crash:
            self.crash_after(crash, durable=crash % 2 == 0)
        if self.tokens:
            run, revision, token = self.tokens[-1]
            self.try_to(lambda: self.world.engine.execute(run, revision, token, PIN))

    @precondition(has_run)
    @rule()
    def execute_without_confirming(self) -> None:
        run = self.world.engine.run(self.run)
        sent = self.world.card.sent.total()
        self.try_to(lambda: self.world.engine.execute(run.id, run.revision, "x", PIN))
        assert self.world.card.sent.total() == sent

    @precondition(has_run)
    @rule(sure=st.sampled_from([False, False, False, True]))
    def cancel(self, sure: bool) -> None:
        if sure:
            self.try_to(lambda: self.world.engine.cancel(self.run, "enough"))

    @rule(fault=FAULTS, act=st.sampled_from(["clear", "clear 004", "clear 007", "report", "report 007"]))
    def card_fault(self, fault: str, act: str) -> None:
        self.world.card.faults = {act: fault}

    @rule(down=st.sampled_from([set(), {"acknowledge"}, {"authorise"}, {"upload"}, {"cleared"}, {"all"}]))
    def authority_fault(self, down: set[str]) -> None:
        self.world.authority.down = set(down)

    @rule(away=st.sampled_from([False, False, True]))
    def plug(self, away: bool) -> None:
        self.world.card.unplugged = away

    @rule(failing=st.sampled_from([False, False, True]))
    def backups_fail(self, failing: bool) -> None:
        self.world.backups.failing = failing

    @rule(minutes=st.sampled_from([1, 6, 60 * 25]))
    def time_goes_by(self, minutes: int) -> None:
        if self.world.clock.now().day < 14:
            self.world.clock.forward(minutes=minutes)

    @rule()
    def restart(self) -> None:
        self.try_to(lambda: self.world.start().settle_open())

    @rule(after=st.integers(1, 6), durable=st.booleans())
    def crash_soon(self, after: int, durable: bool) -> None:
        self.crash_after(after, durable)

    def crash_after(self, after: int, durable: bool) -> None:
        """The process dies at an append to come."""
        journal, at = self.world.journal, len(self.world.journal.kept) + after

        def crash(number: int, kind: str) -> None:
            if number == at:
                journal.before = journal.after = lambda n, k: None
                raise Crash

        journal.before = journal.after = lambda n, k: None
        setattr(journal, "after" if durable else "before", crash)

    @invariant()
    def a_unit_is_applied_at_most_once(self) -> None:
        if hasattr(self, "world"):
            assert self.world.most_applied() <= 1

    @invariant()
    def the_book_is_what_the_journal_tells(self) -> None:
        if not hasattr(self, "world"):
            return
        for run in self.world.engine.runs():
            records = self.world.journal.records(run=run.id)
            assert fold(as_mapping(record) for record in records) == run  # and every move was legal, or it would raise

    @invariant()
    def only_a_confirmed_revision_has_an_intent_and_only_one(self) -> None:
        if not hasattr(self, "world"):
            return
        intents = [(r.run, r.data["revision"]) for r in self.world.journal.kept if r.kind == Event.CLEAR_INTENT]
        begun = [(r.run, r.data["revision"]) for r in self.world.journal.kept if r.kind == Event.EXECUTION_BEGUN]
        assert len(set(intents)) == len(intents)
        assert len(set(begun)) == len(begun)
        recorded = {(r.run, r.data["revision"]) for r in self.world.journal.kept if r.kind == Event.CONFIRMED}
        assert set(intents) <= set(begun) <= recorded

    @invariant()
    def what_is_called_closed_was_applied(self) -> None:
        if not hasattr(self, "world"):
            return
        applied = {t for types, n in self.world.card.applied.items() if n for t in types}
        for run in self.world.engine.runs():
            for unit, outcome in run.outcomes.items():
                assert not outcome.closed or unit.invoice_type in applied
        assert {u.invoice_type for u in self.world.ledger.rows} <= applied

    @invariant()
    def at_most_one_run_is_open(self) -> None:
        if hasattr(self, "world"):
            assert sum(not run.over for run in self.world.engine.runs()) <= 1


Clearing.TestCase.settings = settings(
    max_examples=80, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestClearing = Clearing.TestCase
