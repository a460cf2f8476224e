"""A link between link and driver (夹层): counts what passes, and breaks, holds or answers it as a test wants."""

from __future__ import annotations

from collections.abc import Callable, Collection

from fapiao_kernel.devices.plug import Link
from fapiao_kernel.domain.errors import FapiaoError, NotReachable
from fapiao_kernel.domain.finding import Effect

Carry = Callable[[bytes], bytes]
Act = Callable[[int, bytes, Carry], bytes]
"""What becomes of the n-th command (from 1): ``carry`` hands it on to the real link."""
Planned = bytes | FapiaoError


class Between:
    """``plug.Link``. After an error it is broken, as any link is; ``pokes`` counts who uses it all the same."""

    def __init__(self, inner: Link, act: Act | None = None) -> None:
        self.name = inner.name
        self.commands: list[bytes] = []
        self.answers: list[bytes] = []
        self.pokes = 0
        self.closed = 0
        self._inner = inner
        self._act = act
        self._broken = False

    def transmit(self, apdu: bytes) -> bytes:
        """See ``plug.Link``."""
        if self._broken:
            self.pokes += 1
            raise NotReachable("device_link_broken", effect=Effect.NOT_SENT)
        self.commands.append(apdu)
        try:
            answer = (
                self._act(len(self.commands), apdu, self._inner.transmit) if self._act else self._inner.transmit(apdu)
            )
        except FapiaoError:
            self._broken = True
            raise
        self.answers.append(answer)
        return answer

    def close(self) -> None:
        self.closed += 1
        self._inner.close()


def gone(where: str, effect: Effect) -> NotReachable:
    """What a link raises when its device was pulled."""
    return NotReachable("device_gone", effect=effect, where=where)


def cut(at: int, *, before: bool) -> Act:
    """Pull the device at the n-th command: before any byte of it left, or when it has arrived and its answer has not."""

    def act(n: int, apdu: bytes, carry: Carry) -> bytes:
        if n != at:
            return carry(apdu)
        if before:
            raise gone("kit", Effect.NOT_SENT)
        carry(apdu)
        raise gone("kit", Effect.UNKNOWN)

    return act


def spoiled(at: int, spoil: Callable[[bytes], bytes]) -> Act:
    """The n-th answer changed."""
    return lambda n, apdu, carry: spoil(carry(apdu)) if n == at else carry(apdu)


def stale(at: int) -> Act:
    """Instead of the n-th answer the one before it, again."""
    last = b""

    def act(n: int, apdu: bytes, carry: Carry) -> bytes:
        nonlocal last
        answer = carry(apdu)
        answer, last = (last, answer) if n == at else (answer, answer)
        return answer

    return act


def said(at: int, answer: bytes) -> Act:
    """The n-th command is answered by the kit and does not reach the device."""
    return lambda n, apdu, carry: answer if n == at else carry(apdu)


class Held:
    """Lets known readings pass and holds everything else: a changing command never reaches the device. ``held`` has them."""

    def __init__(self, known: Collection[bytes], planned: Planned) -> None:
        self.held: list[bytes] = []
        self._known = frozenset(known)
        self._planned = planned

    def __call__(self, n: int, apdu: bytes, carry: Carry) -> bytes:
        if apdu in self._known:
            return carry(apdu)
        self.held.append(apdu)
        if isinstance(self._planned, FapiaoError):
            raise self._planned
        return self._planned
