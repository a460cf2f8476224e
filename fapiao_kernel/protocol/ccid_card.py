"""Command APDUs to the card behind a CCID reader, by the reader's exchange level (交换层次): extended, short, or TPDU with T=1 or T=0."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from fapiao_kernel.domain.errors import NotReachable, ProtocolError
from fapiao_kernel.protocol import t0
from fapiao_kernel.protocol.apdu import SHORT_LC, SHORT_LE, Command
from fapiao_kernel.protocol.atr import Atr
from fapiao_kernel.protocol.ccid import Course, Slot
from fapiao_kernel.protocol.ccid_descriptor import Features
from fapiao_kernel.protocol.ccid_message import GARBLED, MUTE, Icc
from fapiao_kernel.protocol.t1 import MAX_REPLY, SILENCE, Silence, Step, Terminal
from fapiao_kernel.protocol.t1_block import Edc

WHOLE, BEGINS, ENDS, GOES_ON, EMPTY = 0x00, 0x01, 0x02, 0x03, 0x10
"""wLevelParameter and bChainParameter: which part of an APDU a block is; EMPTY: none, the next one is wanted (6.1.4, 6.2.1)."""

Exchange = Callable[[bytes], Course[bytes]]
"""A command APDU's course to its response APDU."""


def start(slot: Slot) -> Course[tuple[Atr, Exchange]]:
    """Power the card off and on, so that nothing of another session is left in it, and begin to talk.

    Raises ``NotReachable`` (``device_card_absent``, ``device_card_mute``, ``device_silent``), ``ProtocolError`` (``atr_damaged``,
    ``atr_protocol``, ``ccid_level``, ``ccid_failed``, ``ccid_message``, and what ``t1.Terminal`` raises).
    """
    level = slot.reader.level
    if level is None:
        raise ProtocolError("ccid_level")
    if (yield from slot.status()) is Icc.ABSENT:
        raise NotReachable("device_card_absent", where=slot.name)
    yield from slot.power_off()
    atr = yield from slot.power_on()
    protocol = yield from slot.agree(atr)
    if level is Features.EXTENDED_APDU:
        return atr, partial(extended, slot)
    if level is Features.SHORT_APDU:
        return atr, partial(short, slot)
    if protocol == 0:
        return atr, partial(over_t0, slot)
    terminal = Terminal(Edc.CRC if atr.crc else Edc.LRC, slot.reader.max_ifsd, atr.ifsc)
    yield from _over_t1(slot, terminal, terminal.open())
    return atr, partial(over_t1, slot, terminal)


def extended(slot: Slot, apdu: bytes) -> Course[bytes]:
    """An APDU as it is; in parts when it is longer than a message. Raises ``ProtocolError`` (``ccid_chain``, …)."""
    room = slot.room
    for at in range(0, len(apdu) - room, room):
        answer = yield from slot.transfer(apdu[at : at + room], GOES_ON if at else BEGINS)
        if answer.failed:
            raise slot.refusal(answer)
        if answer.detail != EMPTY or answer.data:
            raise ProtocolError("ccid_chain")
    left = (len(apdu) - 1) // room * room
    answer = yield from slot.transfer(apdu[left:] if left else apdu, ENDS if left else WHOLE)
    if answer.failed:
        raise slot.refusal(answer)
    if answer.detail == WHOLE:
        return _reply(answer.data)
    if answer.detail != BEGINS:
        raise ProtocolError("ccid_chain")
    reply = bytearray(answer.data)
    while answer.detail != ENDS:
        answer = yield from slot.transfer(b"", EMPTY)
        if answer.failed:
            raise slot.refusal(answer)
        if answer.detail not in (GOES_ON, ENDS) or not answer.data or len(reply) > MAX_REPLY:
            raise ProtocolError("ccid_chain")
        reply += answer.data
    return _reply(bytes(reply))


def short(slot: Slot, apdu: bytes) -> Course[bytes]:
    """An APDU in its short form. Raises ``ProtocolError`` (``apdu_too_long``) when it has none; nothing was sent then."""
    command = Command.parse(apdu)
    if len(command.data) > SHORT_LC or command.le > SHORT_LE:
        raise ProtocolError("apdu_too_long", length=len(apdu))
    return _reply((yield from _block(slot, command.encode())))


def over_t0(slot: Slot, apdu: bytes) -> Course[bytes]:
    """An APDU by the TPDUs of T=0; see ``t0.exchange``."""
    course = t0.exchange(apdu)
    try:
        tpdu = next(course)
        while True:
            tpdu = course.send((yield from _block(slot, tpdu)))
    except StopIteration as done:
        return bytes(done.value)


def over_t1(slot: Slot, terminal: Terminal, apdu: bytes) -> Course[bytes]:
    """An APDU by the blocks of T=1; see ``t1.Terminal``."""
    return _reply((yield from _over_t1(slot, terminal, terminal.command(apdu))))


def _over_t1(slot: Slot, terminal: Terminal, step: Step) -> Course[bytes]:
    while not step.done:
        came: bytes | Silence = SILENCE  # a reader listens only after a block: nothing to send is nothing to hear
        if step.send and step.patience:
            answer = yield from slot.transfer(step.send, patience=step.patience if step.patience > 1 else 0)
            if not answer.failed:
                came = answer.data
            elif answer.icc is Icc.ABSENT or answer.error not in (MUTE, *GARBLED):
                raise slot.refusal(answer)
            elif answer.error != MUTE:
                came = b""
        step = terminal.received(came)
    return step.reply


def _block(slot: Slot, block: bytes) -> Course[bytes]:
    answer = yield from slot.transfer(block)
    if answer.failed:
        raise slot.refusal(answer)
    return answer.data


def _reply(data: bytes) -> bytes:
    if not 2 <= len(data) <= MAX_REPLY:
        raise ProtocolError("protocol_apdu", length=len(data))
    return data
