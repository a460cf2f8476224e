"""T=1 blocks (ISO/IEC 7816-3, clause 11): NAD, PCB, LEN, INF, LRC. Note: docs/protocol/practice-card.md, section 2."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce
from operator import xor

from fapiao_kernel.domain.errors import ProtocolError

MAX_INF = 254
HEADER = 3
MORE, SEQUENCE = 0x20, 0x40
RESYNCH, IFS, ABORT, WTX = 0, 1, 2, 3
NO_ERROR, EDC_ERROR, OTHER_ERROR = 0, 1, 2


@dataclass(frozen=True)
class Block:
    """One block. ``inf`` may carry a PIN, so it stays out of ``repr``. Build with ``information``, ``ready`` and ``supervisory``."""

    pcb: int
    inf: bytes = field(default=b"", repr=False)
    nad: int = 0

    @property
    def is_information(self) -> bool:
        return not self.pcb & 0x80

    @property
    def is_ready(self) -> bool:
        return self.pcb & 0xC0 == 0x80

    @property
    def is_supervisory(self) -> bool:
        return self.pcb & 0xC0 == 0xC0

    @property
    def sequence(self) -> int:
        """N(S) of an I-block, N(R) of an R-block."""
        return bool(self.pcb & (SEQUENCE if self.is_information else 0x10))

    @property
    def more(self) -> bool:
        """An I-block that another one continues."""
        return self.is_information and bool(self.pcb & MORE)

    @property
    def request(self) -> bool:
        """An S-block that asks (else it answers)."""
        return self.is_supervisory and not self.pcb & 0x20

    @property
    def kind(self) -> int:
        """Which S-block: RESYNCH, IFS, ABORT, WTX."""
        return self.pcb & 0x1F

    def encode(self) -> bytes:
        body = bytes((self.nad, self.pcb, len(self.inf))) + self.inf
        return body + bytes((lrc(body),))


def information(sequence: int, inf: bytes, more: bool = False) -> Block:
    """I-block."""
    if len(inf) > MAX_INF:
        raise ValueError("INF is longer than 254 bytes")
    return Block((SEQUENCE if sequence else 0) | (MORE if more else 0), inf)


def ready(sequence: int, error: int = NO_ERROR) -> Block:
    """R-block: ``sequence`` is the N(S) of the block that is wanted next."""
    return Block(0x80 | (0x10 if sequence else 0) | error)


def supervisory(kind: int, inf: bytes = b"", *, request: bool) -> Block:
    """S-block."""
    return Block(0xC0 | (0 if request else 0x20) | kind, inf)


def lrc(data: bytes) -> int:
    """Longitudinal redundancy check: the exclusive-or of all bytes."""
    return reduce(xor, data, 0)


def parse(raw: bytes) -> Block:
    """The one block that these bytes are. Raises ``ProtocolError`` (``protocol_block``) for anything else."""
    if len(raw) < HEADER + 1 or raw[2] > MAX_INF or len(raw) != HEADER + raw[2] + 1 or lrc(raw):
        raise ProtocolError("protocol_block", length=len(raw))
    block = Block(raw[1], raw[HEADER:-1], raw[0])
    if block.nad or not _well_formed(block):
        raise ProtocolError("protocol_block", length=len(raw))
    return block


def _well_formed(block: Block) -> bool:
    if block.is_information:
        return not block.pcb & 0x1F
    if block.is_ready:
        return not block.pcb & 0x20 and block.pcb & 0x0F <= OTHER_ERROR and not block.inf
    if block.kind > WTX:
        return False
    return len(block.inf) == (1 if block.kind in (IFS, WTX) else 0)


class Collector:
    """Gathers bytes into blocks. ``missing`` is how many bytes the block under way still wants at the least."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    @property
    def missing(self) -> int:
        have = len(self._bytes)
        if have < HEADER:
            return HEADER + 1 - have
        return HEADER + self._bytes[2] + 1 - have

    @property
    def empty(self) -> bool:
        return not self._bytes

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take bytes; gives each whole block as raw bytes, sound or not."""
        self._bytes += data
        while len(self._bytes) > HEADER and self.missing <= 0:
            end = HEADER + self._bytes[2] + 1
            raw, self._bytes = bytes(self._bytes[:end]), self._bytes[end:]
            yield raw

    def reset(self) -> None:
        """Forget a block that never became whole."""
        self._bytes.clear()
