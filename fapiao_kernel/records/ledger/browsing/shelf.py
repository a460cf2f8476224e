"""Anchors that are kept (锚点): of the last views that somebody jumped in, for the ledger's present state."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from fapiao_kernel.records.ledger.browsing.paging import Anchors
from fapiao_kernel.records.ledger.browsing.standing import Stamp

REMEMBERED = 16
"""Views whose anchors are kept: 10 million rows have 2,441 of them."""
Key = tuple[str, Stamp]
"""A view's rows (``View.rows``) and the ledger's state."""


class Shelf:
    """Each view's anchors are made once, whoever asks meanwhile waits for them; other views do not wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, Anchors] = OrderedDict()
        self._making: dict[Key, threading.Lock] = {}

    def get(self, key: Key) -> Anchors | None:
        """What is kept already."""
        with self._lock:
            return self._kept.get(key)

    def have(self, key: Key, make: Callable[[], Anchors]) -> Anchors:
        """Kept, or made now."""
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        with making:
            known = self.get(key)
            if known is None:
                known = make()
            with self._lock:
                self._making.pop(key, None)
                self._kept[key] = known
                self._kept.move_to_end(key)
                for old in [each for each in self._kept if each[1] != key[1]]:
                    del self._kept[old]
                while len(self._kept) > REMEMBERED:
                    self._kept.popitem(last=False)
        return known

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._kept.clear()
