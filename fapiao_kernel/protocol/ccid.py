"""The host's half of USB CCID rev. 1.1 for one slot, without I/O: commands to the reader, matched with their answers.

Each exchange is a course: a generator that yields what to send (nothing: listen on) and how many seconds the next message may take,
is sent that message (None: silence), and returns its result. Nothing is ever sent twice.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

from fapiao_kernel.domain.errors import FapiaoError, NotReachable, ProtocolError
from fapiao_kernel.protocol import atr as atr_form
from fapiao_kernel.protocol.atr import Atr
from fapiao_kernel.protocol.ccid_descriptor import HEADER, ClassDescriptor, Features
from fapiao_kernel.protocol.ccid_message import (
    DATA,
    GET_PARAMETERS,
    MUTE,
    NO_DETAIL,
    NOT_SUPPORTED,
    PARAMETERS,
    POWER_OFF,
    POWER_ON,
    SET_PARAMETERS,
    SLOT_STATUS,
    STATUS,
    TRANSFER,
    Answer,
    Icc,
    message,
    parse,
)

T = TypeVar("T")
Course = Generator[tuple[bytes, float], bytes | None, T]

ANSWER_WAIT = 5.0
"""Seconds for a reader to answer beside what the card takes (ours; libraries of readers use 3 to 5)."""
STALE = 64
"""How many answers to something else are dropped before a reader that only repeats itself is given up (ours)."""
EXTENSIONS = 250
"""How often one command may ask for more time (ours): a card that waits for ever is not waited for."""


class Slot:
    """One slot of a reader (卡槽). Courses raise ``ProtocolError`` and ``NotReachable``; the slot is not used after either."""

    def __init__(self, reader: ClassDescriptor, name: str, seq: int = 0, number: int = 0) -> None:
        """``seq``: bSeq of the first message. One that is drawn keeps a late answer to an earlier session from passing for ours."""
        self.reader = reader
        self.name = name
        self.room = reader.max_message - HEADER
        """Bytes of data that one message holds."""
        self.block_wait = 0.0
        """Seconds of one block (T=0: work) waiting time, which a time extension multiplies; known from the ATR."""
        self._number = number
        self._seq = seq

    def call(
        self, kind: int, wanted: int, detail: bytes = NO_DETAIL, data: bytes = b"", wait: float = ANSWER_WAIT
    ) -> Course[Answer]:
        """One command, and its answer, done or failed. Raises ``NotReachable`` (``device_silent``), ``ProtocolError``
        (``ccid_message``, ``protocol_garbled``)."""
        seq = self._seq
        self._seq = seq + 1 & 0xFF
        send = message(kind, self._number, seq, detail, data)
        stale = extensions = 0
        while True:
            raw = yield send, wait
            send = b""
            if raw is None:
                raise NotReachable("device_silent", where=self.name)
            answer = parse(raw)
            if answer.seq != seq or answer.kind != wanted or answer.slot != self._number:
                stale += 1
                if stale > STALE:
                    raise ProtocolError("protocol_garbled")
            elif answer.wants_time:
                extensions += 1
                if extensions > EXTENSIONS:
                    raise NotReachable("device_silent", where=self.name)
                wait = ANSWER_WAIT + self.block_wait * max(1, answer.error)
            else:
                return answer

    def transfer(self, block: bytes, level: int = 0, patience: int = 0) -> Course[Answer]:
        """XfrBlock: a block to the card and what it answers, failed or not.

        ``level``: wLevelParameter; ``patience``: bBWI, how many block waiting times the card asked for.
        """
        if len(block) > self.room:
            raise ProtocolError("apdu_too_long", length=len(block))
        detail = NO_DETAIL if not (level or patience) else bytes((patience, level & 0xFF, level >> 8))
        wait = ANSWER_WAIT + self.block_wait * max(1, patience)
        return (yield from self.call(TRANSFER, DATA, detail, block, wait))

    def status(self) -> Course[Icc]:
        """GetSlotStatus: is there a card, and has it power? Nothing of it changes."""
        answer = yield from self.call(SLOT_STATUS, STATUS)
        if answer.failed and answer.icc is not Icc.ABSENT:
            raise self.refusal(answer)
        return answer.icc

    def power_off(self) -> Course[None]:
        """IccPowerOff. That a slot is empty is no failure here."""
        yield from self.call(POWER_OFF, STATUS)

    def power_on(self) -> Course[Atr]:
        """IccPowerOn, by the lowest voltage first (ISO/IEC 7816-3, 6.2.1) when the reader does not choose itself.

        Raises ``NotReachable`` (``device_card_absent``, ``device_card_mute``), ``ProtocolError`` (``atr_damaged``, ``ccid_failed``).
        """
        for select in self._voltages():
            answer = yield from self.call(POWER_ON, DATA, bytes((select, 0, 0)))
            if not answer.failed:
                atr = atr_form.parse(answer.data)
                clock = self.reader.clock_khz
                self.block_wait = atr.block_wait(clock) if atr.protocol == 1 else atr.work_wait(clock)
                return atr
            if answer.icc is Icc.ABSENT:
                break
            yield from self.power_off()
        if answer.icc is not Icc.ABSENT and answer.error == MUTE:
            raise NotReachable("device_card_mute", where=self.name)
        raise self.refusal(answer)

    def _voltages(self) -> tuple[int, ...]:
        """bPowerSelect to try: 0 leaves it to the reader, 3 is 1.8 V, 2 is 3 V, 1 is 5 V."""
        if Features.VOLTAGE in self.reader.features:
            return (0,)
        return tuple(select for select in (3, 2, 1) if self.reader.voltages & 1 << select - 1) or (1,)

    def agree(self, atr: Atr) -> Course[int]:
        """The T that is spoken from here on: what the reader has settled by itself, else what we set.

        Raises ``ProtocolError``: ``atr_protocol`` (card and reader have none in common), ``ccid_failed``.
        """
        features = self.reader.features
        if features & (Features.PARAMETERS_FROM_ATR | Features.PARAMETERS_NEGOTIATED):
            answer = yield from self.call(GET_PARAMETERS, PARAMETERS)
            protocol = answer.detail
        else:
            protocol = atr.protocol
            if not self.reader.speaks(protocol) or protocol > 1:
                raise ProtocolError("atr_protocol", protocol=protocol)
            answer = yield from self.call(SET_PARAMETERS, PARAMETERS, bytes((protocol, 0, 0)), parameters(atr))
        if answer.failed:
            if answer.error != NOT_SUPPORTED or answer.icc is Icc.ABSENT:
                raise self.refusal(answer)
            protocol = atr.protocol
        if protocol > 1:
            raise ProtocolError("atr_protocol", protocol=protocol)
        return protocol

    def refusal(self, answer: Answer) -> FapiaoError:
        """The error that a failed answer is."""
        original = f"bStatus {answer.status:02X} bError {answer.error:02X}"
        if answer.icc is Icc.ABSENT:
            return NotReachable("device_card_absent", original=original, where=self.name)
        if answer.error == MUTE:
            return NotReachable("device_silent", original=original, where=self.name)
        return ProtocolError("ccid_failed", original=original, error=f"{answer.error:02X}")


def parameters(atr: Atr) -> bytes:
    """abProtocolDataStructure of SetParameters for the ATR's own protocol (6.1.7).

    The speed is the default one but in specific mode: we negotiate none (PPS).
    """
    fi_di = atr.fi_di if atr.specific is not None and not atr.implicit else atr_form.DEFAULT_FI_DI
    convention = 0x02 if atr.inverse else 0
    if atr.protocol == 0:
        return bytes((fi_di, convention, atr.guard, atr.wi, 0))
    return bytes((fi_di, 0x10 | convention | atr.crc, atr.guard, atr.bwi << 4 | atr.cwi, 0, atr.ifsc, 0))
