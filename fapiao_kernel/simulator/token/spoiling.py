"""What a fault makes of an answer on its way to the host (应答的破坏). Note: docs/protocol/usb-token.md, section 5."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fapiao_kernel.simulator.token.descriptors import HEADER
from fapiao_kernel.simulator.token.errors import Broken, Overflow

_TYPE, _LENGTH, _SLOT, _SEQ, _STATUS, _ERROR, _SPECIAL = 0, 1, 5, 6, 7, 8, 9


def spoiled(fault: Mapping[str, Any], answers: Sequence[bytes]) -> list[bytes | Exception]:
    """The transfers that come instead of these answers; the last of them is the one the fault is about."""
    *before, last = answers
    n = int(fault["n"])
    match fault["do"]:
        case "stale":
            return [*before, _with(last[:HEADER] + b"\x90\x00", _SEQ, last[_SEQ] - 1, length=2), last]
        case "duplicate":
            return [*before, last, last]
        case "corrupt_type":
            return [*before, _with(last, _TYPE, last[_TYPE] ^ 0x05)]
        case "corrupt_length":
            return [*before, _with(last, _LENGTH, last[_LENGTH] + max(1, n))]
        case "corrupt_slot":
            return [*before, _with(last, _SLOT, last[_SLOT] + 1)]
        case "corrupt_seq":
            return [*before, _with(last, _SEQ, last[_SEQ] + 1)]
        case "truncate":
            return [*before, last[:n]]
        case "fragment":
            return [*before, *(last[at : at + max(1, n)] for at in range(0, len(last), max(1, n)))]
        case "zlp_first":
            return [*before, *[b""] * n, last]
        case "time_extension":
            return [*before, *[_more_time(last)] * n, last]
        case "overflow":
            return [*before, Overflow()]
        case "broken":
            return [*before, Broken()]
    return [*before, last]


def _with(message: bytes, at: int, value: int, length: int | None = None) -> bytes:
    changed = bytearray(message)
    changed[at] = value & 0xFF
    if length is not None:
        changed[_LENGTH:_SLOT] = length.to_bytes(4, "little")
    return bytes(changed)


def _more_time(answer: bytes) -> bytes:
    """A time extension for the same command: no data, bmCommandStatus 2, bError the multiplier 1."""
    head = _with(answer[:HEADER], _STATUS, answer[_STATUS] & 0x03 | 0x80, length=0)
    return head[:_ERROR] + b"\x01\x00"
