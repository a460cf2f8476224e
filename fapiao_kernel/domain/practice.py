"""The practice world (练习环境): how it is asked for, and what it says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fapiao_kernel.domain.invoice import Invoice


@dataclass(frozen=True)
class PracticeOptions:
    """How a practice world is made. ``size`` invoices in the sample month; ``invoices``: the user's own in its place;
    ``fault``: one fault by name, dropped in for a lesson (``""`` none)."""

    size: int = 2000
    seed: int = 20261
    invoices: Sequence[Invoice] = ()
    fault: str = ""


@dataclass(frozen=True)
class PracticeWorld:
    """A running practice world.

    ``card`` is the card's lasting address (``gb18240+sim://novice``), ``line`` where it listens just now, as ``link``
    takes it (a pty's path, or ``socket://127.0.0.1:PORT``). ``pin`` is the practice card's own and stands on the amber band.
    ``clock_offset``: seconds to add to the machine's clock to have the world's.
    """

    card: str
    line: str
    authority: str
    taxpayer_id: str
    taxpayer_name: str
    device_number: str
    files: tuple[Path, ...]
    clock_offset: float
    pin: str = field(repr=False)
    fault: str = ""
    link: str = "serial"
    """The link plugin whose ``where`` the line is."""
