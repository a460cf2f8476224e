"""Driver ``example-tlv``: ``ports.Card`` over the example card's language (README.md)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

from fapiao_kernel.devices.plug import DriverCan, DriverSpec, Link, Secret
from fapiao_kernel.domain.card import (
    CardIdentity,
    CardProfile,
    CardState,
    Evidence,
    Monitoring,
    MonthStatistics,
    Volume,
)
from fapiao_kernel.domain.clearing import Outcome
from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.errors import NotReachable, OutcomeUnknown, ProtocolError, Refused, UsageError
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.domain.invoice import DEVICE_TYPES, InvoiceType
from fapiao_kernel.domain.money import from_fen
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import Answer, Progress, Summary

CLA, STATE, TOTALS, PIN, REPORT, SUMMARY, CLEAR = 0x80, 0x10, 0x12, 0x20, 0x30, 0x32, 0x40
PIN_DIGITS, PAYLOAD, SEALED = 8, 29, 320
FEW = 3
"""At so many PIN tries left, none is spent any more unless by name (ports.Card)."""
DONE, ALREADY = b"\x90\x00", b"\x69\x01"
REFUSALS = {
    "6700": "card_length", "6982": "card_pin_needed", "6983": "pin_blocked", "6985": "card_conditions", "6A80": "card_data",
    "6A83": "card_no_record", "6D00": "card_no_command", "6E00": "card_no_command", "9302": "card_mac", "9403": "card_key_version",
}  # fmt: skip
"""Status words with which the card says that it did nothing. Any other says nothing about what it did."""
PROFILE = CardProfile("示例盘", tuple((kind,) for kind in DEVICE_TYPES))
KNOWN = dict.fromkeys(("state", "totals", "verify_pin", "report", "summary", "clear"), Evidence.ASSUMED)


class ExampleCard:
    """One example card over one link."""

    def __init__(self, link: Link, address: str) -> None:
        self._link, self._address = link, address

    @property
    def address(self) -> str:
        return self._address

    @property
    def profile(self) -> CardProfile:
        return PROFILE

    def evidence(self) -> Mapping[str, Evidence]:
        return KNOWN

    def read_state(self) -> CardState:
        return self._state()[0]

    def _state(self) -> tuple[CardState, dict[InvoiceType, int]]:
        """The state, and each type's record number."""
        try:
            fields = list(_fields(_sound(self._read(STATE))))
            plain = {tag: value for tag, value in fields if tag != 0x10}
            records = [_record(dict(_fields(value))) for tag, value in fields if tag == 0x10]
            identity = CardIdentity(
                plain[0x01].decode("ascii"), plain[0x02].decode("ascii"), plain[0x03].decode("ascii"),
                plain[0x04].decode("gb18030"), _day(plain[0x05]), simulated=plain[0x02].startswith(b"9999"),
            )  # fmt: skip
            clock = datetime.strptime(plain[0x06].decode("ascii"), "%Y%m%d%H%M%S")
            state = CardState(identity, clock, tuple(records), plain[0x07][0])
        except (KeyError, IndexError, ValueError) as error:
            raise ProtocolError("protocol_record", effect=Effect.NOT_SENT, field="state") from error
        return state, {record.invoice_type: number for number, record in enumerate(records, 1)}

    def read_statistics(self) -> tuple[MonthStatistics, ...]:
        try:
            return tuple(_totals(dict(_fields(value))) for _, value in _fields(_sound(self._read(TOTALS))))
        except (KeyError, IndexError, ValueError) as error:
            raise ProtocolError("protocol_record", effect=Effect.NOT_SENT, field="totals") from error

    def read_volumes(self) -> tuple[Volume, ...]:
        return ()  # this card does not tell them

    def read_details(
        self, units: Sequence[ClearUnit], progress: Progress | None = None
    ) -> tuple[InvoiceDetail, ...] | None:
        return None  # this card cannot list them

    def verify_pin(self, pin: str, *, spend_low_tries: bool = False) -> None:
        if not (len(pin) == PIN_DIGITS and pin.isascii() and pin.isdecimal()):
            raise Refused("pin_form")
        left = self.read_state().pin_tries or 0
        if left == 0:
            raise Refused("pin_blocked", effect=Effect.NOT_SENT)
        if left <= FEW and not spend_low_tries:
            raise Refused("pin_tries_low", left=left)
        try:
            answer = self._change(PIN, 0, pin.encode("ascii"), "card_status_unknown")
        except OutcomeUnknown as error:
            raise NotReachable("pin_answer_lost", original=error.original) from error
        status = answer[-2:].hex().upper()
        if status.startswith("63C") and status != "63C0":
            raise Refused("pin_wrong", original=f"SW {status}", left=int(status[3], 16))
        if answer[-2:] != DONE:
            raise _refused("6983" if status == "63C0" else status)

    def report(self, types: tuple[InvoiceType, ...]) -> Summary:
        kind, record, periods = self._only(types)
        answer = self._change(REPORT, record, b"", "outcome_unknown_report", type=kind.zh)
        status = answer[-2:].hex().upper()
        if status in REFUSALS:
            raise _refused(status)
        try:
            if answer[-2:] != DONE:
                raise ProtocolError("protocol_record", field="status")
            return Summary(types, periods, _sealed(answer[:-2]))
        except ProtocolError as error:
            raise OutcomeUnknown("outcome_unknown_report", original=f"SW {status}", type=kind.zh) from error

    def read_summary(self, types: tuple[InvoiceType, ...]) -> Summary | None:
        _, record, periods = self._only(types)
        try:
            return Summary(types, periods, _sealed(self._read(SUMMARY, record)))
        except Refused as error:
            if error.code == "card_conditions":
                return None
            raise

    def clear(self, types: tuple[InvoiceType, ...], payload: bytes) -> Answer:
        if len(payload) != PAYLOAD:
            raise Refused("card_payload", length=len(payload))
        kind, record, _ = self._only(types)
        answer = self._change(CLEAR, record, payload, "outcome_unknown_clear", type=kind.zh)
        status = answer[-2:].hex().upper()
        outcomes = {
            "9000": Outcome.CLEARED,
            "6901": Outcome.ALREADY_CLEARED,
            **dict.fromkeys(REFUSALS, Outcome.REFUSED),
        }
        return Answer(outcomes.get(status, Outcome.UNKNOWN), status)

    def close(self) -> None:
        self._link.close()

    def _only(self, types: tuple[InvoiceType, ...]) -> tuple[InvoiceType, int, tuple[Period, ...]]:
        """The one type that a command is about, its record number and open span."""
        if len(types) != 1:
            raise UsageError("card_group", types="、".join(t.zh for t in types))
        state, numbers = self._state()
        found = state.of(types[0])
        if found is None:
            raise Refused("card_no_type", type=types[0].zh)
        return types[0], numbers[types[0]], found.periods

    def _read(self, ins: int, record: int = 0) -> bytes:
        """The data of an answer. Whatever becomes of it, the card is as it was."""
        try:
            answer = self._link.transmit(bytes([CLA, ins, record, 0, 0, 0, 0]))
        except (NotReachable, ProtocolError) as error:
            raise type(error)(error.code, effect=Effect.NOT_SENT, original=error.original, **error.facts) from error
        if len(answer) < 2:
            raise ProtocolError("protocol_apdu", effect=Effect.NOT_SENT, length=len(answer))
        if answer[-2:] != DONE:
            raise _refused(answer[-2:].hex().upper(), Effect.NOT_SENT)
        return answer[:-2]

    def _change(self, ins: int, record: int, data: bytes, unknown: str, **facts: object) -> bytes:
        """A command that changes the card: sent once. Raises ``OutcomeUnknown`` unless a whole answer came, or nothing was sent."""
        apdu = bytes([CLA, ins, record, 0, 0]) + (len(data).to_bytes(2, "big") + data if data else b"") + bytes(2)
        try:
            answer = self._link.transmit(apdu)
        except (NotReachable, ProtocolError) as error:
            if error.effect is Effect.NOT_SENT:
                raise
            raise OutcomeUnknown(unknown, original=error.original or error.code, **facts) from error
        if len(answer) < 2:
            raise OutcomeUnknown(unknown, original=f"{len(answer)} bytes", **facts)
        return answer


