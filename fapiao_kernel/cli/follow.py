"""Following the agent's work on a terminal: a rich progress bar where there is one, silence elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from fapiao_kernel.cli.output import say

if TYPE_CHECKING:
    from rich.progress import Progress

    from fapiao_kernel.api.runs import RunView
    from fapiao_kernel.api.shapes import WorkView
    from fapiao_kernel.client import Client

T = TypeVar("T")


class Stopped(Exception):
    """An act of a run was refused or went wrong; carries the failure's own fields."""

    def __init__(self, view: RunView) -> None:
        error = view.error
        assert error is not None
        super().__init__(error.code)
        self.view = view
        self.code, self.sentence, self.effect = error.code, error.sentence, error.effect
        self.remedy, self.who, self.original, self.exit_code = error.remedy, error.who, error.original, error.exit_code


class Steps:
    """Runs steps one after the other; each is timed, and told with its answer first."""

    def __init__(self, client: Client, *, as_json: bool) -> None:
        self.client = client
        self.seconds: dict[str, float] = {}
        self._as_json = as_json
        self._stream = sys.stderr if as_json else sys.stdout
        self._bar: Progress | None = None

    def say(self, text: str) -> None:
        """A line for the person."""
        say(text, as_json=self._as_json)

    def told(self, name: str, answer: str) -> None:
        """The step's line: answer, then how long it took."""
        self.say(f"✓ {answer}（{self.seconds.get(name, 0.0):.2f} s）")

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Add the time of what is done inside to a step."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - begun, 3)

    def act(self, name: str, label: str, begin: Callable[[], RunView]) -> RunView:
        """One act of a run to its end. Raises ``Stopped`` when it failed; an unknown outcome is a result, not a failure."""
        with self.timed(name), self._shown(label) as show:
            begun = begin()
            view = self.client.wait(begun.id, on_change=lambda v: show(v.progress)) if begun.busy else begun
        if view.error is not None and view.state != "outcome_unknown":
            raise Stopped(view)
        return view

    def call(self, name: str, label: str, work: Callable[[], T], stop: Callable[[], object] | None = None) -> T:
        """A request that is answered when it is done; its progress is read from the status meanwhile.

        ``stop`` is what Ctrl-C asks for where the work can be stopped: then its answer is still waited for.
        """
        with self.timed(name), self._shown(label) as show:
            if self._bar is None and stop is None:
                return work()
            return _beside(work, (lambda: self._look(show)) if self._bar is not None else (lambda: None), stop)

    def _look(self, show: Callable[[WorkView | None], None]) -> None:
        self.client.changes(self.client.changes(-1).changes)
        work = self.client.status().work
        show(work[0] if work else None)

    @contextmanager
    def _shown(self, label: str) -> Iterator[Callable[[WorkView | None], None]]:
        if not self._stream.isatty():
            yield lambda work: None
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[count]}"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=Console(file=self._stream), transient=True) as bar:
            self._bar, task = bar, bar.add_task(label, total=None, count="")

            def show(work: WorkView | None) -> None:
                if work is not None:
                    count = f"{work.done:,}/{work.total:,}" if work.total else ""
                    known: dict[str, Any] = {"total": work.total or None, "completed": work.done}
                    bar.update(task, description=work.label or label, count=count, **known)

            try:
                yield show
            finally:
                self._bar = None


def _beside(work: Callable[[], T], look: Callable[[], None], stop: Callable[[], object] | None = None) -> T:
    """Do the work in a thread and look at it from this one; the first Ctrl-C calls ``stop``, until it says that there was something to
    stop; a second one leaves."""
    answer: list[T] = []
    failed: list[BaseException] = []
    done = threading.Event()  # a thread whose join Ctrl-C breaks off counts as ended, in Python 3.11

    def run() -> None:
        try:
            answer.append(work())
        except Exception as error:  # noqa: BLE001 handed to the thread that waits, which raises it
            failed.append(error)
        finally:
            done.set()

    threading.Thread(target=run, daemon=True).start()
    asked = False
    while not done.is_set():
        try:
            if asked and stop is not None and stop():
                stop = None
            look()
            done.wait(0.05)
        except KeyboardInterrupt:
            if stop is None or asked:
                raise
            asked = True
    if failed:
        raise failed[0]
    return answer[0]
