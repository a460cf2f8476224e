"""The answer to reset (复位应答, ATR; ISO/IEC 7816-3, clause 8): what a card says of itself at power-on. Bytes in, values out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import xor

from fapiao_kernel.domain.errors import ProtocolError

DIRECT, INVERSE = 0x3B, 0x3F
MAX_LENGTH = 33
"""TS and 32 bytes after it (8.1)."""
DEFAULT_FI_DI = 0x11
"""Fi 372, Di 1 (8.3, TA1)."""
DEFAULT_WI = 10
DEFAULT_IFSC = 32
DEFAULT_BWI, DEFAULT_CWI = 4, 13
GLOBAL = 15
"""T=15: the interface bytes that follow concern no protocol (8.2.3)."""
FI = (372, 372, 558, 744, 1116, 1488, 1860, 372, 372, 512, 768, 1024, 1536, 2048, 372, 372)
"""Clock rate conversion by the high half of TA1 (table 7); what is reserved counts as the default."""


@dataclass(frozen=True)
class Atr:
    """What an ATR says, with the standard's defaults where it is silent."""

    raw: bytes
    inverse: bool
    """TS: inverse convention."""
    protocols: tuple[int, ...]
    """The T that the card offers, in its order; the first is the one it begins with."""
    specific: int | None
    """TA2: the only T that the card speaks before anything is negotiated; None: negotiable mode."""
    implicit: bool
    """TA2: the speed is not TA1's but one that the terminal must know."""
    fi_di: int
    """TA1: the speed that the card can do; spoken in specific mode alone, until a PPS."""
    guard: int
    """TC1: extra guard time, N."""
    wi: int
    """TC2: waiting integer of T=0."""
    ifsc: int
    """Bytes of INF that the card takes in a T=1 block."""
    bwi: int
    cwi: int
    """T=1: block and character waiting integers."""
    crc: bool
    """T=1: two bytes of CRC end a block, else one of LRC."""
    historical: bytes

    @property
    def protocol(self) -> int:
        """The T to speak when nothing is negotiated."""
        return self.protocols[0] if self.specific is None else self.specific

    def block_wait(self, clock_khz: int) -> float:
        """BWT in seconds at a card clock, for the slowest speed (11.4.3)."""
        return (11 * 372 + (960 * 372 << self.bwi)) / (clock_khz * 1000)

    def work_wait(self, clock_khz: int) -> float:
        """WWT of T=0 in seconds at a card clock (10.2)."""
        return self.wi * 960 * FI[self.fi_di >> 4] / (clock_khz * 1000)


def parse(raw: bytes) -> Atr:
    """The ATR that these bytes are. Raises ``ProtocolError`` (``atr_damaged``, with what is wrong) for anything else."""
    if not 2 <= len(raw) <= MAX_LENGTH or raw[0] not in (DIRECT, INVERSE):
        raise _damaged(raw, "TS")
    interface, protocols, at = _interface(raw)
    end = at + (raw[1] & 0x0F)
    checked = any(protocol != 0 for protocol in protocols)
    if len(raw) != end + checked:
        raise _damaged(raw, "length")
    if checked and reduce(xor, raw[1:], 0):
        raise _damaged(raw, "TCK")
    ta2 = interface.get("TA2")
    spoken = tuple(dict.fromkeys(protocol for protocol in protocols if protocol != GLOBAL)) or (0,)
    bwi_cwi = interface.get("TB", DEFAULT_BWI << 4 | DEFAULT_CWI)
    ifsc = interface.get("TA", DEFAULT_IFSC)
    if not ifsc:
        raise _damaged(raw, "IFSC")
    return Atr(
        raw=raw,
        inverse=raw[0] == INVERSE,
        protocols=spoken,
        specific=None if ta2 is None else ta2 & 0x0F,
        implicit=ta2 is not None and bool(ta2 & 0x10),
        fi_di=interface.get("TA1", DEFAULT_FI_DI),
        guard=interface.get("TC1", 0),
        wi=interface.get("TC2") or DEFAULT_WI,
        ifsc=min(ifsc, 254),  # 255 is reserved; a card that says so takes any block
        bwi=min(bwi_cwi >> 4, 9),  # above is reserved
        cwi=bwi_cwi & 0x0F,
        crc=bool(interface.get("TC", 0) & 1),
        historical=raw[at:end],
    )


def _interface(raw: bytes) -> tuple[dict[str, int], tuple[int, ...], int]:
    """Interface bytes by name (``TA1``…; ``TA``, ``TB``, ``TC`` are the first ones that T=1 has), the T named, and where they end."""
    found: dict[str, int] = {}
    named: list[int] = []
    present, at, index = raw[1] >> 4, 2, 1
    while True:
        for letter, bit in (("TA", 1), ("TB", 2), ("TC", 4)):
            if present & bit:
                if at >= len(raw):
                    raise _damaged(raw, "length")
                found[f"{letter}{index}"] = raw[at]
                if index > 2 and named[-1] == 1:
                    found.setdefault(letter, raw[at])
                at += 1
        if not present & 8:
            return found, tuple(named), at
        if at >= len(raw):
            raise _damaged(raw, "length")
        present, protocol = raw[at] >> 4, raw[at] & 0x0F
        if index == 1 and protocol == GLOBAL:
            raise _damaged(raw, "TD1")
        named.append(protocol)
        at += 1
        index += 1


def _damaged(raw: bytes, what: str) -> ProtocolError:
    return ProtocolError("atr_damaged", original=raw[:MAX_LENGTH].hex().upper(), what=what)
