"""APDUs (应用协议数据单元, ISO/IEC 7816-4): command and response, short and extended. Bytes in, bytes out."""

from __future__ import annotations

from dataclasses import dataclass, field

from fapiao_kernel.domain.errors import ProtocolError

SHORT_LC, SHORT_LE = 255, 256
EXTENDED_LC, EXTENDED_LE = 65535, 65536


@dataclass(frozen=True)
class Command:
    """A command APDU. ``le`` is how many bytes are wanted back at most (Ne), 0 for none; 256 and 65536 are their forms' 'all'.

    ``data`` may be a PIN or a payload, so it stays out of ``repr``.
    """

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = field(default=b"", repr=False)
    le: int = 0

    def __post_init__(self) -> None:
        if not all(0 <= b <= 0xFF for b in (self.cla, self.ins, self.p1, self.p2)):
            raise ValueError("CLA, INS, P1 and P2 are bytes")
        if len(self.data) > EXTENDED_LC or not 0 <= self.le <= EXTENDED_LE:
            raise ValueError("data or Le too long for an APDU")

    def encode(self) -> bytes:
        """Short form where it is enough, else extended."""
        head = bytes((self.cla, self.ins, self.p1, self.p2))
        lc = len(self.data)
        if lc <= SHORT_LC and self.le <= SHORT_LE:
            body = bytes((lc,)) + self.data if lc else b""
            return head + body + (bytes((self.le % SHORT_LE,)) if self.le else b"")
        body = lc.to_bytes(2, "big") + self.data if lc else b""
        return head + b"\x00" + body + ((self.le % EXTENDED_LE).to_bytes(2, "big") if self.le else b"")

    @classmethod
    def parse(cls, raw: bytes) -> Command:
        """The command that these bytes are. Raises ``ProtocolError`` (``protocol_apdu``)."""
        if len(raw) < 4:
            raise ProtocolError("protocol_apdu", length=len(raw))
        data, le = _body(raw[4:])
        return cls(raw[0], raw[1], raw[2], raw[3], data, le)


def _body(body: bytes) -> tuple[bytes, int]:
    """Data and Le of an APDU body: the cases of ISO/IEC 7816-3, 12.1.3."""
    if not body:
        return b"", 0
    if len(body) == 1:
        return b"", body[0] or SHORT_LE
    if body[0]:
        return _split(body[1:], body[0], 1, SHORT_LE)
    if len(body) < 3:
        raise ProtocolError("protocol_apdu", length=len(body) + 4)
    number = int.from_bytes(body[1:3], "big")
    if len(body) == 3:
        return b"", number or EXTENDED_LE
    return _split(body[3:], number, 2, EXTENDED_LE)


def _split(rest: bytes, lc: int, le_size: int, le_all: int) -> tuple[bytes, int]:
    data, le = rest[:lc], rest[lc:]
    if lc == 0 or len(data) < lc or len(le) not in (0, le_size):
        raise ProtocolError("protocol_apdu", length=len(rest) + 4)
    return data, (int.from_bytes(le, "big") or le_all) if le else 0


@dataclass(frozen=True)
class Response:
    """A response APDU: data and status word (SW1 SW2)."""

    data: bytes = field(repr=False)
    sw: int

    @property
    def ok(self) -> bool:
        return self.sw == 0x9000

    @property
    def status(self) -> str:
        """The status word as four hex digits, as people write it."""
        return f"{self.sw:04X}"

    def encode(self) -> bytes:
        return self.data + self.sw.to_bytes(2, "big")

    @classmethod
    def parse(cls, raw: bytes) -> Response:
        """Raises ``ProtocolError`` (``protocol_apdu``) when there is no status word, or SW1 is none (not 6x, not 9x)."""
        if not 2 <= len(raw) <= EXTENDED_LE + 2 or raw[-2] >> 4 not in (6, 9) or raw[-2] == 0x60:
            raise ProtocolError("protocol_apdu", length=len(raw))
        return cls(raw[:-2], int.from_bytes(raw[-2:], "big"))
