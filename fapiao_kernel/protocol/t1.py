"""The terminal's half of T=1 (ISO/IEC 7816-3, clause 11.6) as a state machine without I/O.

Whoever owns the line sends what a step says, waits, and tells what came. No command is ever handed to the card twice: what is sent
again is the very same block with the same N(S), and only when the card itself says that it still waits for it; a lost reply is
asked for by R-block. RESYNCH happens on opening alone, never inside a command, since it would make a repeated block a new one:
where the standard goes on to RESYNCH (rule 7.4.2) this terminal gives up, and the outcome is asked for after opening anew.
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
    Edc,
    information,
    parse,
    ready,
    supervisory,
)

DEFAULT_IFS = 32
"""Bytes of INF that a side takes before anything else was agreed (ISO/IEC 7816-3, 11.4.2)."""
REPAIRS = 2
"""Further attempts after a first one that failed, three in all (ISO/IEC 7816-3, 11.6.3.2: rule 7.4 for blocks, 6.4 for RESYNCH)."""
COPIES = 64
"""How many blocks that bring nothing on are taken before a line that only repeats itself is given up (ours)."""
LONGEST = 600
"""Block waiting times that one command may ask for in all (ours): a card that waits for ever is not waited for."""
MAX_REPLY = 65538
"""A response APDU has 65536 bytes of data at most, and a status word: a card that chains on is not sane."""


class Silence(Enum):
    """What ``received`` is told when the block waiting time passed without a whole block."""

    SILENCE = 0


SILENCE = Silence.SILENCE


@dataclass(frozen=True)
class Step:
    """What to do next: ``send`` these bytes (none: listen on), wait ``patience`` block waiting times; ``done``: ``reply`` is there.

    A ``patience`` of 0: nothing is awaited, tell ``SILENCE`` at once. ``drain``: what came was garbled, so let the line fall silent
    before sending.
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
    ABORTED = 6


