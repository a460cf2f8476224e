"""Asking what may never answer (限时询问): each call in a daemon thread of its own, so that a hanging plugin holds up nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from typing import Generic, TypeVar

T = TypeVar("T")


class Asking(Generic[T]):
    """Calls by key. One that is still under way is not begun again: whoever asks for it meanwhile waits for the same answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[T]] = {}

    def all(self, calls: Mapping[str, Callable[[], T]], seconds: float) -> dict[str, T | Exception]:
        """Each call's answer, or what it raised; ``TimeoutError`` for one that is not back after ``seconds``."""
        asked = {key: self._ask(key, call) for key, call in calls.items()}
        wait(asked.values(), timeout=seconds)
        return {key: self._answer(future) for key, future in asked.items()}

    def _ask(self, key: str, call: Callable[[], T]) -> Future[T]:
        with self._lock:
            known = self._under_way.get(key)
            if known is not None:
                return known
            future: Future[T] = Future()
            self._under_way[key] = future
        threading.Thread(target=self._run, args=(key, call, future), name=f"asking {key}", daemon=True).start()
        return future

    def _run(self, key: str, call: Callable[[], T], future: Future[T]) -> None:
        try:
            answer = call()
        except BaseException as error:  # noqa: BLE001 a stranger's plugin may raise anything; it is told as what it found
            self._over(key)
            future.set_exception(error)
        else:
            self._over(key)
            future.set_result(answer)

    def _over(self, key: str) -> None:
        with self._lock:
            del self._under_way[key]

    @staticmethod
    def _answer(future: Future[T]) -> T | Exception:
        if not future.done():
            return TimeoutError()
        failure = future.exception()
        if failure is None:
            return future.result()
        return failure if isinstance(failure, Exception) else RuntimeError(type(failure).__name__)
