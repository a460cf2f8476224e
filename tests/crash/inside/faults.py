"""What breaks (故障): each begins at a point of the month, and lasts until everything is restarted or has struck once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Every fault of the matrix. At a point that is not of its kind it begins there all the same, and strikes when it can."""

    KILL_BEFORE = "kill-before"
    """``kill -9`` before the fsync; at an exchange, before anything is sent."""
    KILL_AFTER = "kill-after"
    """``kill -9`` right after the fsync; at an exchange, when the reply has come and nothing was made of it."""
    KILL_SENT = "kill-sent"
    """``kill -9`` after the send, before the reply: the far end has done it."""
    UNPLUGGED = "card-unplugged"
    POWER_LOSS = "card-power-loss"
    """The card commits and dies before it replies."""
    REPLY_LOST = "card-reply-lost"
    """The card commits, and its reply gets lost on the line; the card stays as it is."""
    DOWN = "authority-down"
    SLOW = "authority-slow"
    """It does what it is asked, and answers after the client has given up."""
    REFUSES = "authority-refuses"
    TWICE = "authority-twice"
    """It takes the message twice, and its second answer comes in place of the next one."""
    FULL_JOURNAL = "disk-full-journal"
    FULL_LEDGER = "disk-full-ledger"
    FULL_BACKUP = "disk-full-backup"
    CLOCK = "clock-jumps"
    """The computer's clock goes forward by a month."""


@dataclass(frozen=True)
class Point:
    """The how-manieth journal append (``journal``), APDU that changes the card or shows its PIN (``act``), other APDU (``apdu``) or
    message to the tax side (``message``) of a month."""

    kind: str
    number: int
    label: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.number}" + (f" ({self.label})" if self.label else "")


@dataclass(frozen=True)
class Break:
    """A fault that begins at a point."""

    point: Point
    fault: Fault

    def __str__(self) -> str:
        return f"{self.fault} at {self.point}"


class Crash(BaseException):
    """The agent is dead. Not an ``Exception``, so that nothing on the way handles it."""
