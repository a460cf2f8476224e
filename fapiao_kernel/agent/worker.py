"""Who works (执行): one thread owns each card and does its acts one after the other; what is under way is told to faces."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from fapiao_kernel.agent.changes import Changes
from fapiao_kernel.agent.errors import bug_view, view
from fapiao_kernel.agent.memory import give_back
from fapiao_kernel.api.shapes import ErrorView, WorkView
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, Refused
from fapiao_kernel.domain.finding import Effect

log = logging.getLogger("fapiao.agent")
T = TypeVar("T")

END_IN = 5.0
"""Seconds that readings under way have when the agent ends; a device that hangs must not keep it for ever."""

_TELL_EVERY = 0.1
"""Seconds between two changes told of one job's progress."""


@dataclass
class Job:
    """One piece of work under way. ``key`` makes the same request sent twice the same job; ``effect`` is what can be said of the
    device while it lasts."""

    id: str
    label: str
    key: str = ""
    effect: Effect = Effect.NOT_SENT
    done: int = 0
    total: int = 0
    told: float = 0.0

    def view(self) -> WorkView:
        return WorkView(id=self.id, label=self.label, done=self.done, total=self.total)


class Worker:
    """Acts run on their card's thread; ``refused(run, act, error)`` hears of each that failed."""

    def __init__(self, changes: Changes, refused: Callable[[str, str, ErrorView], None]) -> None:
        self._changes = changes
        self._refused = refused
        self._lock = threading.RLock()
        self._threads: dict[str, ThreadPoolExecutor] = {}
        self._at_work: dict[str, int] = {}
        self._acts = 0
        self._under_way: dict[Future[Any], bool] = {}
        self._jobs: dict[str, Job] = {}
        self._failures: dict[str, ErrorView] = {}
        self._settled = threading.Event()
        self._stopping = False

    # --- acts of a run

    def start(
        self,
        card: str,
        run: str,
        act: str,
        label: str,
        call: Callable[[], object],
        *,
        key: str = "",
        effect: Effect = Effect.NOT_SENT,
    ) -> None:
        """Begin an act and return. The same act asked for again while it runs is the same act.

        Raises ``Refused`` (``run_busy``) while the run does something else.
        """
        key = key or act
        with self._lock:
            self._refuse_when_stopping()
            job = self._jobs.get(run)
            if job is not None:
                if job.key == key:
                    return
                raise Refused("run_busy", effect=job.effect, label=job.label)
            self._jobs[run] = Job(run, label, key, effect)
            self._failures.pop(run, None)
            self._submit(card, lambda: self._act(run, act, call))
        self._changes.bump(run)

    def _act(self, run: str, act: str, call: Callable[[], object]) -> None:
        failure = None
        try:
            call()
        except FapiaoError as error:
            failure = view(error)
        except Exception as error:
            log.error("bug in act %s of run %s", act, run, exc_info=error)
            failure = bug_view(error)
        try:
            if failure is not None:
                self._refused(run, act, failure)
        finally:
            # Whatever becomes of the note: a run whose act is over must never look busy for ever.
            with self._lock:
                if failure is not None:
                    self._failures[run] = failure
                self._jobs.pop(run, None)
            self._changes.bump(run)
            give_back()

    # --- anything else that needs a card

    def call(self, card: str, call: Callable[[], T]) -> T:
        """Run on the card's thread and wait for the answer; raises what it raised."""
        return self.begin(card, call).result()

    def begin(self, card: str, call: Callable[[], T], *, light: bool = False) -> Future[T]:
        """Run on the card's thread, after what it does now. ``light`` as for ``look``."""
        with self._lock:
            self._refuse_when_stopping()
            return self._submit(card, call, light)

    def give_up(self, future: Future[Any]) -> None:
        """Nobody waits for it any more: neither does the end of the agent."""
        with self._lock:
            if future in self._under_way:
                self._under_way[future] = True

    def look(self, card: str, call: Callable[[], T], *, light: bool = False) -> Future[T] | None:
        """Run on the card's thread when that is free; None, and nothing done, when it is at work. ``light``: no more than a glance
        for a status, which does not count as being at work for ``at_work``."""
        with self._lock:
            if self._stopping or self._at_work.get(card) or not self._settled.is_set():
                return None
            return self._submit(card, call, light)

    @contextmanager
    def job(self, id: str, label: str) -> Iterator[Callable[[str, int, int], None]]:
        """Work of no run (an import, the making of a practice world), shown while it lasts; gives its progress callback."""
        with self._lock:
            self._refuse_when_stopping()
            self._jobs[id] = Job(id, label)
        self._changes.bump()
        try:
            yield lambda text, done, total: self.progress(id, text, done, total)
        finally:
            with self._lock:
                self._jobs.pop(id, None)
            self._changes.bump()
            give_back()

    # --- what faces are told

    def progress(self, id: str, label: str, done: int, total: int) -> None:
        """How far a job is; told on at most ten times a second, and always when it enters another phase."""
        job = self._jobs.get(id)
        if job is None:
            return
        now, fresh = time.monotonic(), label != job.label
        job.label, job.done, job.total = label or job.label, done, total
        if fresh or now - job.told >= _TELL_EVERY:
            job.told = now
            self._changes.bump(id)

    def under_way(self, run: str) -> Job | None:
        """What is being done for a run; None when nothing is."""
        return self._jobs.get(run)

    def failure(self, run: str) -> ErrorView | None:
        """Why the last act of the run failed; None when it did not."""
        return self._failures.get(run)

    def forget_failure(self, run: str) -> None:
        """What the last act failed over was dealt with."""
        with self._lock:
            self._failures.pop(run, None)

    def work(self) -> list[WorkView]:
        """Everything under way."""
        with self._lock:
            return [job.view() for job in self._jobs.values()]

    @property
    def at_work(self) -> bool:
        """Whether any card is at work, glances at it aside."""
        with self._lock:
            return self._acts > 0

    # --- start and stop

    def settled(self) -> None:
        """What an earlier agent left open has been settled: acts may begin."""
        self._settled.set()

    def close(self) -> bool:
        """Take no more acts, let the one under way on each card come to its end, drop those that have not begun. False when a
        reading hangs and its thread is left behind."""
        with self._lock:
            self._stopping = True
            threads = list(self._threads.values())
        self._settled.set()
        for thread in threads:
            thread.shutdown(wait=False, cancel_futures=True)
        while acts := [future for future, light in list(self._under_way.items()) if not light]:
            wait(acts, timeout=1.0)  # one of them may be given up meanwhile
        _, hanging = wait(list(self._under_way), timeout=END_IN)
        if not hanging:
            for thread in threads:
                thread.shutdown(wait=True)
        return not hanging

    def _submit(self, card: str, call: Callable[[], T], light: bool = False) -> Future[T]:
        if card not in self._threads:
            self._threads[card] = ThreadPoolExecutor(1, thread_name_prefix="card")
        self._at_work[card] = self._at_work.get(card, 0) + 1
        self._acts += not light

        def work() -> T:
            try:
                self._settled.wait()
                return call()
            finally:
                with self._lock:
                    self._at_work[card] -= 1
                    self._acts -= not light

        future = self._threads[card].submit(work)
        self._under_way[future] = light
        future.add_done_callback(self._over)
        return future

    def _over(self, future: Future[Any]) -> None:
        with self._lock:
            self._under_way.pop(future, None)

    def _refuse_when_stopping(self) -> None:
        if self._stopping:
            raise NotReachable("agent_stopping")
