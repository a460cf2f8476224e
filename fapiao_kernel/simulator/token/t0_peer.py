"""The card's half of T=0 as a reader at TPDU level sees it (ISO/IEC 7816-3 section 12), without I/O. Note: docs/protocol/usb-token.md,
section 4."""

from __future__ import annotations

from collections.abc import Callable

Ask = Callable[[bytes], bytes | None]
"""The card behind: a command APDU in, its response out, None when it stays mute."""


class T0Peer:
    """One session of one card."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._held = b""  # data that wait for GET RESPONSE
        self._after = b""  # the status word that follows them
        self._wrong: tuple[bytes, bytes] | None = None  # header refused with 6Cxx, and the answer it will get
        self._envelope = b""

    @property
    def holds(self) -> bool:
        """Whether a part of the answer still waits for GET RESPONSE."""
        return bool(self._held)

    def feed(self, tpdu: bytes) -> bytes | None:
        """The answer to one command TPDU; None: mute."""
        if len(tpdu) < 4:
            return None
        header, p3 = tpdu[:4], tpdu[4] if len(tpdu) > 4 else 0
        data = tpdu[5:]
        if data and len(data) != p3:
            return None  # the procedure byte would ask for bytes that never come
        wrong, self._wrong = self._wrong, None
        if header[1] == 0xC0:
            return self._get_response(p3 or 256)
        self._held = b""
        if header[1] == 0xC2:
            return self._enveloped(data)
        self._envelope = b""
        if data:
            return self._offered(self._ask(wide(header, data)))
        if len(tpdu) == 5 and wrong is not None and wrong[0] == header and len(wrong[1]) - 2 == (p3 or 256):
            return wrong[1]
        everything = len(tpdu) == 5 and not p3  # 256, or more: the card cannot tell
        return self._outgoing(header, self._ask(header + bytes(3) if everything else tpdu), p3 or 256)

    def _outgoing(self, header: bytes, answer: bytes | None, wanted: int) -> bytes | None:
        if answer is None or len(answer) <= 2 or len(answer) - 2 == wanted:
            return answer
        if len(answer) - 2 > wanted:
            return self._offered(answer)
        self._wrong = (header, answer)
        return bytes([0x6C, (len(answer) - 2) & 0xFF])

    def _offered(self, answer: bytes | None) -> bytes | None:
        if answer is None or len(answer) <= 2:
            return answer
        self._held, self._after = answer[:-2], answer[-2:]
        return self._waiting()

    def _waiting(self) -> bytes:
        return bytes([0x61, len(self._held) if len(self._held) < 256 else 0])

    def _get_response(self, wanted: int) -> bytes:
        if not self._held:
            return b"\x69\x85"
        if wanted > len(self._held):
            return bytes([0x6C, len(self._held)])
        part, self._held = self._held[:wanted], self._held[wanted:]
        return part + (self._waiting() if self._held else self._after)

    def _enveloped(self, part: bytes) -> bytes | None:
        """ENVELOPE: parts of one APDU; a part of less than 255 bytes, or an empty one, ends it."""
        self._envelope += part
        if len(part) == 255:
            return b"\x90\x00"
        apdu, self._envelope = self._envelope, b""
        return self._offered(self._ask(apdu))


def wide(header: bytes, data: bytes) -> bytes:
    """The APDU in extended form with Le 65536: a T=0 card is not told how much is wanted."""
    return header + b"\0" + len(data).to_bytes(2, "big") + data + b"\0\0"