def _refused(status: str, effect: Effect = Effect.REJECTED) -> Refused:
    return Refused(REFUSALS.get(status, "card_status_unknown"), effect=effect, original=f"SW {status}", left=0)


def _sound(data: bytes) -> bytes:
    """Without its last four bytes, the CRC-32 of the rest."""
    if len(data) < 4 or zlib.crc32(data[:-4]) != int.from_bytes(data[-4:], "big"):
        raise ProtocolError("protocol_record", effect=Effect.NOT_SENT, field="CRC")
    return data[:-4]


def _sealed(data: bytes) -> bytes:
    sealed = _sound(data)
    if len(sealed) != SEALED:
        raise ProtocolError("protocol_record", effect=Effect.NOT_SENT, field="summary")
    return sealed


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag 1, length 2, value; raises ``IndexError`` for what ends in mid-field."""
    at = 0
    while at < len(data):
        end = at + 3 + int.from_bytes(data[at + 1 : at + 3], "big")
        if end > len(data):
            raise IndexError("field")
        yield data[at], data[at + 3 : end]
        at = end


def _record(fields: Mapping[int, bytes]) -> Monitoring:
    lock, start, end, last = (_day(fields[tag]) for tag in (0x12, 0x13, 0x14, 0x15))
    kind, missing = InvoiceType(fields[0x11].decode("ascii")), int.from_bytes(fields[0x17], "big")
    return Monitoring(kind, lock, start, end, last, fields[0x16] == b"\1", missing)


def _totals(fields: Mapping[int, bytes]) -> MonthStatistics:
    blue, blue_void, red, red_void = (int.from_bytes(fields[0x23][at : at + 4], "big") for at in range(0, 16, 4))
    sums = [from_fen(int.from_bytes(fields[0x24][at : at + 8], "big", signed=True)) for at in range(0, 32, 8)]
    kind, month = InvoiceType(fields[0x21].decode("ascii")), fields[0x22].decode("ascii")
    return MonthStatistics(kind, Period(int(month[:4]), int(month[4:])), blue, blue_void, red, red_void, *sums)


def _day(text: bytes) -> date:
    return datetime.strptime(text.decode("ascii"), "%Y%m%d").date()


DRIVER = DriverSpec(
    "example-tlv",
    1,
    ExampleCard,
    PROFILE,
    can=frozenset({DriverCan.PIN, DriverCan.REPORT, DriverCan.CLEAR, DriverCan.STATISTICS}),
    secrets=(Secret(CLA, PIN), Secret(CLA, CLEAR)),
    practice="example-classroom",
    sample_payload=bytes(PAYLOAD),
)
