"""Tasks (任务) of a lesson: each ticked by a question to the journal, each with what would have been right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fapiao_kernel.domain.clearing import Event, Run
from fapiao_kernel.domain.errors import english
from fapiao_kernel.domain.steps import Step
from fapiao_kernel.ports import Record


@dataclass(frozen=True)
class Told:
    """What the journal tells of one run: its records in order, and the refusals noted of it."""

    run: Run
    records: tuple[Record, ...]
    refusals: tuple[Record, ...]

    @classmethod
    def of(cls, run: Run, records: Sequence[Record]) -> Told:
        own = tuple(r for r in records if r.run == run.id)
        noted = tuple(r for r in records if r.kind == "refusal.noted" and r.data.get("run") == run.id)
        return cls(run, own, noted)

    def first(self, event: Event) -> Record | None:
        return next((r for r in self.records if r.kind == event), None)

    def before(self, one: Event, other: Event) -> bool:
        """Whether both happened, the one first."""
        a, b = self.first(one), self.first(other)
        return a is not None and b is not None and a.seq < b.seq

    def refused(self, *codes: str) -> list[Record]:
        """The noted refusals with one of the codes."""
        return [r for r in self.refusals if r.data["error"]["code"] in codes]


@dataclass(frozen=True)
class Task:
    """One task: ``done`` asks the journal, ``seen`` says by which record (its seq), ``right`` what would have been right."""

    id: str
    step: Step
    title: str
    title_en: str
    right: str
    right_en: str
    done: Callable[[Told], bool]
    seen: Callable[[Told], Record | None]

    def row(self, told: Told) -> dict[str, Any]:
        """How the result sheet shows it."""
        record = self.seen(told)
        done = self.done(told)
        return {
            "id": self.id,
            "step": self.step.value,
            "title": self.title_en if english() else self.title,
            "done": done,
            "seq": record.seq if done and record else None,
            "time": record.time if done and record else "",
            "right": self.right_en if english() else self.right,
        }
