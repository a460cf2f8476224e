"""What the simulated tax side remembers: summaries, returns, clears. On disk before any answer leaves."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fapiao_kernel.simulator.state_file import read_json, write_json

TOLERANCE_FEN = 1000
"""What return and summary may differ by: 10 yuan, as one tax portal's code has it (domain note 7, row 2)."""


@dataclass(frozen=True, order=True)
class Span:
    """First and last day, ``yyyymmdd``; written ``first-last`` (sq)."""

    start: str
    end: str

    @classmethod
    def parse(cls, text: str) -> Span:
        """Raises ``ValueError``."""
        start, _, end = text.partition("-")
        if not (len(start) == len(end) == 8 and (start + end).isascii() and (start + end).isdigit() and start <= end):
            raise ValueError("not a span")
        return cls(start, end)

    def __str__(self) -> str:
        return f"{self.start}-{self.end}"

    def within(self, other: Span) -> bool:
        return other.start <= self.start and self.end <= other.end

    def touches(self, other: Span) -> bool:
        return self.start <= other.end and other.start <= self.end


def new_state(
    path: Path,
    *,
    device_number: str,
    taxpayer_id: str,
    taxpayer_name: str,
    types: Sequence[str],
    clock_offset: float,
    shared_key: bytes,
    faults: Sequence[str] = (),
) -> None:
    """Make the state file of a tax side that knows one card. ``types``: codes (fplxdm) licensed on it."""
    write_json(
        path,
        {
            "version": 1,
            "id": secrets.token_hex(8),
            "device_number": device_number,
            "taxpayer_id": taxpayer_id,
            "taxpayer_name": taxpayer_name,
            "types": list(types),
            "clock_offset": clock_offset,
            "shared_key": shared_key.hex(),
            "faults": list(faults),
            "summaries": {},
            "returns": [],
            "authorised": [],
            "cleared": {},
        },
    )


class Store:
    """The state file, loaded; ``save`` writes it whole and fsynced."""

    def __init__(self, path: Path) -> None:
        data = read_json(path)
        if data is None or data.get("version") != 1:
            raise ValueError(f"not a tax side's state: {path}")
        self._path = path
        self._data: dict[str, Any] = data

    def __getitem__(self, name: str) -> Any:
        return self._data[name]

    @property
    def key(self) -> bytes:
        return bytes.fromhex(self._data["shared_key"])

    def save(self) -> None:
        write_json(self._path, self._data)

    def summaries(self, within: Span) -> list[dict[str, Any]]:
        """Uploaded summaries whose span lies inside."""
        return [s for s in self._data["summaries"].values() if Span.parse(s["span"]).within(within)]

    def fault(self, name: str) -> bool:
        return name in self._data["faults"]

    def fault_seconds(self, name: str) -> float:
        """The argument of ``name:SECONDS``, or 0."""
        return next((float(f.partition(":")[2]) for f in self._data["faults"] if f.startswith(f"{name}:")), 0.0)
