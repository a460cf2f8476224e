"""What can go wrong (故障), and when: a fault begins at a numbered point of the month."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Crash(BaseException):
    """The agent is killed where it stands. Not an ``Exception``, so that nothing of it handles this."""


class Fault(StrEnum):
    """At a point that is not of its kind a fault begins all the same: it lasts, or it waits for the next point of its kind."""

    KILL_BEFORE = "kill_before"
    """At an append: before the fsync, nothing of the line on the medium. At an exchange: before anything is sent."""
    KILL_TORN = "kill_torn"
    """At an append: before the fsync, some of the line on the medium, as bytes or as zeros. Else: at the next append."""
    KILL_UNSYNCED = "kill_unsynced"
    """At an append: before the fsync, yet the whole line happens to be on the medium. Else: at the next append."""
    KILL_AFTER = "kill_after"
    """At an append: right after the fsync. At an exchange: the answer is there, and nothing was made of it."""
    KILL_SENT = "kill_sent"
    """At an exchange: sent and done by the far end, no answer yet. At an append: at the next exchange."""
    UNPLUGGED = "card_unplugged"
    """Gone before the next command is sent."""
    UNPLUGGED_SENDING = "card_unplugged_sending"
    """Gone in mid-command: the card never saw it whole, and the agent cannot know."""
    POWER_LOSS = "card_power_loss"
    """The card commits, and is dark before it answers."""
    POWER_DIP = "card_power_dip"
    """The card commits, loses power before it answers, and is there again at once."""
    DOWN = "authority_down"
    SLOW = "authority_slow"
    """It does what it is asked, and answers after the agent has given up."""
    REFUSES = "authority_refuses"
    TWICE = "authority_answers_twice"
    """The answer stands twice in the reply."""
    RESENT = "authority_asked_twice"
    """A gateway delivers the message twice; the second answer arrives."""
    STALE = "authority_stale_answer"
    """The answer comes once more in place of the next one. Of two messages of one kind nobody could tell: those never share a
    connection (``devices.authority``, tested in ``tests/devices``), so here the next one is of another kind."""
    FULL_JOURNAL = "full_journal"
    FULL_JOURNAL_LATE = "full_journal_at_fsync"
    """The system takes the bytes and finds no room for them only when they are to be made durable."""
    FULL_LEDGER = "full_ledger"
    FULL_BACKUP = "full_backup"
    FULL_RECORD = "full_record"
    CLOCK_AHEAD = "clock_ahead"
    """The computer's clock jumps a month ahead."""
    CLOCK_BACK = "clock_back"


APPEND, APDU, MESSAGE = "append", "apdu", "message"
"""Kinds of points: a journal append, a command to the card, a message to the tax side."""


@dataclass(frozen=True)
class Strike:
    """A fault that begins at the n-th point (from 1)."""

    at: int
    fault: Fault

    def __str__(self) -> str:
        return f"{self.at}:{self.fault}"

    @classmethod
    def parse(cls, text: str) -> Strike:
        """``17:kill_sent``. Raises ``ValueError``."""
        at, _, fault = text.partition(":")
        return cls(int(at), Fault(fault))


@dataclass(frozen=True)
class Schedule:
    """What breaks in one month, and the seed of everything that chance decides (what of a torn line survives)."""

    strikes: tuple[Strike, ...] = ()
    seed: int = 0

    def __str__(self) -> str:
        return ",".join(map(str, self.strikes)) + f"@{self.seed}"

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """What ``str`` gives. Raises ``ValueError``."""
        strikes, _, seed = text.partition("@")
        return cls(tuple(Strike.parse(one) for one in strikes.split(",") if one), int(seed or 0))
