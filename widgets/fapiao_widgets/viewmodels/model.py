"""What every view model is (视图模型的样子): it draws one JSON object, and takes a person's intents."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from fapiao_kernel.api.runs import RunView
from fapiao_kernel.api.shapes import CardView, StatusView
from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import blocks
from fapiao_widgets.viewmodels.frame import Frame, panel, whole
from fapiao_widgets.viewmodels.trouble import REFUSALS, Trouble, card

Publish = Callable[[dict[str, Any]], None]


NUMBERS = frozenset({"pin", "number", "code", "confirm", "tail", "period", "periods", "stated", "filed_on"})
"""Inputs that are digits and signs: an input method may have written them full-width."""


def narrow(value: Any) -> Any:
    """Full-width digits and signs (全角) as the plain ones that are meant."""
    return unicodedata.normalize("NFKC", value) if isinstance(value, str) else value


def in_background(work: Callable[[], None]) -> None:
    """Long work goes on beside the page, so that its end can be asked for from there."""
    threading.Thread(target=work, name="fapiao-work", daemon=True).start()


class Model:
    """Base of the view models. ``client`` is the one door to the agent; ``publish`` gets every new drawing.

    Subclasses draw in ``draw`` (reads only: it must never reach an act) and name their intents in ``acts``.
    """

    title = "title.start"
    help = "start"

    def __init__(self, client: Any, publish: Publish) -> None:
        self.client = client
        self._publish = publish
        self._lock = threading.RLock()
        self._count = 0
        self._notice: dict[str, str] = {}
        self.status: StatusView | None = None
        self.trouble: Trouble | None = None
        self.view: dict[str, Any] = {}

    # --- drawing ---

    def refresh(self, runs: list[str] | None = None) -> None:
        """Ask what there is and draw it. ``runs``: those that changed (None: anything may have)."""
        with self._lock:
            try:
                self.status = self.client.status()
                view = self.draw()
            except REFUSALS as error:
                view = self._failed(error)
            self._put(view)

    def draw(self) -> dict[str, Any]:
        """The whole view as it stands."""
        raise NotImplementedError

    def say_trouble(self, kind: str, reason: str) -> None:
        """The follower's word on why the view may be old; empty when it is over."""
        with self._lock:
            key = "trouble" if kind == "agent" else "trouble.view"
            self._notice = {name: text for name, text in self._notice.items() if name != kind}
            if reason:
                self._notice[kind] = say(key, reason=reason)
            if self.view:
                self._put(self.view)

    def _put(self, view: dict[str, Any]) -> None:
        view = {**view, "notices": list(self._notice.values()), "count": self._count}
        if view != self.view:  # a silent kernel: nothing is sent that is already seen
            self.view = view
            self._publish(view)

    def _failed(self, error: Any) -> dict[str, Any]:
        frame = self.frame()
        act = blocks.form([blocks.button("reconnect", say("reconnect"))])
        return whole(frame, panel("unreachable", "", [card(Trouble.of_error(error))], act))

    def frame(self, card: CardView | None = None, run: RunView | None = None) -> Frame:
        return Frame(say(self.title), self.status, card, run, self.pin(card), self.help)

    def pin(self, card: CardView | None) -> str:
        """The practice card's PIN, which stands on its amber band; a real card's is never known here."""
        if card is None or not card.simulated:
            return ""
        try:
            world = self.client.practice()
        except REFUSALS:
            return ""
        return str(world.pin) if world else ""

    # --- intents ---

    def acts(self) -> Mapping[str, Callable[[dict[str, Any]], None]]:
        """What a person may ask for: name → what it does with the form's inputs."""
        return {}

    def handle(self, intent: Mapping[str, Any]) -> None:
        """Do what a person asked, once; a refusal becomes a failure card. Unknown intents are refused (``KeyError``).

        Drawing goes on meanwhile, so that a long act shows its progress.
        """
        inputs = {key: narrow(value) if key in NUMBERS else value for key, value in intent.items() if key != "do"}
        act = {"reconnect": self._reopen, **self.acts()}[str(intent["do"])]
        self.trouble = None
        try:
            act(inputs)
        except REFUSALS as error:
            self.trouble = Trouble.of_error(error)
        finally:
            inputs.clear()
            with self._lock:
                self._count += 1  # buttons that disabled themselves on the click come back with the next drawing
        self.refresh()

    def _reopen(self, inputs: dict[str, Any]) -> None:
        self.client.reopen()