class Terminal:
    """One card's T=1 session. ``open`` first, then ``command`` for each APDU; every step's outcome goes to ``received``.

    Raises ``ProtocolError``: ``protocol_silent`` (never a sound block), ``protocol_garbled`` (repairs used up),
    ``protocol_aborted`` (card broke off), ``protocol_order`` (used out of turn). After any of them it is closed.
    """

    def __init__(self, edc: Edc = Edc.LRC, ifsd: int = MAX_INF, ifsc: int = DEFAULT_IFS) -> None:
        """``ifsd``: bytes of INF that we take in a block, as the S(IFS request) tells the card; ``ifsc``: that the card takes, until it
        says otherwise."""
        self._edc = edc
        self._ifsd = ifsd
        self._first_ifsc = ifsc
        self._phase = _Phase.CLOSED
        self._mine = 0  # N(S) of the next I-block that we send
        self._theirs = 0  # N(S) of the I-block that we wait for
        self._ifsc = ifsc
        self._left = b""
        self._last: Block | None = None
        self._again: Block | None = None  # an S-block request of ours that is not answered yet
        self._reply = bytearray()
        self._blocks = 0
        self._tries = 0
        self._copies = 0
        self._waited = 0
        self._heard = False

    @property
    def idle(self) -> bool:
        """Whether a command may be given."""
        return self._phase is _Phase.IDLE

    def open(self) -> Step:
        """Begin: S(RESYNCH request), then S(IFS request). Done with an empty reply."""
        self._mine = self._theirs = 0
        self._ifsc = self._first_ifsc
        self._phase = _Phase.RESYNCH
        self._start()
        return self._ask(supervisory(RESYNCH, request=True))

    def command(self, apdu: bytes) -> Step:
        """Hand one command APDU over. Raises ``ProtocolError`` (``protocol_order``) when the session is not idle."""
        if not self.idle:
            raise ProtocolError("protocol_order")
        self._left = apdu
        self._reply.clear()
        self._blocks = self._waited = 0
        self._start()
        return self._next_part()

    def received(self, what: bytes | Silence) -> Step:
        """What came: one block's raw bytes, or ``SILENCE`` after the wait."""
        if self._phase in (_Phase.CLOSED, _Phase.IDLE):
            raise ProtocolError("protocol_order")
        if self._phase is _Phase.ABORTED:
            self._fail("protocol_aborted")
        if isinstance(what, Silence):
            return self._repair(OTHER_ERROR)
        try:
            block = parse(what, self._edc)
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
            return self._ask(supervisory(IFS, bytes((self._ifsd,)), request=True))
        self._phase = _Phase.IDLE
        return Step(done=True)

    # --- sending ---------------------------------------------------------------------------------------------------

    def _next_part(self) -> Step:
        part, self._left = self._left[: self._ifsc], self._left[self._ifsc :]
        block = information(self._mine, part, more=bool(self._left))
        self._phase = _Phase.SENDING if self._left else _Phase.RECEIVING
        self._mine ^= 1
        self._last = block
        return self._say(block)

    def _on_ready(self, block: Block) -> Step:
        assert self._last is not None
        if self._last.is_information and block.sequence == self._last.sequence:
            # The card says that it still waits for this very block: it never took it.
            self._count()
            return self._say(self._last)
        if self._last.more and block.sequence == self._mine:
            self._start()
            return self._next_part()
        if self._last.is_ready:
            # Our R-block (an acknowledgement in the card's chain) did not arrive soundly.
            self._count()
            return self._say(self._last)
        return self._repair(OTHER_ERROR)

    # --- receiving -------------------------------------------------------------------------------------------------

    def _on_information(self, block: Block) -> Step:
        if block.sequence != self._theirs:
            return self._drop()  # a copy of what we have, sent again because our R-block and the reply crossed
        if self._phase is _Phase.SENDING:
            return self._fail("protocol_garbled")  # an answer to half a command
        self._theirs ^= 1
        self._reply += block.inf
        self._blocks += 1
        if max(len(self._reply), self._blocks) > MAX_REPLY:  # a card may chain empty blocks, too
            return self._fail("protocol_garbled")
        self._start()
        if not block.more:
            self._phase = _Phase.IDLE
            return Step(done=True, reply=bytes(self._reply))
        self._last = ready(self._theirs)
        return self._say(self._last)

    # --- supervision -----------------------------------------------------------------------------------------------

    def _supervised(self, block: Block) -> Step:
        """A request of the card is granted with its own INF (rules 3, 4 and 9); RESYNCH is the terminal's alone (rule 6.1)."""
        if not block.request or block.kind == RESYNCH:
            return self._repair(OTHER_ERROR)
        if block.kind == IFS and not 1 <= block.inf[0] <= MAX_INF:
            return self._repair(OTHER_ERROR)
        answer = supervisory(block.kind, block.inf, request=False)
        if block.kind == ABORT:
            self._phase = _Phase.ABORTED
            return Step(answer.encode(self._edc), patience=0)
        if block.kind == WTX:
            patience = max(1, block.inf[0])
            self._waited += patience
            if self._waited > LONGEST:
                return self._fail("protocol_silent")
            self._tries = 0
            return self._say(answer, patience)
        self._bear_with()
        self._ifsc = block.inf[0]
        return self._say(answer)

    # --- repair ----------------------------------------------------------------------------------------------------

    def _repair(self, error: int) -> Step:
        self._count()
        wanted = self._again or ready(self._theirs, error)
        return Step(wanted.encode(self._edc), drain=error == EDC_ERROR)

    def _drop(self) -> Step:
        self._bear_with()
        return Step()

    def _bear_with(self) -> None:
        self._copies += 1
        if self._copies > COPIES:
            self._fail("protocol_garbled")

    def _ask(self, block: Block) -> Step:
        self._again = block
        return self._say(block)

    def _say(self, block: Block, patience: int = 1) -> Step:
        return Step(block.encode(self._edc), patience=patience)

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
