"""Inside card and tax side (远端): one fault, once, when the agent's side has just asked for it by a file.

The faults themselves are the far ends' own, as they ship (``simulator/card/faults.py``, ``simulator/authority/store.py``).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fapiao_kernel.simulator.authority import server
from fapiao_kernel.simulator.authority.store import Store
from fapiao_kernel.simulator.card import codec
from fapiao_kernel.simulator.card.card import SimulatedCard


def strike_file(state: Path) -> Path:
    """Where the next fault of this far end is named."""
    return state.with_name(state.name + ".strike")


def install(role: str, state: Path) -> None:
    """Let this process suffer what its strike file names."""
    (_card if role == "card" else _authority)(strike_file(state))


def _taken(file: Path) -> str:
    """The fault that waits, once."""
    try:
        fault = file.read_text(encoding="ascii")
    except FileNotFoundError:
        return ""
    file.unlink()
    return fault


def _card(file: Path) -> None:
    shipped = SimulatedCard.arrived

    def arrived(self: SimulatedCard, apdu: bytes) -> tuple[codec.Request | int, Mapping[str, Any]]:
        request, fault = shipped(self, apdu)
        struck = _taken(file)
        return request, {"do": struck, "status": "6985"} if struck else fault

    SimulatedCard.arrived = arrived


def _authority(file: Path) -> None:
    """Each request has a thread of its own, and so has its fault."""
    mine = threading.local()
    handler = server._Handler
    shipped = handler.do_POST

    def do_POST(self: server._Handler) -> None:
        mine.fault = _taken(file)
        shipped(self)

    def fault(_self: Store, name: str) -> bool:
        return getattr(mine, "fault", "") == name

    def fault_seconds(_self: Store, name: str) -> float:
        kind, _, seconds = getattr(mine, "fault", "").partition(":")
        return float(seconds) if kind == name else 0.0

    handler.do_POST = do_POST
    Store.fault, Store.fault_seconds = fault, fault_seconds
