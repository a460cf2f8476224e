"""What every hall has (公共): time, and progress."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

Progress = Callable[[str, int, int], None]
"""``progress(label, done, total)``; total 0 when it is not known."""


class Clock(Protocol):
    """The only source of time (a lint rule keeps it so)."""

    def now(self) -> datetime:
        """Local time with its zone (China: UTC+8)."""
        ...
