"""Status words (状态字, SW) of the card: our code for each, and what it says of the card's state. Table: the note, section 7."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fapiao_kernel.domain.finding import Effect

OK = 0x9000
WAITING = 0x61
"""SW1: the command was carried out, and bytes of its answer wait (T=0)."""
WRONG_LE = 0x6C
"""SW1: nothing was done; SW2 is the Le to ask with."""
VERIFY_PIN = 0xF9
"""INS whose 63Cx tells PIN tries. To any other command it is ISO 7816-4's warning that memory has changed, and proves no refusal."""
END_OF_FILE = 0x6282
WRONG_OFFSET = 0x6B00
WRONG_PARAMETERS = 0x6A86
FILE_KIND = 0x6981
NO_FILE = 0x6A82
ALREADY = 0x6901
"""Two meanings in public lists, "not registered" and "already collected" (domain note 3.1): which, the command tells."""
RECORD_NOT_FOUND = 0x6A83
CONDITIONS = 0x6985
WRONG_DATA = 0x6A80
NO_DATA = 0x6A88
OVER_LIMIT = 0x9401


@dataclass(frozen=True)
class Status:
    """One status word: ``code`` in the message catalogue, and the ``effect`` of a card-changing command that got it."""

    code: str
    effect: Effect


_NO, _UNSURE, _DONE = Effect.REJECTED, Effect.UNKNOWN, Effect.DONE

TABLE: Mapping[int, Status] = {
    OK: Status("card_ok", _DONE),
    0x6581: Status("card_memory", _UNSURE),
    0x6700: Status("card_length", _NO),
    ALREADY: Status("card_not_registered", _NO),
    FILE_KIND: Status("card_file_kind", _NO),
    0x6982: Status("card_pin_needed", _NO),
    0x6983: Status("pin_blocked", _NO),
    CONDITIONS: Status("card_conditions", _NO),
    WRONG_DATA: Status("card_data", _NO),
    NO_FILE: Status("card_no_file", _NO),
    RECORD_NOT_FOUND: Status("card_no_record", _NO),
    WRONG_PARAMETERS: Status("card_parameters", _NO),
    NO_DATA: Status("card_no_data", _NO),
    WRONG_OFFSET: Status("card_parameters", _NO),
    0x6D00: Status("card_no_command", _NO),
    0x6E00: Status("card_no_command", _NO),
    0x6F00: Status("card_fault", _UNSURE),
    0x9302: Status("card_mac", _NO),
    0x9303: Status("card_locked", _NO),
    OVER_LIMIT: Status("card_over_limit", _NO),
    0x9403: Status("card_key_version", _NO),
}

_RANGES: Mapping[int, Status] = {
    WAITING: Status("card_ok", _DONE),
    WRONG_LE: Status("card_length", _NO),
}

_DONE_BEFORE: Mapping[int, Status] = {
    0xF3: Status("card_void_before", _NO),
    0xF6: Status("card_already", _NO),
    0xFB: Status("card_collected_before", _NO),
}
"""By INS, what 6901 says of a command that can be done only once."""

UNKNOWN = Status("card_status_unknown", _UNSURE)
"""A status word that we do not know says nothing about what the card did."""


def meaning(sw: int, ins: int = 0) -> Status:
    """What a status word means as the answer to a command (``ins``). Never fails: one that we do not know is ``UNKNOWN``."""
    if sw == ALREADY and ins in _DONE_BEFORE:
        return _DONE_BEFORE[ins]
    if ins == VERIFY_PIN and tries_left(sw) is not None:
        return Status("pin_wrong", _NO)
    return TABLE.get(sw) or _RANGES.get(sw >> 8, UNKNOWN)


def tries_left(sw: int) -> int | None:
    """PIN tries left of a ``63Cx``; 0 of ``6983`` is not told here."""
    return sw & 0x0F if sw & 0xFFF0 == 0x63C0 else None
