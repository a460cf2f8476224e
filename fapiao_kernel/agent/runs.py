"""Runs as the routes ask for them: acts begun on the card's thread, views made from the journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.errors import view
from fapiao_kernel.agent.run_view import run_view, summary
from fapiao_kernel.agent.selection import selected_view, selection_of
from fapiao_kernel.api.runs import Accept, Approve, Confirm, Confirmed, Execute, RunView
from fapiao_kernel.api.selection import SelectedView, Selecting
from fapiao_kernel.api.shapes import RunSummary
from fapiao_kernel.domain.clearing import Event, Run
from fapiao_kernel.domain.errors import FapiaoError, Refused
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.operations.clearing.book import known_effect

LABELS = {
    "check": "检查",
    "backup": "备份",
    "report": "抄报",
    "declaration": "查询申报",
    "preview": "生成预览",
    "execute": "清卡",
    "read-back": "读取设备",
    "conclude": "核验与收尾",
}
"""What faces show while an act is under way and has not said anything itself."""
CHANGING = ("report", "execute")
"""Acts that change the device: while one is under way nobody can say what it has done."""


class Runs:
    """Every run of the home. All methods raise ``FapiaoError``."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._engine = house.engine

    def select(self, request: Selecting) -> SelectedView:
        """What a selection comes to: the units that would really close. Changes nothing."""
        card, asked = self._house.cards.get(request.card), selection_of(request)
        return selected_view(self._house.worker.call(card.address, lambda: self._engine.select(card.address, asked)))

    def open(self, request: Selecting) -> RunView:
        """Open a run on a card, which is read for it."""
        card, asked = self._house.cards.get(request.card), selection_of(request)
        who = self._house.identity.who
        run = self._house.worker.call(card.address, lambda: self._engine.open_run(card.address, asked, who))
        self._house.changes.bump(run.id)
        return self.view(run.id)

    def all(self) -> list[RunSummary]:
        """Every run, oldest first."""
        return [summary(run) for run in self._engine.runs()]

    def view(self, id: str) -> RunView:
        """The run whole, with what the agent does for it now."""
        run = self.find(id)
        worker = self._house.worker
        job = worker.under_way(id)
        return run_view(
            run,
            self._house.journal.records(run=id),
            busy=job.label if job else "",
            progress=job.view() if job else None,
            error=worker.failure(id),
        )

    def find(self, id: str) -> Run:
        """The run; raises ``Refused`` (``run_not_found``)."""
        return self._engine.run(id)

    def act(self, id: str, name: str, call: Callable[[], object], *, key: str = "") -> RunView:
        """Begin an act; the view is busy with it."""
        run = self.find(id)
        effect = Effect.UNKNOWN if name in CHANGING else known_effect(run)
        self._house.worker.start(run.card, id, name, LABELS[name], call, key=key, effect=effect)
        return self.view(id)

    def confirm(self, id: str, request: Confirm) -> Confirmed:
        """Confirm a frozen preview by what was typed; gives the short-lived token."""
        run = self.find(id)
        self._refuse_while_busy(id)
        revision, tail, period = request.revision, request.device_tail, request.period
        who = self._house.identity.who
        given = self._house.worker.call(run.card, lambda: self._engine.confirm(id, revision, tail, period, who))
        self._house.changes.bump(id)
        return Confirmed(revision=revision, token=given.token, expires_at=given.expires_at, needs=list(given.needs))

    def accept(self, id: str, request: Accept) -> RunView:
        """Take a warning on for the next act; the agent looks again whether it stands."""
        run = self.find(id)
        self._refuse_while_busy(id)
        who = self._house.identity.who
        with self._noted(id, "accept"):
            self._house.worker.call(run.card, lambda: self._engine.accept(id, request.code, request.reason, who))
        self._house.worker.forget_failure(id)
        self._house.changes.bump(id)
        return self.view(id)

    def approve(self, id: str, request: Approve) -> RunView:
        """The code, or the second person's yes, that a confirmation waits for."""
        self.find(id)
        with self._noted(id, "approve"):
            self._engine.approve(id, request.revision, self._house.identity.who, request.code)
        self._house.changes.bump(id)
        return self.view(id)

    def execute(self, id: str, request: Execute) -> RunView:
        """Clear. The same revision asked for again (double click, two tabs, a replay) is the same clear, and shows it."""
        run = self.find(id)
        if run.facts.get(Event.CLEAR_INTENT, {}).get("revision") == request.revision:
            return self.view(id)
        return self.act(
            id,
            "execute",
            lambda: self._engine.execute(id, request.revision, request.token, request.pin),
            key=f"execute {request.revision}",
        )

    def cancel(self, id: str) -> RunView:
        """Give the run up: asked at once, done when the act under way has ended."""
        self.find(id)
        with self._noted(id, "cancel"):
            self._engine.cancel(id, "", self._house.identity.who)
        self._house.changes.bump(id)
        return self.view(id)

    @contextmanager
    def _noted(self, id: str, act: str) -> Iterator[None]:
        """A refusal of an act that is answered at once goes into the journal like any other."""
        try:
            yield
        except FapiaoError as error:
            self._house.note_refusal(id, act, view(error))
            raise

    def _refuse_while_busy(self, id: str) -> None:
        job = self._house.worker.under_way(id)
        if job is not None:
            raise Refused("run_busy", effect=job.effect, label=job.label)
