"""The terminal's half of T=1 (ISO/IEC 7816-3, clause 11.6) as a state machine without I/O.

Whoever owns the line sends what a step says, waits, and tells what came. No command is ever handed to the card twice: what is sent
again is the very same block with the same N(S), and only when the card itself says that it still waits for it; a lost reply is
asked for by R-block. RESYNCH happens on opening alone, never inside a command, since it would make a repeated block a new one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from fapiao_kernel.domain.errors import ProtocolError
from fapiao_kernel.protocol.t1_block import (
    ABORT,
    EDC_ERROR,
    IFS,
    MAX_INF,
    OTHER_ERROR,
    RESYNCH,
    WTX,
    Block,
    information,
    parse,
    ready,
    supervisory,
)

DEFAULT_IFS = 32
"""Bytes of INF that a side takes before anything else was agreed (ISO/IEC 7816-3, 11.4.2)."""
REPAIRS = 3
"""How often a block is asked for again before the terminal gives up (ISO/IEC 7816-3, 11.6.3.2 rule 7)."""
COPIES = 64
"""How many blocks nobody asked for are dropped before a line that only repeats itself is given up (ours)."""
EXTENSIONS = 250
"""How often one command may ask for more time (ours): a card that waits for ever is not waited for."""
MAX_REPLY = 65538
"""A response APDU has 65536 bytes of data at most, and a status word: a card that chains on is not sane."""


class Silence(Enum):
    """What ``received`` is told when the block waiting time passed without a whole block."""

    SILENCE = 0


SILENCE = Silence.SILENCE


@dataclass(frozen=True)
class Step:
    """What to do next: ``send`` these bytes (none: listen on), wait ``patience`` block waiting times; ``done``: ``reply`` is there.

    ``drain``: what came was garbled, so let the line fall silent before sending.
    """

    send: bytes = field(default=b"", repr=False)
    drain: bool = False
    patience: int = 1
    done: bool = False
    reply: bytes = field(default=b"", repr=False)


class _Phase(Enum):
    CLOSED = 0
    RESYNCH = 1
    IFS = 2
    IDLE = 3
    SENDING = 4
    RECEIVING = 5


class Terminal:
    """One card's T=1 session. ``open`` first, then ``command`` for each APDU; every step's outcome goes to ``received``.

    Raises ``ProtocolError``: ``protocol_silent`` (never a sound block), ``protocol_garbled`` (repairs used up),
    ``protocol_aborted`` (card broke off), ``protocol_order`` (used out of turn). After any of them it is closed.
    """

    def __init__(self) -> None:
        self._phase = _Phase.CLOSED
        self._mine = 0  # N(S) of the next I-block that we send
        self._theirs = 0  # N(S) of the I-block that we wait for
        self._ifsc = DEFAULT_IFS
        self._left = b""
        self._last: Block | None = None
        self._again: Block | None = None  # an S-block request of ours that is not answered yet
        self._reply = bytearray()
        self._tries = 0
        self._copies = 0
        self._extensions = 0
        self._heard = False

    @property
    def idle(self) -> bool:
        """Whether a command may be given."""
        return self._phase is _Phase.IDLE

    def open(self) -> Step:
        """Begin: S(RESYNCH request), then S(IFS request). Done with an empty reply."""
        self._mine = self._theirs = 0
        self._ifsc = DEFAULT_IFS
        self._phase = _Phase.RESYNCH
        self._start()
        return self._ask(supervisory(RESYNCH, request=True))

    def command(self, apdu: bytes) -> Step:
        """Hand one command APDU over. Raises ``ProtocolError`` (``protocol_order``) when the session is not idle."""
        if not self.idle:
            raise ProtocolError("protocol_order")
        self._left = apdu
        self._reply.clear()
        self._extensions = 0
        self._start()
        return self._next_part()

    def received(self, what: bytes | Silence) -> Step:
        """What came: one block's raw bytes, or ``SILENCE`` after the wait."""
        if self._phase in (_Phase.CLOSED, _Phase.IDLE):
            raise ProtocolError("protocol_order")
        if isinstance(what, Silence):
            return self._repair(OTHER_ERROR)
        try:
            block = parse(what)
        except ProtocolError:
            self._heard = True
            return self._repair(EDC_ERROR)
        self._heard = True
        if self._phase in (_Phase.RESYNCH, _Phase.IFS):
            return self._opening(block)
        if block.is_supervisory:
            return self._supervised(block)
        return self._on_ready(block) if block.is_ready else self._on_information(block)

    # --- opening ---------------------------------------------------------------------------------------------------

    def _opening(self, block: Block) -> Step:
        """Anything but the answer awaited is left over from before we opened, and is dropped."""
        assert self._again is not None
        if not block.is_supervisory or block.request or block.kind != self._again.kind or block.inf != self._again.inf:
            return self._drop()
        self._start()
        if self._phase is _Phase.RESYNCH:
            self._phase = _Phase.IFS
            return self._ask(supervisory(IFS, bytes((MAX_INF,)), request=True))
        self._phase = _Phase.IDLE
        return Step(done=True)

    # --- sending ---------------------------------------------------------------------------------------------------

    def _next_part(self) -> Step:
        part, self._left = self._left[: self._ifsc], self._left[self._ifsc :]
        block = information(self._mine, part, more=bool(self._left))
        self._phase = _Phase.SENDING if self._left else _Phase.RECEIVING
        self._mine ^= 1
        self._last = block
        return Step(block.encode())

    def _on_ready(self, block: Block) -> Step:
        assert self._last is not None
        if self._last.is_information and block.sequence == self._last.sequence:
            # The card says that it still waits for this very block: it never took it.
            self._count()
            return Step(self._last.encode())
        if self._last.more and block.sequence == self._mine:
            self._start()
            return self._next_part()
        if self._last.is_ready:
            # Our R-block (an acknowledgement in the card's chain) did not arrive soundly.
            self._count()
            return Step(self._last.encode())
        return self._repair(OTHER_ERROR)

    # --- receiving -------------------------------------------------------------------------------------------------

    def _on_information(self, block: Block) -> Step:
        if block.sequence != self._theirs:
            return self._drop()  # a copy of what we have, sent again because our R-block and the reply crossed
        if self._phase is _Phase.SENDING:
            return self._fail("protocol_garbled")  # an answer to half a command
        self._theirs ^= 1
        self._reply += block.inf
        if len(self._reply) > MAX_REPLY:
            return self._fail("protocol_garbled")
        self._start()
        if not block.more:
            self._phase = _Phase.IDLE
            return Step(done=True, reply=bytes(self._reply))
        self._last = ready(self._theirs)
        return Step(self._last.encode())

    # --- supervision -----------------------------------------------------------------------------------------------

    def _supervised(self, block: Block) -> Step:
        if not block.request or block.kind == RESYNCH:
            return self._repair(OTHER_ERROR)
        answer = Step(supervisory(block.kind, block.inf, request=False).encode())
        if block.kind == ABORT:
            self._phase = _Phase.CLOSED
            raise ProtocolError("protocol_aborted")
        if block.kind == WTX:
            self._extensions += 1
            if self._extensions > EXTENSIONS:
                return self._fail("protocol_silent")
            self._tries = 0
            return Step(answer.send, patience=max(1, block.inf[0]))
        if not 1 <= block.inf[0] <= MAX_INF:
            return self._repair(OTHER_ERROR)
        self._ifsc = block.inf[0]
        return answer

    # --- repair ----------------------------------------------------------------------------------------------------

    def _repair(self, error: int) -> Step:
        self._count()
        wanted = self._again or ready(self._theirs, error)
        return Step(wanted.encode(), drain=error == EDC_ERROR)

    def _drop(self) -> Step:
        self._copies += 1
        return Step() if self._copies <= COPIES else self._fail("protocol_garbled")

    def _ask(self, block: Block) -> Step:
        self._again = block
        return Step(block.encode())

    def _start(self) -> None:
        self._tries = self._copies = 0
        self._heard = False
        self._again = None

    def _count(self) -> None:
        self._tries += 1
        if self._tries > REPAIRS:
            self._fail("protocol_garbled" if self._heard else "protocol_silent")

    def _fail(self, code: str) -> Step:
        self._phase = _Phase.CLOSED
        raise ProtocolError(code)
