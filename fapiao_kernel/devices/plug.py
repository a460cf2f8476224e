"""What links and drivers are to each other (接口): a link carries bytes and does not know the card, a driver knows only the link.

Plugin groups ``fapiao.links`` (an object like ``LinkSpec``) and ``fapiao.drivers`` (like ``DriverSpec``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from fapiao_kernel.domain.card import CardProfile
from fapiao_kernel.domain.errors import FapiaoError
from fapiao_kernel.ports import Card


class Link(Protocol):
    """An open way to one card (连接). One thread uses it at a time; ``close`` may come from another."""

    name: str
    """Where it leads, for messages: a port, never a secret."""

    def transmit(self, apdu: bytes) -> bytes:
        """One command APDU out, its response APDU back (data and status word).

        The command is handed to the card at most once. Raises ``NotReachable`` or ``ProtocolError`` with effect ``NOT_SENT``
        when no byte of it left, ``UNKNOWN`` when any did. After either the link is broken and wants to be opened anew.
        """
        ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Found:
    """A place where a card may be (设备位置), as its link saw it without opening it."""

    where: str
    """What ``LinkSpec.open`` takes."""
    reader: str
    """Its name for people: reader, maker, product."""
    card_present: bool | None = None
    """None: only opening it would tell."""
    usb_id: str = ""
    """``1209:0001`` (vendor and product), where there is one."""
    may_ask: bool = True
    """Whether a card may be asked for its identity unasked. A serial port may lead to anything, and bytes may move it."""
    problem: FapiaoError | None = None
    """Why it cannot be opened as things are: no permission, or another program has it."""


@dataclass(frozen=True)
class Mark:
    """A test of the conformance kit (合格测试) that a plugin does not pass, and why. Strict: marked and passing is a failure."""

    test: str
    """Name of the test function."""
    reason: str
    never: bool = False
    """It cannot hold for this kind of device, ever; else: not yet."""


class LinkCan(StrEnum):
    """What a link can do (能力); the conformance kit asks for what is named."""

    EXTENDED = "extended"
    """APDUs of more than 255 bytes of data, or 256 of reply."""
    EXCLUSIVE = "exclusive"
    """A second opening is refused with the owner's name."""
    FIND = "find"
    """``find`` lists where cards may be."""


class DriverCan(StrEnum):
    """What a driver can do (能力) beyond reading state and telling whether a unit is cleared, which every driver must."""

    PIN = "pin"
    REPORT = "report"
    CLEAR = "clear"
    STATISTICS = "statistics"
    VOLUMES = "volumes"
    DETAILS = "details"
    ISSUE = "issue"


class Side(StrEnum):
    """Which half of an exchange."""

    COMMAND = "command"
    RESPONSE = "response"


@dataclass(frozen=True)
class Secret:
    """A command whose data, or whose answer's data, no capture and no log may hold (口令、密钥)."""

    cla: int
    ins: int
    side: Side = Side.COMMAND


def nowhere() -> Sequence[Found]:
    """A link that cannot look for cards."""
    return ()


@dataclass(frozen=True)
class LinkSpec:
    """A kind of link. ``open(where)`` raises ``NotReachable`` (effect ``NOT_SENT``). ``find()`` never opens a card, and raises
    ``NotReachable`` when it cannot look at all (a service that does not run, a library that is missing)."""

    id: str
    api_version: int
    open: Callable[[str], Link]
    find: Callable[[], Sequence[Found]] = nowhere
    can: frozenset[LinkCan] = frozenset()
    marks: tuple[Mark, ...] = ()
    live: bool = True
    """Whether a device is at its other end. A recording is none: it may be read, and no home knows it as a card."""


@dataclass(frozen=True)
class DriverSpec:
    """A card language. ``open(link, address)`` makes the port, without asking the card anything yet."""

    id: str
    api_version: int
    open: Callable[[Link, str], Card]
    profile: CardProfile
    can: frozenset[DriverCan] = frozenset()
    marks: tuple[Mark, ...] = ()
    secrets: tuple[Secret, ...] = ()
    """What ``record`` masks beside ISO 7816-4's own VERIFY and CHANGE REFERENCE DATA."""
    practice: str = ""
    """Name of the ``fapiao.practice`` plugin that simulates such a card; without one a driver cannot be certified."""
    sample_payload: bytes = b""
    """A clear payload of the right form (清卡密文), which no card would take; the kit lets it reach none. Empty: none to show."""
