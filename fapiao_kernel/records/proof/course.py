"""Whether a run went the legal way (经过是否合规): every record a move of the table, and no act without what must come before it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fapiao_kernel.domain.clearing import Event, IllegalMove, Outcome, Run, apply
from fapiao_kernel.records.language import either

Units = set[tuple[str, str]]
_NAMES_REVISION = (Event.CONFIRMED, Event.EXECUTION_BEGUN, Event.AUTHORISED, Event.CLEAR_INTENT)
RECOVERIES = (Event.RECOVERED, Event.RECOVERED_PARTLY)


@dataclass
class Course:
    """The run as its records tell it (None when they tell nothing), and what was not as it must be."""

    run: Run | None = None
    departures: list[str] = field(default_factory=list)


def walk(records: Sequence[Mapping[str, Any]]) -> Course:
    """Fold the run, oldest record first. Stops at the first record that the table of moves does not have there."""
    course, acts = Course(), _Acts()
    for record in records:
        before, place = course.run, f"{record['kind']} ({record['seq']})"
        try:
            course.run = apply(before, record)
        except IllegalMove as error:
            course.departures.append(place + either("：此前的状态是 ", ": it cannot come after ") + error.state.value)
            return course
        except (ValueError, KeyError, TypeError, AttributeError):
            course.departures.append(place + either("：读不懂", ": makes no sense"))
            return course
        course.departures += [f"{place}: {said}" for said in acts.take(before, record)]
    course.departures += acts.missing()
    if course.run is not None and not {Event.CLEAR_INTENT, *RECOVERIES} & course.run.facts.keys():
        course.departures.append(either("既没有清卡也没有恢复", "neither a clear nor a recovery"))
    return course


class _Acts:
    """What was intended, sent and told of, unit by unit."""

    def __init__(self) -> None:
        self.intents = 0
        self.intended: Units = set()
        self.sent: Units = set()
        self.told: Units = set()

    def take(self, before: Run | None, record: Mapping[str, Any]) -> Iterator[str]:
        kind, data = record["kind"], record["data"]
        if kind in _NAMES_REVISION and before is not None and data["revision"] != before.revision:
            frozen = before.revision or "-"
            yield either(
                f"指的是 {data['revision']}，冻结的是 {frozen}", f"names {data['revision']}, frozen is {frozen}"
            )
        match kind:
            case Event.CLEAR_INTENT:
                self.intents += 1
                self.intended = {_unit(unit) for group in data["groups"] for unit in group}
                if self.intents > 1:
                    yield either("第二次清卡", "a second clear")
            case Event.UNIT_SENT:
                units = _units(data)
                yield from _each(units - self.intended, "没有先写下意图", "was sent without an intent")
                yield from _each(units & self.sent, "发送了两次", "was sent twice")
                self.sent |= units
            case Event.UNIT_ANSWERED | Event.UNIT_SETTLED:
                units = _units(data)
                if kind == Event.UNIT_ANSWERED or data["outcome"] != Outcome.NOT_SENT:
                    yield from _each(units - self.sent, "没有发送就有结果", "has an outcome without having been sent")
                self.told |= units

    def missing(self) -> list[str]:
        """Units that were meant to be cleared and of which nothing is told."""
        return list(_each(self.intended - self.told, "没有结果", "has no outcome"))


def _units(data: Mapping[str, Any]) -> Units:
    return {_unit(unit) for unit in data["units"]}


def _unit(unit: Mapping[str, Any]) -> tuple[str, str]:
    return str(unit["invoice_type"]), str(unit["period"])


def _each(units: Units, zh: str, en: str) -> Iterator[str]:
    yield from (" ".join(unit) + " " + either(zh, en) for unit in sorted(units))
