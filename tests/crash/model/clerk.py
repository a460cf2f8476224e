"""A patient clerk (耐心的会计): goes on by what the run's state asks for, and never by what happened before.

Everything that the engine's façade is called with stands here, and nowhere else.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from fapiao_kernel.devices.authority import HttpAuthority
from fapiao_kernel.domain.clearing import Event, Run, State
from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.operations.clearing import Engine
from fapiao_kernel.operations.clearing.desk import periods_of
from fapiao_kernel.operations.clearing.recall import identity_of
from fapiao_kernel.operations.clearing.words import span
from tests.crash.model.far import URL
from tests.crash.model.world import ADDRESS, INVOICES, UNITS, World
from tests.operations.fakes import PIN

TAX_TAKES = 2 * 24 * 3600.0
"""Seconds that the tax side takes for a return: meanwhile the backup grows too old."""
WHO = "tester"


class Clerk:
    """``memory``: what a person keeps in mind; it outlives every agent."""

    def __init__(self, world: World, memory: dict[str, Any] | None = None) -> None:
        self._world = world
        self.memory: dict[str, Any] = memory or {"waited": False}

    def act(self, engine: Engine) -> bool:
        """One act; True when the month is done. Raises what the engine raises."""
        runs = engine.runs()
        if not runs or runs[-1].over:
            if runs and set(closed(runs)) >= set(UNITS):
                return True
            engine.open_run(ADDRESS, who=WHO)
        else:
            self._go_on(engine, runs[-1])
        return False

    def _go_on(self, engine: Engine, run: Run) -> None:
        match run.state:
            case State.OPENED:
                engine.check(run.id)
            case State.CHECKED:
                engine.backup(run.id)
            case State.BACKED_UP | State.SUMMARISED:
                engine.report(run.id, PIN, span(periods_of(run.units)))
            case State.REPORTED:
                self._declare(engine, run)
            case State.DECLARED:
                engine.freeze(run.id)
            case State.PREVIEWED | State.CONFIRMED:
                self._clear(engine, run)
            case State.REPORTING | State.REPORT_UNKNOWN | State.CLEARING | State.OUTCOME_UNKNOWN:
                engine.read_back(run.id)
            case _:
                engine.conclude(run.id)

    def _declare(self, engine: Engine, run: Run) -> None:
        """Look first: a return is filed once, by a person, and takes days."""
        try:
            engine.declaration(run.id)
        except Refused as refusal:
            if refusal.code != "declaration_not_seen":
                raise
        else:
            return
        total = sum(INVOICES, Decimal(0)) * len(UNITS)
        identity = identity_of(run.facts[Event.REPORT_RESULT]["card"])
        authority = HttpAuthority(URL, transport=self._world.line)
        authority.file_return(identity, periods_of(run.units), total)
        if not self.memory["waited"]:
            self.memory["waited"] = True
            self._world.time.pass_by(TAX_TAKES)

    def _clear(self, engine: Engine, run: Run) -> None:
        """Confirm what is shown and clear it; what shuts a gate meanwhile is looked at anew."""
        try:
            given = engine.confirm(run.id, run.revision, run.device_number[-4:], span(periods_of(run.units)), WHO)
        except Refused:
            engine.freeze(run.id)
            raise
        engine.execute(run.id, run.revision, given.token, PIN)


def closed(runs: tuple[Run, ...]) -> list[Any]:
    """The units that the journal has closed, as often as it has."""
    return [unit for run in runs for unit, outcome in run.outcomes.items() if outcome.closed]
