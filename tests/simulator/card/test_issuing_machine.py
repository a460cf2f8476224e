"""Issue, void, report, clear and power losses in any order: the card's sums are its list, and no number is given out twice."""

from __future__ import annotations

import pickle
import tempfile
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fapiao_kernel.domain.money import fen
from fapiao_kernel.simulator.authority.sealed import open_summary
from fapiao_kernel.simulator.card.card import PowerLoss, SimulatedCard
from fapiao_kernel.simulator.card.entries import ENTRY, LENGTH, entry
from fapiao_kernel.simulator.card.image import load
from fapiao_kernel.simulator.card.memory import Memory, TypeRecord
from tests.simulator.card import issuing_maker as maker
from tests.simulator.card.issuing_maker import IN_OCTOBER, VOLUMES, find, issue, issuing_card, upcoming, void
from tests.simulator.card.maker import KEY, payload_for
from tests.simulator.card.test_card import verify

KINDS = ("004", "007")
BREAKS = st.sampled_from(["", "", "", "before", "after", "mute"])
FEN = st.integers(1, 9_999_999)


class Flash:
    """Where the memory is kept; ``breaks`` takes the power at the next save, before or after it is there for good."""

    def __init__(self, memory: Memory) -> None:
        self.content = pickle.dumps(memory)
        self.breaks = ""

    def load(self) -> Memory:
        memory: Memory = pickle.loads(self.content)
        return memory

    def save(self, memory: Memory) -> None:
        breaks, self.breaks = self.breaks, ""
        if breaks == "before":
            raise PowerLoss
        self.content = pickle.dumps(memory)
        if breaks == "after":
            raise PowerLoss


class Calendar:
    def __init__(self) -> None:
        self.moment = IN_OCTOBER

    def now(self) -> datetime:
        return self.moment


class IssuingMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.path = issuing_card(Path(self._folder.name) / "card.json")
        self.flash = Flash(load(self.path))
        self.clock = Calendar()
        self.sent: Counter[str] = Counter()
        self.given: list[tuple[str, str, str]] = []
        """What the outside knows as issued: answered, or found after a lost answer."""
        self.plug_in()

    def teardown(self) -> None:
        self._folder.cleanup()

    def plug_in(self) -> None:
        self.card = SimulatedCard(self.path, lambda n: len(self.given).to_bytes(n, "big"), self.clock, self.flash)
        assert verify(self.card) == "9000"

    def ask(self, apdu: bytes) -> bytes:
        reply = self.card.carry_out(*self.card.arrived(apdu)).reply
        assert reply is not None
        return reply

    def act(self, name: str, apdu: bytes, breaks: str) -> str:
        """Sent once; the status, or nothing when the answer is lost."""
        self.sent[name] += 1
        self.flash.breaks = "" if breaks == "mute" else breaks
        try:
            outcome = self.card.carry_out(*self.card.arrived(apdu))
            assert outcome.reply is not None
            if breaks == "mute":
                return ""
            if outcome.applied is not None:
                self.flash.breaks = ""
                self.card.answered(outcome.applied)
            return outcome.reply[-2:].hex().upper()
        except PowerLoss:
            self.plug_in()
            return ""
        finally:
            self.flash.breaks = ""

    def next_of(self, kind: str) -> tuple[str, str] | None:
        reply = self.ask(upcoming(f"0{kind}"))
        if reply[-2:] != b"\x90\x00":
            assert reply == b"\x94\x01"
            return None
        return reply[:12].rstrip(b"\0").decode(), reply[12:20].decode()

    def record(self, kind: str) -> TypeRecord:
        return self.flash.load().records[KINDS.index(kind)]

    @rule(kind=st.sampled_from(KINDS), amount=FEN, percent=st.integers(0, 100), red=st.booleans(), breaks=BREAKS)
    def issues(self, kind: str, amount: int, percent: int, red: bool, breaks: str) -> None:
        coming = self.next_of(kind)
        if coming is None:
            return
        record, today = self.record(kind), self.clock.moment.date()
        sign, red_of = (-1, "440320109900000001") if red else (1, "")
        told = self.act(
            "issue",
            issue(*coming, sign * amount, sign * (amount * percent // 100), red_of, KINDS.index(kind) + 1),
            breaks,
        )
        there = self.ask(find(*coming, f"0{kind}"))[-2:] == b"\x90\x00"
        may = record.start <= today <= record.lock_date and record.reported == (today > record.end)
        if told:
            assert (told == "9000") == there == may, told
        assert there == (self.next_of(kind) != coming), "issued, or still the next number"
        if there:
            self.given.append((kind, *coming))

    @rule(kind=st.sampled_from(KINDS), amount=FEN)
    def issues_a_number_that_is_not_next(self, kind: str, amount: int) -> None:
        for given_kind, code, number in self.given[-2:]:
            if given_kind == kind:
                assert self.act("issue", issue(code, number, amount, 0, "", KINDS.index(kind) + 1), "") != "9000"

    @precondition(lambda self: self.given)
    @rule(data=st.data(), breaks=BREAKS)
    def voids(self, data: st.DataObject, breaks: str) -> None:
        kind, code, number = data.draw(st.sampled_from(self.given))
        before = self.ask(find(code, number, f"0{kind}"))
        record = self.record(kind)
        told = self.act("void", void(code, number, KINDS.index(kind) + 1), breaks)
        after = self.ask(find(code, number, f"0{kind}"))
        assert after[26] & 1 or not before[26] & 1, "void is for good"
        day = datetime.strptime(before[22:26].hex(), "%Y%m%d").date()
        closed = day < record.start or (record.reported and day <= record.end)
        late = closed or self.clock.moment.date() > record.lock_date
        assert told in ("", "6901" if before[26] & 1 else "6985" if late else "9000")

    @rule(days=st.integers(1, 9))
    def time_passes(self, days: int) -> None:
        self.clock.moment += timedelta(days=days)

    @rule(kind=st.sampled_from(KINDS))
    def a_new_month_begins_with_its_report(self, kind: str) -> None:
        record = self.record(kind)
        if not record.reported and self.clock.moment.date() <= record.end:
            self.clock.moment = datetime.combine(record.end + timedelta(days=3), self.clock.moment.timetz())
            self.reports(kind, "")
            assert self.record(kind).reported

    @rule(kind=st.sampled_from(KINDS), count=st.integers(2, 7))
    def issues_many(self, kind: str, count: int) -> None:
        for _ in range(count):
            self.issues(kind, 100, 13, False, "")

    @rule(kind=st.sampled_from(KINDS), breaks=BREAKS)
    def reports(self, kind: str, breaks: str) -> None:
        record = self.record(kind)
        span = bytes.fromhex(f"{record.start:%Y%m%d}{record.end:%Y%m%d}")
        self.act("report", bytes([0xC0, 0xF4, 0, KINDS.index(kind) + 1, 0, 0, 8]) + span + bytes(2), breaks)

    @rule(kind=st.sampled_from(KINDS), breaks=BREAKS)
    def clears(self, kind: str, breaks: str) -> None:
        record = self.record(kind)
        if not record.reported:
            return
        opened = open_summary(record.sealed, KEY)
        month = [t for t in self.flash.load().totals if t.type == kind and t.month == f"{record.start:%Y-%m}"]
        assert opened.total == sum(sum(t.amounts) for t in month), "what was sealed has not changed since"
        start = record.end + timedelta(days=1)
        end = (start + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        lock = (end + timedelta(days=1)).replace(day=17)
        payload = payload_for(record.sealed, lock_date=f"{lock:%Y%m%d}", start=f"{start:%Y%m%d}", end=f"{end:%Y%m%d}")
        self.act("clear", bytes([0xC0, 0xF6, 0, KINDS.index(kind) + 1, 0x1D]) + payload, breaks)

    @rule()
    def power_goes_and_comes(self) -> None:
        self.plug_in()

    @invariant()
    def sums_are_the_lists(self) -> None:
        memory = self.flash.load()
        taxes = {one[:22]: int.from_bytes(one[LENGTH:], "big", signed=True) for one in self.entries(memory)}
        for totals in memory.totals:
            counts, amounts = [0] * 4, [0] * 4
            for one in self.listed(totals.type, totals.month):
                void_, red = one[26] & 1, one[26] >> 1
                counts[2 * red + void_] += 1
                if not void_:
                    total = int.from_bytes(one[27:35], "big", signed=True)
                    amounts[2 * red] += total - taxes[one[:22]]
                    amounts[2 * red + 1] += taxes[one[:22]]
            assert (counts, amounts) == (totals.counts, totals.amounts), (totals.type, totals.month)

    def entries(self, memory: Memory) -> list[bytes]:
        base = [entry(invoice, fen(invoice.tax)) for invoice in maker.BASE]
        return base + [memory.issued[at : at + ENTRY] for at in range(0, len(memory.issued), ENTRY)]

    def listed(self, kind: str, month: str) -> list[bytes]:
        self.ask(bytes.fromhex("00A4000C02EF06"))
        data = bytes.fromhex(f"0{kind}" + month.replace("-", "") + "00000001")
        found = self.ask(bytes.fromhex("C0C80000000009") + data + b"\x0e\x10")[:-2]
        return [found[at : at + LENGTH] for at in range(0, len(found), LENGTH)]

    @invariant()
    def numbers_follow_each_other_and_each_is_given_once(self) -> None:
        for kind in KINDS:
            mine = [(code, number) for each, code, number in self.given if each == kind]
            every = [
                (v.code, f"{n:08}")
                for v in VOLUMES
                if v.invoice_type.value == kind and not v.pending
                for n in range(int(maker.UNUSED[v]), int(v.last) + 1)
            ]
            assert mine == every[: len(mine)]
        kept = {one[:22] for one in self.entries(self.flash.load())[len(maker.BASE) :]}
        assert {bytes.fromhex(f"0{k}") + maker.key(c, n) for k, c, n in self.given} == kept

    @invariant()
    def what_was_applied_was_sent(self) -> None:
        for act, places in self.flash.load().counts.items():
            assert sum(entry["applied"] for entry in places.values()) <= self.sent[act]
            assert all(entry["answered"] <= entry["applied"] for entry in places.values())


TestIssuing = IssuingMachine.TestCase
TestIssuing.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
