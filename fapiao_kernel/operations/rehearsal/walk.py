"""The walk (演练步骤): the engine's own steps against the twin, one after the other, each with what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, TypeVar

from fapiao_kernel.domain.clearing import Event, Run
from fapiao_kernel.domain.errors import FapiaoError, Refused, UsageError, finding
from fapiao_kernel.domain.finding import Severity
from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.domain.plain import plain
from fapiao_kernel.domain.selection import Selection
from fapiao_kernel.operations.clearing.confirming import TAIL
from fapiao_kernel.operations.clearing.desk import periods_of
from fapiao_kernel.operations.clearing.engine import Engine
from fapiao_kernel.operations.clearing.words import span
from fapiao_kernel.ports import Authority, Card

Findings = list[dict[str, Any]]
T = TypeVar("T")
REASON = "演练"
"""The reason with which a rehearsal takes on every warning; the report says which a person must take on."""

DONE, STOPPED, BROKEN, NOT_REACHED = "done", "stopped", "broken", "not_reached"
_CONCLUSION = (Event.ACKNOWLEDGED, Event.CLOSED, Event.VERIFIED, Event.RECORDED, Event.FINISHED)


@dataclass(frozen=True)
class Stage:
    """What a walk needs: an engine whose every port is the rehearsal's own, the twin with its tax side and PIN, what was asked.

    ``going_on`` is called before each step, and raises when the rehearsal is to end.
    """

    engine: Engine
    card: Card
    authority: Authority
    pin: str = field(repr=False)
    selection: Selection = field(default_factory=Selection)
    who: str = ""
    going_on: Callable[[], None] = lambda: None
    tell: Callable[[str], None] = lambda step: None


@dataclass(frozen=True)
class StepTaken:
    """One step: ``outcome`` is ``done``, ``stopped`` (a gate shut: a result), ``broken`` (the twin failed) or ``not_reached``."""

    name: str
    outcome: str
    seconds: float = 0.0
    findings: Findings = field(default_factory=list)


class _Shut(Exception):
    """A gate is shut; says by which findings."""

    def __init__(self, findings: Findings) -> None:
        super().__init__()
        self.findings = findings


class Walk:
    """Goes from opening to the end, or to the gate that shuts. ``error``: what broke it off when that was no gate."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._engine = stage.engine
        self._id = ""
        self._token = ""
        self.steps: list[StepTaken] = []
        self.taken_on: Findings = []
        self.error: FapiaoError | None = None

    @property
    def run(self) -> Run | None:
        """The twin's run as it stands; None when none was opened."""
        return self._engine.run(self._id) if self._id else None

    def go(self) -> Walk:
        """Take every step. A ``FapiaoError`` ends the walk and stands in its step; a bug passes through."""
        for name, act in ACTS.items():
            if self.steps and self.steps[-1].outcome != DONE:
                self.steps.append(StepTaken(name, NOT_REACHED))
                continue
            begun = perf_counter()
            outcome, findings = self._take(name, act)
            self.steps.append(StepTaken(name, outcome, round(perf_counter() - begun, 3), findings))
        self._part_conclusion()
        return self

    def _take(self, name: str, act: Callable[[Walk], Findings]) -> tuple[str, Findings]:
        try:
            self._stage.going_on()
            self._stage.tell(name)
            return DONE, act(self)
        except _Shut as shut:
            return STOPPED, shut.findings
        except (Refused, UsageError) as gate:
            return STOPPED, [plain(gate.finding())]
        except FapiaoError as trouble:
            self.error = trouble
            return BROKEN, [plain(trouble.finding())]

    # --- the steps

    def _open(self) -> Findings:
        stage = self._stage
        self._id = self._engine.open_run(stage.card.address, stage.selection, stage.who).id
        return []

    def _check(self) -> Findings:
        run = self._engine.check(self._id)
        blocked = Event.CHECKED not in run.facts
        checks: Sequence[Mapping[str, Any]] = run.facts[Event.BLOCKED if blocked else Event.CHECKED]["checks"]
        told = [dict(check["finding"]) for check in checks if check["finding"]["severity"] != Severity.OK]
        if blocked:
            raise _Shut(told)
        return told

    def _backup(self) -> Findings:
        self._engine.backup(self._id)
        return []

    def _report(self) -> Findings:
        run = self._engine.run(self._id)
        period = span(periods_of(run.units))
        told = self._taking_on(lambda: self._engine.report(self._id, self._stage.pin, period))
        already = told.facts[Event.REPORT_RESULT]["already"]
        return [plain(finding("rehearsal_reported_already" if already else "rehearsal_report_needed"))]

    def _file_return(self) -> Findings:
        """The return that the twin's tax side is given: the card's own statistics over the run's units."""
        run, card = self._engine.run(self._id), self._stage.card
        wanted = {(unit.invoice_type, unit.period) for unit in run.units}
        total = sum((s.total for s in card.read_statistics() if (s.invoice_type, s.period) in wanted), ZERO)
        self._stage.authority.file_return(card.read_state().identity, periods_of(run.units), total)
        return [plain(finding("rehearsal_return_assumed", total=f"{total:,}"))]

    def _declaration(self) -> Findings:
        self._engine.declaration(self._id)
        return []

    def _preview(self) -> Findings:
        run = self._engine.freeze(self._id)
        return [dict(f) for f in run.frozen["findings"] if f["severity"] != Severity.OK]

    def _confirm(self) -> Findings:
        run = self._engine.run(self._id)
        tail, period = run.device_number[-TAIL:], span(periods_of(run.units))
        self._token = self._taking_on(lambda: self._engine.confirm(self._id, run.revision, tail, period).token)
        return []

    def _taking_on(self, act: Callable[[], T]) -> T:
        """The act, once every warning that stands before it was taken on; the same warning is taken on once an act."""
        known: set[str] = set()
        while True:
            try:
                return act()
            except Refused as refusal:
                code = str(refusal.facts.get("warning", ""))
                if refusal.code != "warning_not_accepted" or code in known:
                    raise
            known.add(code)
            run = self._engine.accept(self._id, code, REASON, self._stage.who)
            taken = run.facts[Event.WARNING_ACCEPTED]
            self.taken_on.append({"code": code, "message": taken["sentence"], "reason": REASON})

    def _execute(self) -> Findings:
        """Clear and conclude: the engine does both in one. What the conclusion lacks is told at its own step."""
        run = self._engine.run(self._id)
        try:
            self._engine.execute(self._id, run.revision, self._token, self._stage.pin)
        except FapiaoError:
            if not self._engine.run(self._id).outcomes:
                raise
        return []

    def _conclude(self) -> Findings:
        run = self._engine.conclude(self._id)
        checks = run.facts.get(Event.VERIFIED, {}).get("checks", ())
        return [dict(check["finding"]) for check in checks if check["finding"]["severity"] != Severity.OK]

    def _part_conclusion(self) -> None:
        """Seconds of the conclusion belong to its own step, though the engine spent them inside the clear."""
        run, by_name = self.run, {step.name: place for place, step in enumerate(self.steps)}
        if run is None or self.steps[by_name["execute"]].outcome != DONE:
            return
        spent = round(sum(float(run.facts[e]["seconds"]) for e in _CONCLUSION if e in run.facts), 3)
        for name, seconds in (("execute", -spent), ("conclude", spent)):
            step = self.steps[by_name[name]]
            moved = max(0.0, round(step.seconds + seconds, 3))
            self.steps[by_name[name]] = StepTaken(step.name, step.outcome, moved, step.findings)


ACTS: Mapping[str, Callable[[Walk], Findings]] = {
    "open": Walk._open,
    "check": Walk._check,
    "backup": Walk._backup,
    "report": Walk._report,
    "file_return": Walk._file_return,
    "declaration": Walk._declaration,
    "preview": Walk._preview,
    "confirm": Walk._confirm,
    "execute": Walk._execute,
    "conclude": Walk._conclude,
}
"""Every step of a rehearsal, in order: the guided clear's, and the return filed at the twin's tax side."""
