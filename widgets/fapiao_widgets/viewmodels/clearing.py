"""The guided clear (每月清卡): attaches by asking the agent what is open, shows it, and hands intents on. It decides nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fapiao_kernel.api.runs import RunView
from fapiao_kernel.api.shapes import CardView
from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import blocks, importing
from fapiao_widgets.viewmodels.formats import moment, units, word
from fapiao_widgets.viewmodels.frame import heading, panel, whole
from fapiao_widgets.viewmodels.model import Model, Publish, in_background
from fapiao_widgets.viewmodels.preparing import no_run
from fapiao_widgets.viewmodels.recovery_key import recovery_key
from fapiao_widgets.viewmodels.rehearsing import rehearsal
from fapiao_widgets.viewmodels.selecting import asked
from fapiao_widgets.viewmodels.session import Session
from fapiao_widgets.viewmodels.starting import choice
from fapiao_widgets.viewmodels.steps import panel_of
from fapiao_widgets.viewmodels.trouble import REFUSALS, Trouble
from fapiao_widgets.viewmodels.trouble import card as failure_card

PAGE = 20
"""Invoices shown of the frozen preview."""


class Clearing(Model):
    """The wizard. What it shows is derived from the agent's answer each time."""

    title = "title.clear"
    help = "prepare"

    def __init__(
        self,
        client: Any,
        publish: Publish,
        *,
        guided: bool = False,
        beside: Callable[[Callable[[], None]], None] = in_background,
    ) -> None:
        super().__init__(client, publish)
        self._beside = beside
        self.session = Session(guided=guided)
        self.picked_run = ""
        self.picked_card = ""

    # --- attach by asking ---

    def draw(self) -> dict[str, Any]:
        run = self._run()
        if run is not None:
            return self._of_run(run)
        assert self.status is not None
        open_runs = [r for r in self.status.runs if not r.over]
        if len(open_runs) > 1 or (self.session.choosing and open_runs):
            return self._choose_run([r.id for r in open_runs])
        cards = [c for c in self.status.cards if not self.picked_card or c.address == self.picked_card]
        if not cards:
            return self._nothing()
        if len(cards) > 1:
            return self._choose_card(cards)
        return self._of_card(cards[0])

    def _run(self) -> RunView | None:
        """The run to show: the one picked; else the only open one; else none."""
        assert self.status is not None
        if self.picked_run and any(r.id == self.picked_run for r in self.status.runs):
            return self._ask(self.picked_run)
        open_runs = [r for r in self.status.runs if not r.over and (not self.picked_card or r.card == self.picked_card)]
        if len(open_runs) == 1 and not self.session.choosing:
            self.picked_run = open_runs[0].id
            return self._ask(self.picked_run)
        return None

    def _ask(self, run: str) -> RunView:
        view: RunView = self.client.run(run)
        return view

    def _last(self, card: CardView) -> RunView | None:
        """The newest finished run of a card that has nothing to clear: its proof is what a person looks for."""
        assert self.status is not None
        over = sorted((r for r in self.status.runs if r.over and r.card == card.address), key=lambda r: r.opened_at)
        return self._ask(over[-1].id) if over else None

    def _of_run(self, run: RunView) -> dict[str, Any]:
        assert self.status is not None
        card = self._card_of(run.card)
        frame = self.frame(card, run)
        self._first_page(run)
        drawn = panel_of(run, frame, self.session)
        if not drawn["danger"]:
            drawn["blocks"][1:1] = recovery_key(self.status, run, self.session)
        frame = self._with_help(frame, drawn["step"])
        return whole(frame, self.extend(run, drawn), rail=True)

    def extend(self, run: RunView, drawn: dict[str, Any]) -> dict[str, Any]:
        """Room for a lesson to add to a run's panel."""
        return drawn

    def _of_card(self, card: CardView) -> dict[str, Any]:
        last = self._last(card)
        if last is not None and card.verdict == "cleared" and last.verdict in ("cleared", "already_cleared"):
            return self._of_run(last)
        if self.session.rehearsal:
            self.session.rehearsed = rehearsal(self.client.rehearsal(self.session.rehearsal))
        drawn = no_run(card, self.frame(card), self.session, last)
        if self.session.trouble or self.trouble:
            trouble = self.session.trouble or self.trouble
            assert trouble is not None
            drawn["blocks"].insert(0, failure_card(trouble))
        return whole(self.frame(card), drawn, rail=True)

    def _nothing(self) -> dict[str, Any]:
        frame = self._with_help(self.frame(), "start")
        drawn = choice(frame, self.trouble)
        drawn["blocks"][:0] = [
            *importing.under_way(self.status),
            *(blocks.text(note, "quiet") for note in self.session.notes),
        ]
        drawn["blocks"] += importing.offer(self.status)  # files can be brought in, and looked at, without any device
        return whole(frame, drawn, rail=True)

    def _choose_run(self, runs: list[str]) -> dict[str, Any]:
        entries = []
        for run in (self.client.run(id) for id in runs):
            button = blocks.button(
                "pick", say("choose.button", device=run.device_number, time=moment(run.opened_at)), run=run.id
            )
            state = f"{heading(run.step)} · {word('run', run.verdict)}"
            entries.append({"title": units(run.units), "blocks": [blocks.text(state), blocks.form([button])]})
        return whole(self.frame(), panel("choose-run", say("choose.question"), [blocks.cards(entries)]), rail=True)

    def _choose_card(self, cards: list[CardView]) -> dict[str, Any]:
        entries = []
        for card in cards:
            label = say("choose.card", name=card.taxpayer_name, device=card.device_number)
            button = blocks.button("pick-card", label, card=card.address)
            entries.append(
                {
                    "title": card.taxpayer_name,
                    "blocks": [blocks.text(word("verdict", card.verdict)), blocks.form([button])],
                }
            )
        return whole(
            self.frame(), panel("choose-card", say("choose.card.question"), [blocks.cards(entries)]), rail=True
        )

    def _card_of(self, address: str) -> CardView | None:
        assert self.status is not None
        return next((c for c in self.status.cards if c.address == address), None)

    def _with_help(self, frame: Any, help: str) -> Any:
        return type(frame)(frame.title, frame.status, frame.card, frame.run, frame.pin, help)

    def _first_page(self, run: RunView) -> None:
        """Fetch the first invoices of the frozen preview, once a revision."""
        revision = run.preview.revision if run.preview else ""
        if run.state != "previewed" or not revision or self.session.invoices_of == revision:
            return
        self.session.invoices, self.session.invoices_of = rows_of(self.client.invoices(run.id, limit=PAGE)), revision

    # --- intents ---

    def acts(self) -> Mapping[str, Callable[[dict[str, Any]], None]]:
        return {
            "practice-start": self._practice_start,
            "open-device": lambda i: self._open(str(i.get("address", "")).strip()),
            "pick": self._pick,
            "pick-card": self._pick_card,
            "choose": self._choose,
            "import": self._import,
            "cancel-import": lambda _: self.client.cancel_import(),
            "check": self._check,
            "recovery-key": self._recovery_key,
            "backup": lambda _: self.client.backup(self.picked_run),
            "report": lambda i: self.client.report(
                self.picked_run, pin=str(i.get("pin", "")), period=str(i.get("period", ""))
            ),
            "file-return": self._file_return,
            "declaration": lambda _: self.client.declaration(self.picked_run),
            "preview": lambda _: self.client.preview(self.picked_run),
            "reviewed": self._reviewed,
            "look-again": self._look_again,
            "confirm": self._confirm,
            "execute": self._execute,
            "read-back": lambda _: self.client.read_back(self.picked_run),
            "conclude": lambda _: self.client.conclude(self.picked_run),
            "cancel": lambda _: self.client.cancel(self.picked_run),
            "accept": lambda i: self.client.accept(self.picked_run, str(i.get("code", "")), str(i.get("reason", ""))),
            "approve": self._approve,
            "look-back": self._look_back,
            "continue-from-device": self._continue,
            "false-alarm": self._false_alarm,
            "rehearse": self._rehearse,
            "select": self._select,
            "check-selected": self._check_selected,
        }

    def handle(self, intent: Mapping[str, Any]) -> None:
        self.session.trouble, self.session.recovery_key, self.session.situation = None, "", None
        super().handle(intent)

    def refresh(self, runs: list[str] | None = None) -> None:
        with self._lock:
            self.session.trouble = self.trouble
            super().refresh(runs)

    def _practice_start(self, inputs: dict[str, Any]) -> None:
        own = [line.strip() for line in str(inputs.get("paths", "")).splitlines() if line.strip()]
        self.client.practice_start(**({"invoices": own} if own else {}))

    def _open(self, card: str, **asked: Any) -> None:
        run = self.client.open_run(card, **asked)
        self.picked_run, self.session = run.id, self._fresh_session()

    def _fresh_session(self) -> Session:
        """Another run: nothing of the last one is remembered."""
        return Session(guided=self.session.guided, guides=self.session.guides)

    def _check(self, inputs: dict[str, Any]) -> None:
        """The first button: opens the run where there is none, and checks."""
        card = str(inputs.get("card", ""))
        if card:
            self._open(card)
        self.client.check(self.picked_run)

    def _import(self, inputs: dict[str, Any]) -> None:
        """Goes on beside the page: a file of a million rows takes its time, and the cancel must be heard meanwhile."""
        paths = importing.paths(str(inputs.get("paths", "")))
        self.session.notes = [] if paths else [say("import.nothing")]
        if paths:
            self._beside(lambda: self._imported(paths))

    def _imported(self, paths: list[str]) -> None:
        notes, trouble = [], None
        try:
            notes = importing.told(self.client.import_files(paths))
        except REFUSALS as error:
            trouble = Trouble.of_error(error)
        with self._lock:
            self.session.notes, self.trouble = notes, trouble
            self._count += 1
        self.refresh()

    def _recovery_key(self, inputs: dict[str, Any]) -> None:
        """On the screen until the next click; kept nowhere."""
        self.session.recovery_key = self.client.recovery_key()

    def _file_return(self, inputs: dict[str, Any]) -> None:
        self.client.file_return(self.picked_run)
        self.session.filed = True

    def _reviewed(self, inputs: dict[str, Any]) -> None:
        self.session.reviewed = str(inputs.get("revision", ""))

    def _look_again(self, inputs: dict[str, Any]) -> None:
        self.session.reviewed = ""

    def _confirm(self, inputs: dict[str, Any]) -> None:
        """The token that comes back stays in this kernel's memory alone."""
        revision = str(inputs.get("revision", ""))
        answer = self.client.confirm(
            self.picked_run, revision, str(inputs.get("tail", "")).strip(), str(inputs.get("period", "")).strip()
        )
        self.session.armed, self.session.token = answer.revision, answer.token

    def _execute(self, inputs: dict[str, Any]) -> None:
        """Spend the token: whatever comes of it, it is not used twice."""
        revision, token = str(inputs.get("revision", "")), self.session.token
        self.session.disarm()
        self.client.execute(self.picked_run, revision, token, pin=str(inputs.get("pin", "")))

    def _approve(self, inputs: dict[str, Any]) -> None:
        self.client.approve(self.picked_run, str(inputs.get("revision", "")), str(inputs.get("code", "")))

    def _look_back(self, inputs: dict[str, Any]) -> None:
        """Only a look: what it says stays on the screen until the next click."""
        self.session.situation = self.client.look_back(str(inputs["card"]))

    def _continue(self, inputs: dict[str, Any]) -> None:
        self.picked_run = self.client.continue_from_device(str(inputs["card"])).id

    def _false_alarm(self, inputs: dict[str, Any]) -> None:
        """What it was about is looked at once more afterwards: the proof stays on the screen."""
        card = str(inputs["card"])
        self.client.false_alarm(card, str(inputs.get("statement", "")))
        self.session.situation = self.client.look_back(card)

    def _select(self, inputs: dict[str, Any]) -> None:
        """Only a look: what would really close."""
        self.session.asked = asked(inputs)
        self.session.selected = None
        self.session.selected = self.client.select(str(inputs["card"]), **self.session.asked)

    def _check_selected(self, inputs: dict[str, Any]) -> None:
        """The whole units of what was looked at: the button named them."""
        self._open(str(inputs["card"]), **{**self.session.asked, "whole": True})
        self.client.check(self.picked_run)

    def _rehearse(self, inputs: dict[str, Any]) -> None:
        self.session.rehearsal = self.client.rehearse(str(inputs["card"])).id

    def _pick(self, inputs: dict[str, Any]) -> None:
        self.picked_run, self.session = str(inputs["run"]), self._fresh_session()

    def _pick_card(self, inputs: dict[str, Any]) -> None:
        self.picked_card = str(inputs["card"])

    def _choose(self, inputs: dict[str, Any]) -> None:
        self.picked_run, self.session.choosing = "", True


def rows_of(answer: Any) -> list[dict[str, Any]]:
    """The rows of an answer: a page ``{"rows": [...], "next": ...}``, or the plain list."""
    rows = answer["rows"] if isinstance(answer, dict) else answer
    return [dict(row) for row in rows]
