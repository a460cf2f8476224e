"""The kernel's door to the agent (连接): opened when first used, opened again when a person asks for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fapiao_kernel.client import connect, home_folder


class Door:
    """Stands for the client: every method of ``fapiao_kernel.client.Client`` is reached through it.

    Raises ``RequestError`` where no agent can be found or started, at the call and not before: a view must be able to say so.
    """

    def __init__(self, home: Path, opener: Callable[[Path], Any] = connect) -> None:
        self.home = home
        self._opener = opener
        self._client: Any = None
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._open(), name)

    def _open(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._opener(self.home)
            return self._client

    def reopen(self) -> None:
        """Start the agent if none runs. The client in hand finds it by itself."""
        fresh = self._opener(self.home)
        with self._lock:
            self._client = fresh


_doors: dict[Path, Door] = {}
_guard = threading.Lock()


def door(home: Path | str | None = None) -> Door:
    """The kernel's one door to a home: as given, else ``FAPIAO_HOME``, else the user's data folder."""
    place = home_folder(home)
    with _guard:
        return _doors.setdefault(place, Door(place))
