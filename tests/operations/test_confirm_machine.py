"""Anybody confirming, approving, cancelling and executing in any order, also in the middle of an act: never without what was asked
for, never after a cancel, never by guessing."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fapiao_kernel.domain.clearing import CANCELLABLE, Event, State
from fapiao_kernel.domain.errors import FapiaoError
from fapiao_kernel.operations.clearing.approving import MOST_WRONG
from fapiao_kernel.ports import Need
from tests.operations.fakes import NUMBER, PIN
from tests.operations.test_approval import CODE, SECOND, House
from tests.operations.world import World

PEOPLE = st.sampled_from(["tester", "typist", SECOND, SECOND, "路人"])
NEEDS = st.sampled_from([(), (Need.CODE,), (Need.SECOND_PERSON,), tuple(Need), tuple(Need)])
FAR_ENDS = {"read_state": "card", "read_statistics": "card", "authorise": "authority", "census": "ledger"}
"""Calls in whose middle a cancel may come, and whose they are."""


class Confirming(RuleBasedStateMachine):
    """One clear, from its preview on."""

    @initialize(needs=NEEDS)
    def begin(self, needs: tuple[Need, ...]) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.world = World(Path(self.folder.name))
        self.world.policy = self.house = House(*needs)
        self.world.start()
        self.tokens: list[str] = []
        self.cancel_at = ""
        self.id = self.world.previewed().id
        for method, name in FAR_ENDS.items():
            self.watch(getattr(self.world, name), method)

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()

    def watch(self, far_end: Any, method: str) -> None:
        """Where a cancel may come in the middle of an act."""
        real = getattr(far_end, method)

        def called(*given: Any, **named: Any) -> Any:
            if self.cancel_at == method:
                self.cancel_at = ""
                self.cancel()
            return real(*given, **named)

        setattr(far_end, method, called)

    def try_to(self, call: Any) -> Any:
        try:
            return call()
        except FapiaoError:
            return None

    @property
    def run(self) -> Any:
        return self.world.engine.run(self.id)

    def told(self, event: Event) -> list[Any]:
        """The run's records of a kind that are about its current revision."""
        records = self.world.journal.records(run=self.id)
        return [r for r in records if r.kind == event and r.data["revision"] == self.run.revision]

    @rule(who=PEOPLE, right=st.sampled_from([True, True, True, False]))
    def confirm(self, who: str, right: bool) -> None:
        tail, engine = NUMBER[-4:] if right else "0000", self.world.engine
        given = self.try_to(lambda: engine.confirm(self.id, self.run.revision, tail, self.world.period, who))
        if given is None:
            return
        assert right
        approved = {r.data["need"] for r in self.told(Event.APPROVED)}
        assert set(given.needs) == set(self.house.asked) - approved
        assert bool(given.token) is not bool(given.needs)
        self.tokens.append(given.token)

    @rule(who=PEOPLE, code=st.sampled_from(["", "", CODE, "000000"]))
    def approve(self, who: str, code: str) -> None:
        before = len(self.told(Event.APPROVED))
        given = self.try_to(lambda: self.world.engine.approve(self.id, self.run.revision, who, code))
        if given is None or len(self.told(Event.APPROVED)) == before:
            return
        assert self.told(Event.CONFIRM_ASKED), "approved before anybody confirmed"
        if code:
            assert code == CODE
        else:
            typed = {r.who for r in self.told(Event.CONFIRM_ASKED)}
            assert who in self.house.may - {"tester"} - typed

    @rule(times=st.sampled_from([1, MOST_WRONG, MOST_WRONG + 1]))
    def guess(self, times: int) -> None:
        self.confirm("tester", right=True)
        for _ in range(times):
            self.approve("tester", "000000")

    @rule(
        method=st.sampled_from([*FAR_ENDS, ""]),
        skip=st.sampled_from([None, None, *Need]),
        who=st.sampled_from(["typist", SECOND]),
    )
    def all_the_way(self, method: str, skip: Need | None, who: str) -> None:
        """As it should be, but for one approval left out or a cancel in the middle of the execution."""
        if self.run.state is State.DECLARED:
            self.freeze()
        self.confirm(who, right=True)
        for need in set(self.house.asked) - {skip}:
            self.approve(SECOND, CODE if need is Need.CODE else "")
        self.confirm("tester", right=True)
        self.cancel_at = method
        self.execute(PIN, 0)
        self.cancel_at = ""

    @rule()
    def another_run_after_a_cancel(self) -> None:
        if self.run.state is State.CANCELLED:
            self.world.card.reported.clear()  # the report stands: the new run only reads it
            self.id = self.world.previewed().id

    @rule(pin=st.sampled_from([PIN, PIN, "00000000"]), which=st.integers(0, 9))
    def execute(self, pin: str, which: int) -> None:
        token = self.tokens[-1 - which % len(self.tokens)] if self.tokens else ""
        self.try_to(lambda: self.world.engine.execute(self.id, self.run.revision, token, pin))

    @rule()
    def freeze(self) -> None:
        self.try_to(lambda: self.world.engine.freeze(self.id))

    @rule(needs=NEEDS)
    def change_the_rules(self, needs: tuple[Need, ...]) -> None:
        self.house.asked = needs

    @rule(method=st.sampled_from([*FAR_ENDS, *[""] * 8]))
    def cancel_in_an_act_to_come(self, method: str) -> None:
        self.cancel_at = method

    def cancel(self) -> None:
        before = self.run.state
        asked = self.try_to(lambda: self.world.engine.cancel(self.id, "enough"))
        assert (asked is not None) is (before in CANCELLABLE)

    @rule(sure=st.sampled_from([True, *[False] * 4]))
    def cancel_between_acts(self, sure: bool) -> None:
        if sure:
            self.cancel()

    @rule()
    def restart(self) -> None:
        self.world.start().settle_open()

    @invariant()
    def outside_of_an_act_nothing_is_half_cancelled(self) -> None:
        if hasattr(self, "id"):
            assert self.run.state is not State.CANCELLING

    @invariant()
    def a_preview_takes_so_many_wrong_codes_and_no_more(self) -> None:
        if not hasattr(self, "id"):
            return
        records = self.world.journal.records(run=self.id)
        wrong = Counter(
            r.data["revision"] for r in records if r.kind == Event.APPROVAL_REFUSED and r.data["need"] == Need.CODE
        )
        void = {
            r.data["revision"]
            for r in records
            if r.kind == Event.VOIDED and r.data["reason_code"] == "void_codes_wrong"
        }
        assert void == {revision for revision, count in wrong.items() if count == MOST_WRONG}
        assert all(count <= MOST_WRONG for count in wrong.values())

    @invariant()
    def nothing_is_sent_for_a_cancelled_run_and_at_most_once_else(self) -> None:
        if not hasattr(self, "id"):
            return
        kinds = self.world.journal.kinds(self.id)
        assert not (Event.CANCEL_ASKED in kinds and Event.CLEAR_INTENT in kinds)
        assert bool(self.world.card.sent) == (Event.CLEAR_INTENT in kinds)
        assert kinds.count(Event.CLEAR_INTENT) <= 1
        assert self.world.most_applied() <= 1

    @invariant()
    def no_code_is_written_down(self) -> None:
        if hasattr(self, "world"):
            assert CODE not in repr(self.world.journal.kept)


Confirming.TestCase.settings = settings(
    max_examples=80, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestConfirming = Confirming.TestCase
