"""Readings (读数) that every suite uses: what a driver asks when it only reads, and what must stay the same between two readings."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import cast

from fapiao_kernel.devices.plug import DriverCan
from fapiao_kernel.domain.card import CardState
from fapiao_kernel.domain.errors import FapiaoError
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import Card, IssuingCard
from fapiao_kernel.testing.subject import Subject


def but_clock(state: CardState) -> object:
    """A reading without the card's clock, which goes on between two."""
    return (state.identity, state.monitoring, state.pin_tries, state.source)


def units(state: CardState) -> tuple[ClearUnit, ...]:
    """The units of the open span of each type."""
    device = state.identity.device_number
    return tuple(ClearUnit(device, each.invoice_type, period) for each in state.monitoring for period in each.periods)


def first_group(subject: Subject) -> tuple[InvoiceType, ...]:
    """The types that one report and one clear are about: the first group of this device."""
    types = tuple(each.invoice_type for each in subject.state.monitoring)
    return subject.driver.profile.groups(types)[0]


def read_all(card: Card, subject: Subject) -> None:
    """Everything that a driver can read without changing the card; what it cannot, it refuses."""
    state, group = card.read_state(), first_group(subject)
    readings: list[Callable[[], object]] = [
        card.read_statistics,
        card.read_volumes,
        lambda: card.read_details(units(state)),
        lambda: card.read_summary(group),
    ]
    if issues(subject):
        readings.append(lambda: cast(IssuingCard, card).next_number(group[0]))
    for read in readings:
        with contextlib.suppress(FapiaoError):
            read()


def issues(subject: Subject) -> bool:
    """Whether the driver claims that its card issues (开票): then it is a ``ports.IssuingCard``."""
    return DriverCan.ISSUE in subject.driver.can


def foreign_pin(subject: Subject) -> str:
    """A PIN of the right form that is not the card's: of the practice card's length where that is known, else eight digits."""
    return subject.pin.translate(str.maketrans("0123456789", "3456789012")) or "41753026"


def steady(commands: Sequence[bytes], once: Sequence[bytes], again: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    """Commands whose answers were the same in two readings: all but the clock's."""
    return [(command, first) for command, first, second in zip(commands, once, again, strict=True) if first == second]
