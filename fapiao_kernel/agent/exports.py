"""Exports under way (导出), each by its asker's id: stopped by that, and all of them when the agent ends."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Protocol

from fapiao_kernel.domain.errors import NotReachable, UsageError


class Stoppable(Protocol):
    """Work that another thread may end."""

    def cancel(self) -> None: ...


class Exports:
    """Which exports there are. Each leaves a whole file or none, so ending one harms nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[str, Stoppable] = {}
        self._closed = False

    @contextlib.contextmanager
    def under_way(self, id: str, export: Stoppable) -> Iterator[None]:
        """Known by its id while it lasts. Raises ``UsageError`` (``export_id_taken``), ``NotReachable`` (``agent_stopping``)."""
        with self._lock:
            if self._closed:
                raise NotReachable("agent_stopping")
            if id in self._under_way:
                raise UsageError("export_id_taken", id=id)
            self._under_way[id] = export
        try:
            yield
        finally:
            with self._lock:
                del self._under_way[id]

    def stop(self, id: str) -> bool:
        """End one; False when there is none of that id (any more)."""
        with self._lock:
            export = self._under_way.get(id)
        if export is None:
            return False
        export.cancel()
        return True

    def close(self) -> None:
        """End all, and take no more."""
        with self._lock:
            self._closed = True
            all_of_them = list(self._under_way.values())
        for export in all_of_them:
            export.cancel()
