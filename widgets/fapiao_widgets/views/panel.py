"""The one widget of every notebook (面板): draws a view model's JSON object and carries a person's intents to it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from typing import Any

import anywidget
import traitlets

from fapiao_widgets.viewmodels.follower import Watcher, follower_of
from fapiao_widgets.viewmodels.model import Model

_STATIC = resources.files("fapiao_widgets") / "static"
_SCRIPTS = ("blocks.js", "frame.js", "panel.js")


def script() -> str:
    """The front end as one ES module: its files in order, one scope."""
    return "\n".join((_STATIC / name).read_text(encoding="utf-8") for name in _SCRIPTS)


class Panel(anywidget.AnyWidget):
    """State: the one trait ``view``. Intents come as custom messages and are never kept; a PIN passes through and is gone.

    ``make(publish)`` gives the view model; ``door`` is what its follower listens to.
    """

    _esm = script()
    _css = (_STATIC / "panel.css").read_text(encoding="utf-8")
    view = traitlets.Dict().tag(sync=True)

    def __init__(self, make: Callable[[Callable[[dict[str, Any]], None]], Model], door: Any) -> None:
        super().__init__()
        self.model = make(self._publish)
        self._hands = ThreadPoolExecutor(max_workers=1, thread_name_prefix="fapiao-intent")
        self.model.refresh()
        me = weakref.ref(self)
        self._follower = follower_of(door)
        self._watcher = self._follower.watch(
            Watcher(self.model.refresh, self.model.say_trouble, lambda age: _beat(me, age), owed=[])
        )
        self.on_msg(self._received)

    def _publish(self, view: dict[str, Any]) -> None:
        self.view = view

    def _received(self, _: Any, content: dict[str, Any], buffers: Any) -> None:
        if content.get("alive"):
            self._follower.alive(self._watcher)
            self.send({"beat": True, "age": 0.0})
        elif "do" in content:
            self._hands.submit(self._do, content)

    def _do(self, intent: dict[str, Any]) -> None:
        """One intent after another, off the kernel's main thread, so that a running cell holds nothing up."""
        try:
            self.model.handle(intent)
        except Exception as error:  # noqa: BLE001 - a bug of ours must be seen in the view, not only in a log
            self.model.say_trouble("view", f"{type(error).__name__}")
            self.model.refresh()
        finally:
            intent.clear()

    def close(self) -> None:
        self._follower.close(self._watcher)
        self._hands.shutdown(wait=False)
        super().close()


def _beat(panel: weakref.ref[Panel], age: float) -> None:
    alive = panel()
    if alive is not None and alive.comm is not None:
        alive.send({"beat": True, "age": age})
