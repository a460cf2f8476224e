"""A smart card service that does what a test says, in the form of pyscard's functions; a call may block until the test lets it go on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

CONTEXT, CARD = 11, 22
DONE = b"\x90\x00"


class FakeScard:
    """``plan[name]``: result codes, answers or exceptions of the calls of that name, one each; a function is asked. Else all goes well."""

    def __init__(self, readers: dict[str, int] | None = None, protocol: int = 2) -> None:
        self.readers = {"Lab Reader 00": 0x20} if readers is None else readers
        self.protocol = protocol
        self.plan: dict[str, list[Any]] = {}
        self.calls: list[str] = []
        self.sent: list[bytes] = []
        self.left_with: list[int] = []
        self.gone = threading.Event()
        """The context was given back."""
        self.let_go = threading.Event()
        """The transaction was ended."""

    def _call(self, name: str) -> Any:
        self.calls.append(name)
        planned = self.plan.get(name)
        what = planned.pop(0) if planned else 0
        if isinstance(what, Callable):  # type: ignore[arg-type]  # mypy wants a class; a callable is one to isinstance
            what = what()
        if isinstance(what, Exception):
            raise what
        return what

    def SCardEstablishContext(self, scope: int) -> list[Any]:
        return [self._call("establish"), CONTEXT]

    def SCardReleaseContext(self, context: int) -> int:
        assert context == CONTEXT
        result = int(self._call("release"))
        self.gone.set()
        return result

    def SCardListReaders(self, context: int, groups: list[str]) -> list[Any]:
        return [self._call("list"), list(self.readers)]

    def SCardGetStatusChange(self, context: int, milliseconds: int, readers: list[tuple[str, int]]) -> list[Any]:
        assert milliseconds == 0
        return [self._call("status"), [(name, self.readers[name] | 0x30000, []) for name, _ in readers]]

    def SCardConnect(self, context: int, reader: str, sharing: int, protocols: int) -> list[Any]:
        assert reader in self.readers and sharing == 2
        return [self._call("connect"), CARD, self.protocol]

    def SCardDisconnect(self, card: int, disposition: int) -> int:
        assert card == CARD
        self.left_with.append(disposition)
        return int(self._call("disconnect"))

    def SCardBeginTransaction(self, card: int) -> int:
        return int(self._call("begin"))

    def SCardEndTransaction(self, card: int, disposition: int) -> int:
        assert disposition == 0
        result = int(self._call("end"))
        self.let_go.set()
        return result

    def SCardTransmit(self, card: int, protocol: int, command: list[int]) -> list[Any]:
        assert (card, protocol) == (CARD, self.protocol)
        self.sent.append(bytes(command))
        what = self._call("transmit")
        return [0, list(what or DONE)] if isinstance(what, bytes) or what == 0 else [what, []]
