"""T=1 blocks (ISO/IEC 7816-3, clause 11): NAD, PCB, LEN, INF, EDC. Note: docs/protocol/practice-card.md, section 2."""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from fapiao_kernel.domain.errors import ProtocolError

MAX_INF = 254
"""LEN goes from 0 to 254; 255 is kept for later use (ISO/IEC 7816-3, 11.3.2.3)."""
HEADER = 3
MORE, SEQUENCE = 0x20, 0x40
RESYNCH, IFS, ABORT, WTX = 0, 1, 2, 3
NO_ERROR, EDC_ERROR, OTHER_ERROR = 0, 1, 2


class Edc(Enum):
    """The error detection code at a block's end (校验, ISO/IEC 7816-3, 11.4.4): a card's ATR says which, LRC unless it does."""

    LRC = "lrc"
    CRC = "crc"

    @property
    def length(self) -> int:
        """Bytes."""
        return 1 if self is Edc.LRC else 2

    def of(self, body: bytes) -> bytes:
        """The code over NAD, PCB, LEN and INF, as sent."""
        return bytes((lrc(body),)) if self is Edc.LRC else crc(body)


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

    def encode(self, edc: Edc = Edc.LRC) -> bytes:
        body = bytes((self.nad, self.pcb, len(self.inf))) + self.inf
        return body + edc.of(body)


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
    """Longitudinal redundancy check: the exclusive-or of all bytes. Folded as one number: byte by byte costs ten times that."""
    folded, shift = int.from_bytes(data, "little"), 8
    while shift < 8 * len(data):
        folded ^= folded >> shift
        shift *= 2
    return folded & 0xFF


_MIRROR = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Each byte with its bits in the other order: on the line, and so in the CRC, bit 1 comes first."""


def crc(data: bytes) -> bytes:
    """The 16-bit frame check of ISO/IEC 13239: x^16 + x^12 + x^5 + 1 from all ones, complemented, highest power sent first.

    With bit 1 first on the line that is CRC-16/X-25, low byte first: 6E 90 for ``123456789``.
    """
    return (crc_hqx(data.translate(_MIRROR), 0xFFFF) ^ 0xFFFF).to_bytes(2, "big").translate(_MIRROR)


def parse(raw: bytes, edc: Edc = Edc.LRC) -> Block:
    """The one block that these bytes are. Raises ``ProtocolError`` (``protocol_block``) for anything else."""
    end = len(raw) - edc.length
    if end < HEADER or raw[2] > MAX_INF or end != HEADER + raw[2] or edc.of(raw[:end]) != raw[end:]:
        raise ProtocolError("protocol_block", length=len(raw))
    block = Block(raw[1], raw[HEADER:end], raw[0])
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

    def __init__(self, edc: Edc = Edc.LRC) -> None:
        self._bytes = bytearray()
        self._around = HEADER + edc.length

    @property
    def missing(self) -> int:
        have = len(self._bytes)
        if have < HEADER:
            return self._around - have
        return self._around + self._bytes[2] - have

    @property
    def empty(self) -> bool:
        return not self._bytes

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take bytes; gives each whole block as raw bytes, sound or not."""
        self._bytes += data
        while len(self._bytes) > HEADER and self.missing <= 0:
            end = self._around + self._bytes[2]
            raw, self._bytes = bytes(self._bytes[:end]), self._bytes[end:]
            yield raw

    def reset(self) -> None:
        """Forget a block that never became whole."""
        self._bytes.clear()
