"""A patient clerk (耐心的会计): finishes the month over the client, by what the run's view asks for, however often things break."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from fapiao_kernel.api.practice import PracticeView
from fapiao_kernel.api.runs import RunView
from fapiao_kernel.client import Client, RequestError
from tests.crash.real.place import Place

STEPS = 60
"""So many acts are more than any broken month takes; a clerk who needs more is going in circles."""
WAIT = 30.0
CLOSED = ("cleared", "already_cleared")
UNDONE = ("refused", "not_sent")
UNREACHABLE = "agent_unreachable"
NOT_SEEN = "declaration_not_seen"
"""Not a trouble: the clerk asks once before the return is filed, in every month."""


@dataclass
class Month:
    """What came of it: the runs in order, the ledger's count at the end, and every refusal met on the way."""

    runs: list[RunView] = field(default_factory=list)
    census: dict[str, object] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)
    stuck: str = ""
    lies: list[str] = field(default_factory=list)
    """What the agent told of a unit while the card's own counters said otherwise."""

    @property
    def closed(self) -> dict[tuple[str, str], int]:
        """Unit → in how many runs it was closed."""
        found: dict[tuple[str, str], int] = {}
        for run in self.runs:
            for unit in run.units:
                if unit.outcome in CLOSED:
                    name = (unit.invoice_type, unit.period)
                    found[name] = found.get(name, 0) + 1
        return found

    @property
    def unknown(self) -> bool:
        return any(run.verdict == "unknown" for run in self.runs)


class Clerk:
    """One month on one place."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._practice: PracticeView | None = None
        self._units: set[tuple[str, str]] = set()
        self._mended = False
        self._struck_at: int | None = None
        self.month = Month()

    def work(self) -> Month:
        """Do the whole month, whatever breaks. ``Month.stuck`` says where it did not go on."""
        for _ in range(STEPS):
            try:
                if self._done(self._place.client()):
                    break
            except ProcessLookupError:
                self._note("agent_ended_at_start")
            except RequestError as error:
                self._note(error.code)
                if error.code == UNREACHABLE and not self._place.agent_died():
                    self.month.stuck = "the agent runs and does not answer"
                    break
            self._mend()
        else:
            states = ", ".join(f"{run.id} {run.state}" for run in self.month.runs)
            self.month.stuck = f"went in circles: {states}; refusals {self.month.refusals[-6:]}"
        return self.month

    def _mend(self) -> None:
        """Once the fault has struck: everything is switched off and on, and mended. What lasts is noticed by the trouble it makes."""
        if self._mended or not self._place.struck:
            return
        trouble = sum(code != NOT_SEEN for code in self.month.refusals)
        if self._struck_at is None:
            self._struck_at = trouble
        if not self._place.lasting or trouble > self._struck_at:
            self._mended = True
            if not self._place.agent_alone:
                self._place.restart_all()

    def _note(self, code: str) -> None:
        self.month.refusals.append(code)

    def _done(self, client: Client) -> bool:
        """One act. True when the month is finished and the agent has stopped."""
        if self._practice is None:
            self._practice = client.practice()
        found = client.runs()
        self.month.runs = [client.run(run.id) for run in found]
        last = self.month.runs[-1] if self.month.runs else None
        if last is not None:
            self._units |= {(unit.invoice_type, unit.period) for unit in last.units}
            self._compare(last)
        if last is None or (last.state in ("finished", "cancelled") and set(self.month.closed) < self._units):
            client.open_run(self._practice.card)
            return False
        if last.state not in ("finished", "cancelled"):
            self._act(client, last, self._practice.pin)
            return False
        self.month.census = client.census()
        self._place.stop()
        return True

    def _compare(self, run: RunView) -> None:
        """Whatever state the run is in: cleared means that the card did it, refused or not sent that it did not; else it is unknown."""
        counts = json.loads(self._place.world.card.read_text(encoding="utf-8"))["counts"]["clear"]
        applied = {(span[:3], span[4:11]) for span, times in counts.items() if times["applied"]}
        for unit in run.units:
            did = (unit.invoice_type, unit.period) in applied
            if (unit.outcome in CLOSED and not did) or (unit.outcome in UNDONE and did):
                self.month.lies.append(f"{unit.invoice_type} {unit.period} told as {unit.outcome}, applied: {did}")
            if not unit.outcome and did:
                self.month.lies.append(f"{unit.invoice_type} {unit.period} applied, and the run knows nothing of it")

    def _act(self, client: Client, view: RunView, pin: str) -> None:
        run = view.id
        match view.state:
            case "opened":
                client.check(run)
            case "checked":
                client.backup(run)
            case "backed_up" | "summarised":
                client.report(run, pin, view.period)
            case "reported":
                self._declaration(client, run)
                return
            case "declared":
                client.preview(run)
            case "previewed" | "confirmed":
                self._clear(client, view, pin)
            case "reporting" | "report_unknown" | "clearing" | "outcome_unknown":
                client.read_back(run)
            case _:
                client.conclude(run)
        if not self._settled(client, run) and client.run(run).state == view.state:
            self._note(f"stays {view.state}")

    def _declaration(self, client: Client, run: str) -> None:
        """Look first: a return is filed once, by a person."""
        client.declaration(run)
        if self._settled(client, run) == NOT_SEEN:
            client.file_return(run)
            client.declaration(run)
            self._settled(client, run)

    def _clear(self, client: Client, view: RunView, pin: str) -> None:
        shown = view.preview
        assert shown is not None
        holding = [c.finding.code for c in shown.gates if c.finding.severity in ("blocker", "unknown")]
        if holding:  # whoever reads that something holds the clear up does not confirm it, but looks again
            self._note(f"shown {holding[0]}")
            client.preview(view.id)
            return
        try:
            given = client.confirm(view.id, shown.revision, shown.confirm_device, shown.confirm_period)
        except RequestError as error:
            if error.code == UNREACHABLE:
                raise
            self._note(error.code)
            client.preview(view.id)
            return
        client.execute(view.id, given.revision, given.token, pin)

    def _settled(self, client: Client, run: str) -> str:
        """Wait for the act's end; the code of its refusal, or nothing."""
        view = client.wait(run, timeout=WAIT)
        if view.error is None:
            return ""
        self._note(view.error.code)
        return view.error.code
