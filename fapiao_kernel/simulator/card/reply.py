"""The card's answer to one command (应答), and what it did to the books."""

from __future__ import annotations

from dataclasses import dataclass, field

from fapiao_kernel.simulator.card import codec

OK = 0x9000
MAC_FAULTS = 8
"""Wrong MACs in a row that lock the application for good."""


@dataclass(frozen=True)
class Reply:
    """Status word and data; ``applied`` names the act and span that changed the card's books, as (``clear``, span)."""

    sw: int
    data: bytes = field(default=b"", repr=False)
    applied: tuple[str, str] | None = None

    def encode(self) -> bytes:
        return codec.answer(self.sw, self.data)
