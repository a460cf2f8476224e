"""The agent shows a PIN as it was asked to, to drivers that know the last tries by name and to those that are older."""

from __future__ import annotations

import pytest

from fapiao_kernel.agent.kept import Kept
from fapiao_kernel.ports import NewPin


class Driver:
    """Notes how it was asked."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def verify_pin(self, pin: str, *, spend_low_tries: bool = False) -> NewPin:
        self.asked.append((pin, spend_low_tries))
        return NewPin("87654321")


class Older:
    """A driver plugin of before the keyword."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def verify_pin(self, pin: str) -> None:
        self.asked.append(pin)


def kept(driver: object) -> Kept:
    return Kept("x+sim://x", lambda: driver, lambda state: None, lambda statistics: None)  # type: ignore[arg-type, return-value]  # PIN alone


@pytest.mark.parametrize("by_name", [False, True])
def test_the_last_tries_are_named_to_the_driver_only_when_they_were_named(by_name: bool) -> None:
    driver = Driver()
    given = kept(driver).verify_pin("12345678", spend_low_tries=by_name)
    assert driver.asked == [("12345678", by_name)] and given == NewPin("87654321")


@pytest.mark.parametrize("by_name", [False, True])
def test_an_older_driver_is_shown_the_pin_as_it_knows_it(by_name: bool) -> None:
    driver = Older()
    assert kept(driver).verify_pin("12345678", spend_low_tries=by_name) is None
    assert driver.asked == ["12345678"]
