"""What links and drivers are to each other (接口): a link carries bytes and does not know the card, a driver knows only the link.

Plugin groups ``fapiao.links`` (an object like ``LinkSpec``) and ``fapiao.drivers`` (like ``DriverSpec``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from fapiao_kernel.domain.card import CardProfile
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
class LinkSpec:
    """A kind of link. ``open(where)`` raises ``NotReachable`` (effect ``NOT_SENT``)."""

    id: str
    api_version: int
    open: Callable[[str], Link]


@dataclass(frozen=True)
class DriverSpec:
    """A card language. ``open(link, address)`` makes the port, without asking the card anything yet."""

    id: str
    api_version: int
    open: Callable[[Link, str], Card]
    profile: CardProfile
