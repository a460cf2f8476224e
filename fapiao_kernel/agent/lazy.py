"""Things opened at their first use, so that the agent is up at once (DuckDB and the key box take their time)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Lazy(Generic[T]):
    """Makes its value once, under a lock; a failed making is tried again at the next use."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.RLock()
        self._value: T | None = None

    @property
    def made(self) -> bool:
        """Whether the value is there already."""
        return self._value is not None

    def forget(self) -> T | None:
        """Give the value up (the caller closes it); the next use makes a new one."""
        with self._lock:
            value, self._value = self._value, None
        return value

    def get(self) -> T:
        """The value, made when it is not there yet."""
        value = self._value
        if value is None:
            with self._lock:
                if self._value is None:
                    self._value = self._make()
                value = self._value
        return value


class Stand(Generic[T]):
    """Stands in for a lazy value: every attribute is the value's own."""

    def __init__(self, lazy: Lazy[T]) -> None:
        self._lazy = lazy

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lazy.get(), name)
