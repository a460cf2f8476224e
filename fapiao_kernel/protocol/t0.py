"""APDUs over T=0 (ISO/IEC 7816-3, clause 12.2): command TPDUs out, response TPDUs back, as a course without I/O.

A command is handed to the card once. It goes out a second time in one case alone: it carried no data and the card said 6Cxx, "wrong
length, nothing done, xx is right". What is asked for after that is the answer, by GET RESPONSE.
"""

from __future__ import annotations

from collections.abc import Generator

from fapiao_kernel.domain.errors import ProtocolError
from fapiao_kernel.protocol.apdu import SHORT_LC, SHORT_LE, Command

WRONG_LE, MORE = 0x6C, 0x61
"""SW1: wrong Le, SW2 is right; SW2 bytes of answer wait (ISO/IEC 7816-4, 5.6)."""
GET_RESPONSE = 0xC0
DONE = b"\x90\x00"

Course = Generator[bytes, bytes, bytes]
"""Yields a command TPDU, is sent its response TPDU (data and status word), returns the response APDU."""


def exchange(apdu: bytes) -> Course:
    """One APDU. Raises ``ProtocolError``: ``apdu_too_long`` (more data than a TPDU holds; nothing was sent), ``protocol_apdu``
    (no APDU, or no response TPDU), ``t0_answer_lost`` (the card did it and does not give its answer out)."""
    command = Command.parse(apdu)
    if len(command.data) > SHORT_LC:
        raise ProtocolError("apdu_too_long", length=len(apdu))
    head = apdu[:4]
    if command.data:
        data, sw = _split((yield head + bytes((len(command.data),)) + command.data), 0)
    else:
        p3 = min(command.le, SHORT_LE)
        data, sw = _split((yield head + bytes((p3 % SHORT_LE,))), p3)
        right = sw[1] or SHORT_LE
        if sw[0] == WRONG_LE and not data and right <= command.le:
            data, sw = _split((yield head + sw[1:]), right)
    channel = command.cla & 0x03 if command.cla < 0x80 else 0  # ISO/IEC 7816-4, 5.4.1: other classes say nothing of it
    return (yield from _rest(bytes((channel, GET_RESPONSE, 0, 0)), data, sw, command.le))


def _rest(head: bytes, first: bytes, sw: bytes, wanted: int) -> Course:
    """What waits after ``sw``, and what came ``first`` before it, up to ``wanted`` bytes."""
    data = bytearray(first)
    if sw == DONE and wanted and not data:
        # 12.2.4: the answer is to be asked for then. A card that has none says so; that takes nothing back of what it did.
        more, said = yield from _get(head, min(wanted, SHORT_LE))
        return more + said if more and said[0] in (MORE, 0x90) else sw
    while sw[0] == MORE and len(data) < wanted:
        more, sw = yield from _get(head, min(sw[1] or SHORT_LE, wanted - len(data)))
        if not more or 0x64 <= sw[0] <= 0x6F:
            # Its status word is GET RESPONSE's own, and must not pass for the command's, which was carried out.
            raise ProtocolError("t0_answer_lost", original=sw.hex().upper())
        data += more
    return bytes(data) + sw


def _get(head: bytes, length: int) -> Generator[bytes, bytes, tuple[bytes, bytes]]:
    data, sw = _split((yield head + bytes((length % SHORT_LE,))), length)
    if sw[0] == WRONG_LE and not data and (sw[1] or SHORT_LE) <= length:
        data, sw = _split((yield head + sw[1:]), sw[1] or SHORT_LE)
    return data, sw


def _split(answer: bytes, most: int) -> tuple[bytes, bytes]:
    """Data and status word of a response TPDU."""
    if not 2 <= len(answer) <= most + 2:
        raise ProtocolError("protocol_apdu", length=len(answer))
    return answer[:-2], answer[-2:]
