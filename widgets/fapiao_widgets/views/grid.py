"""The paged grid as a widget (发票表): its state is only words and a name; rows, sums and summaries come as messages when asked for."""

from __future__ import annotations

import contextlib
import weakref
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from typing import Any

import anywidget
import traitlets

from fapiao_widgets.text import say
from fapiao_widgets.viewmodels.follower import Watcher, follower_of
from fapiao_widgets.viewmodels.grid import Grid, broken, states, words
from fapiao_widgets.viewmodels.trouble import REFUSALS

_STATIC = resources.files("fapiao_widgets") / "static"
_SCRIPTS = ("blocks.js", "grid_head.js", "grid.js")
_STYLES = ("panel.css", "grid.css")


def script() -> str:
    """The front end as one ES module: its files in order, one scope."""
    return "\n".join((_STATIC / name).read_text(encoding="utf-8") for name in _SCRIPTS)


class GridView(anywidget.AnyWidget):
    """``model`` answers what the front end asks. ``door``: the agent's, when the rows are its: then asks are answered off the
    kernel's main thread (pages in one, everything else in another), and a changed ledger is told."""

    _esm = script()
    _css = "\n".join((_STATIC / name).read_text(encoding="utf-8") for name in _STYLES)
    words = traitlets.Dict().tag(sync=True)
    name = traitlets.Unicode().tag(sync=True)
    none = traitlets.Unicode().tag(sync=True)
    nothing = traitlets.Unicode().tag(sync=True)
    states: Any = traitlets.List().tag(sync=True)
    stops = traitlets.Bool().tag(sync=True)
    """Whether an export can be stopped: the agent's can, one of rows in the kernel ends by itself."""

    def __init__(self, model: Grid, name: str, door: Any = None) -> None:
        ending = ".rows" if model.source.what else ""
        none, nothing = say(f"grid.none{ending}"), say(f"grid.empty{ending}")
        super().__init__(
            words=words(), name=name, none=none, nothing=nothing, states=states(model), stops=door is not None
        )
        self.model = model
        self._hands: dict[str, ThreadPoolExecutor] = {}
        self._watcher: Watcher | None = None
        if door is not None:
            me = weakref.ref(self)
            self._follower = follower_of(door)
            self._watcher = self._follower.watch(
                Watcher(lambda runs: _look(me, runs), lambda kind, text: _send(me, {"trouble": text}), lambda age: None)
            )
            self._hands = {lane: ThreadPoolExecutor(1, f"fapiao-grid-{lane}") for lane in ("page", "rest", "stop")}
        self.on_msg(self._received)

    @property
    def sql(self) -> str:
        """The query of what is seen now."""
        return self.model.sql

    def _received(self, _: Any, content: dict[str, Any], buffers: Any) -> None:
        if content.get("alive"):
            if self._watcher is not None:
                self._follower.alive(self._watcher)
        elif content.get("stop"):
            if hand := self._hands.get("stop"):
                hand.submit(_stop, self.model)
        elif "ask" in content:
            hand = self._hands.get("page" if content["ask"] == "page" else "rest")
            if hand is None:  # a result in the kernel: one thread, as the person's own cells use the same database
                self._answer(content)
            else:
                hand.submit(self._answer, content)

    def _answer(self, content: dict[str, Any]) -> None:
        try:
            answer = self.model.answer(content)
        except Exception as error:  # noqa: BLE001 - a bug of ours must be seen in the grid, not only in a log
            answer = {**{key: content.get(key) for key in ("to", "id", "ask")}, "failure": broken(error)}
        _send(weakref.ref(self), answer)

    def close(self) -> None:
        if self._watcher is not None:
            self._follower.close(self._watcher)
        for hand in self._hands.values():
            hand.shutdown(wait=False, cancel_futures=True)
        super().close()


def _send(view: weakref.ref[GridView], message: dict[str, Any]) -> None:
    alive = view()
    if alive is not None and alive.comm is not None:
        alive.send(message)


def _stop(model: Grid) -> None:
    with contextlib.suppress(*REFUSALS):  # an agent that is gone has taken the export with it, whose own answer says so
        model.stop()


def _look(view: weakref.ref[GridView], runs: list[str] | None) -> None:
    """Something changed: if it was the ledger, the person is told; what they look at stays as it is until they say."""
    alive = view()
    if alive is None:
        return
    if far := alive.model.far():
        _send(view, {"far": far})
    if alive.model.changed():
        _send(view, {"changed": True})
