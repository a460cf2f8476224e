"""A patient clerk (耐心的会计): finishes the month by what the run's state asks for."""

from __future__ import annotations

from fapiao_kernel.domain.card import CardIdentity
from fapiao_kernel.domain.clearing import Run, State
from fapiao_kernel.domain.errors import FapiaoError, Refused
from fapiao_kernel.operations.clearing import Engine
from fapiao_kernel.operations.clearing.desk import periods_of
from fapiao_kernel.operations.clearing.recall import identity_of
from fapiao_kernel.operations.clearing.words import span
from tests.crash.inside.world import ADDRESS, EACH, PIN, TYPES, World

STEPS = 40
"""More acts than any broken month takes; a clerk who needs more goes in circles."""


class Clerk:
    """One month. ``refusals``: the codes of all that went wrong on the way."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.refusals: list[str] = []

    def work(self, *, patient: bool) -> bool:
        """Act until the month is done (True). Not ``patient``: the first trouble ends it, as far as this clerk is concerned."""
        for _ in range(STEPS):
            try:
                if self._act():
                    return True
            except FapiaoError as error:
                self.refusals.append(error.code)
                if not patient:
                    return False
        return False

    def _act(self) -> bool:
        engine = self._world.engine
        runs = engine.runs()
        last = runs[-1] if runs else None
        if last is None or last.over:
            if last is not None and self._all_closed(runs):
                return True
            engine.open_run(ADDRESS, who="tester")
            return False
        self._step(engine, last)
        return False

    @staticmethod
    def _all_closed(runs: tuple[Run, ...]) -> bool:
        closed = {unit for run in runs for unit, outcome in run.outcomes.items() if outcome.closed}
        return len(closed) == len(TYPES)

    def _step(self, engine: Engine, run: Run) -> None:
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
            case State.AUTHORISING | State.AUTHORISED:
                raise AssertionError(f"{run.state} outlived its act")
            case _:
                engine.conclude(run.id)

    def _declare(self, engine: Engine, run: Run) -> None:
        """Look first; a return is filed once, by a person at the tax portal: not a wire exchange of ours."""
        try:
            engine.declaration(run.id)
        except Refused as refusal:
            if refusal.code != "declaration_not_seen":
                raise
            if not self._world.line["returns"]:
                self._file(run)
            else:
                engine.report(run.id)  # it may not have the summary after all; the same one again is one upload

    def _file(self, run: Run) -> None:
        from fapiao_kernel.protocol.authority import MessageId, Request, encode_request, fields

        identity: CardIdentity = identity_of(run.facts[_REPORTED]["card"])
        total = sum(EACH[1:], EACH[0]) * len(TYPES)
        request = Request(
            MessageId.FILE,
            identity.device_number,
            identity.taxpayer_id,
            (fields.return_group(periods_of(run.units), total),),
        )
        self._world.line._bureau.answer(encode_request(request))

    def _clear(self, engine: Engine, run: Run) -> None:
        """Confirm what is shown and clear it; whatever shuts a gate meanwhile is looked at anew."""
        try:
            given = engine.confirm(run.id, run.revision, run.device_number[-4:], span(periods_of(run.units)))
        except FapiaoError as error:
            self.refusals.append(error.code)
            engine.freeze(run.id)
            return
        engine.execute(run.id, run.revision, given.token, PIN)


_REPORTED = "report.result"
