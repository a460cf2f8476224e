"""One connection to the smart card service (与服务的会话), step by step. Its calls may block, so they are made in a thread of their own."""

from __future__ import annotations

from fapiao_kernel.devices.links.pcsc.service import (
    LEAVE_CARD,
    SHARED,
    T0,
    T1,
    USER,
    Result,
    Scard,
    State,
    plain,
    refusal,
)
from fapiao_kernel.domain.errors import ProtocolError
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.protocol import t0


class Session:
    """A context, a connection and its transaction. Every method runs in the one thread that owns them."""

    def __init__(self, service: Scard) -> None:
        self.service = service
        self.held = False
        """Whether the card is ours alone just now."""
        self._context: int | None = None
        self._card: int | None = None
        self._protocol = T1

    def enter(self) -> None:
        """Reach the service. Raises ``NotReachable`` (``device_pcsc_down``, ``device_pcsc_denied``)."""
        result, context = self.service.SCardEstablishContext(USER)
        if result != Result.DONE:
            raise refusal(result, "PC/SC")
        self._context = context

    def readers(self) -> list[tuple[str, State]]:
        """Names and states of the readers; no card is powered for it."""
        result, names = self.service.SCardListReaders(self._context or 0, [])
        if plain(result) in (Result.NO_READERS, Result.READER_GONE):
            return []
        if result != Result.DONE:
            raise refusal(result, "PC/SC")
        if not names:
            return []
        asked = [(name, int(State.UNAWARE)) for name in names]
        result, states = self.service.SCardGetStatusChange(self._context or 0, 0, asked)
        if plain(result) not in (Result.DONE, Result.TIMEOUT):
            raise refusal(result, "PC/SC")
        return [(name, State(plain(state) & 0xFFFF)) for name, state, _atr in states]

    def connect(self, reader: str) -> None:
        """Power the card up if nobody has, and share it. Raises ``NotReachable``."""
        result, card, protocol = self.service.SCardConnect(self._context or 0, reader, SHARED, T0 | T1)
        if result != Result.DONE:
            raise refusal(result, reader)
        self._card, self._protocol = card, protocol

    def hold(self) -> int:
        """Wait until no other program works with the card, and have it alone. Its result code."""
        if self.held:
            return Result.DONE
        result = plain(self.service.SCardBeginTransaction(self._card or 0))
        self.held = result == Result.DONE
        return result

    def exchange(self, apdu: bytes) -> tuple[int, bytes] | None:
        """Hand a command over and take what comes back; None, and nothing was sent, when the card is not ours.

        Raises ``ProtocolError`` where T=0 does (``protocol.t0``).
        """
        if not self.held:
            return None
        if self._protocol != T0:
            return self._transmit(apdu)
        sent = False
        course = t0.exchange(apdu)
        try:
            tpdu = next(course)
            while True:
                sent = True
                result, answer = self._transmit(tpdu)
                if result != Result.DONE or not answer:
                    return result, answer
                tpdu = course.send(answer)
        except StopIteration as done:
            return Result.DONE, done.value
        except ProtocolError as error:
            effect = Effect.UNKNOWN if sent else Effect.NOT_SENT
            raise ProtocolError(error.code, effect=effect, original=error.original, **error.facts) from error

    def _transmit(self, command: bytes) -> tuple[int, bytes]:
        result, response = self.service.SCardTransmit(self._card or 0, self._protocol, list(command))
        return plain(result), bytes(response)

    def let_go(self) -> None:
        """Others may use the card again; it keeps its power and its state."""
        if self.held:
            self.held = False
            self.service.SCardEndTransaction(self._card or 0, LEAVE_CARD)

    def leave(self) -> None:
        """Give everything back."""
        self.let_go()
        if self._card is not None:
            self.service.SCardDisconnect(self._card, LEAVE_CARD)
        if self._context is not None:
            self.service.SCardReleaseContext(self._context)
        self._card = self._context = None
