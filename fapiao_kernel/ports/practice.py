"""The practice world (练习环境)."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from fapiao_kernel.domain.practice import PracticeOptions, PracticeWorld
from fapiao_kernel.domain.rehearsal import Readout
from fapiao_kernel.ports.common import Progress


class Practice(Protocol):
    """The practice plugin (group ``fapiao.practice``): far ends in processes of their own, state under the home."""

    def start(self, folder: Path, options: PracticeOptions, progress: Progress | None = None) -> PracticeWorld:
        """Make the world in ``folder`` when it is empty, start what does not run, and say where it is. Idempotent."""
        ...

    def attach(self, folder: Path) -> PracticeWorld | None:
        """The world in ``folder``, its processes started again if they are gone; None when there is none."""
        ...

    def twin(self, folder: Path, readout: Readout) -> PracticeWorld:
        """A twin (替身) of a real card for a rehearsal: made in ``folder`` from what was read, with a PIN and a tax side of its own.

        Marked simulated; each clock goes on from where it was read. Ended with ``stop``. Raises ``Refused`` (``twin_not_possible``).
        """
        ...

    def stop(self, folder: Path) -> None:
        """End its processes; the state stays."""
        ...
