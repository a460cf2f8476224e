"""``expected_exchange``: a driver author's link that knows beforehand what is said."""

from __future__ import annotations

import pytest

from fapiao_kernel.devices.drivers.gb18240 import DRIVER
from fapiao_kernel.domain.errors import NotReachable
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.testing import expected_exchange
from fapiao_kernel.testing.exchange import Unexpected

SELECT, OK = "00 A4 00 0C 02 EF 05", "90 00"


def test_what_was_agreed_takes_place() -> None:
    with expected_exchange([(SELECT, OK), ("00 B2 00 01 00", "6A 83")]) as link:
        assert DRIVER.open(link, "gb18240+expected://x").read_volumes() == ()


def test_another_command_fails() -> None:
    with (
        pytest.raises(Unexpected, match=r"exchange 1: expected 00 a4.*, but 00 b2 was sent"),
        expected_exchange([(SELECT, OK)]) as link,
    ):
        link.transmit(b"\x00\xb2")


def test_one_command_too_many_fails() -> None:
    with (
        pytest.raises(Unexpected, match="nothing more was expected after 1"),
        expected_exchange([(SELECT, OK)]) as link,
    ):
        link.transmit(bytes.fromhex(SELECT))
        link.transmit(b"\x00")


def test_a_command_that_is_missing_fails() -> None:
    with pytest.raises(Unexpected, match="exchange 1 did not take place"), expected_exchange([(SELECT, OK)]):
        pass


def test_a_driver_that_swallows_the_failure_does_not_hide_it() -> None:
    def swallow() -> None:
        with expected_exchange([(SELECT, OK)]) as link:
            try:
                link.transmit(b"\x00")
            except AssertionError:
                link.transmit(bytes.fromhex(SELECT))

    with pytest.raises(Unexpected, match="exchange 1: expected"):
        swallow()


def test_an_error_stands_in_the_place_of_an_answer() -> None:
    gone = NotReachable("device_gone", effect=Effect.UNKNOWN, where="x")
    with expected_exchange([(SELECT, gone)]) as link, pytest.raises(NotReachable) as told:
        link.transmit(bytes.fromhex(SELECT))
    assert told.value is gone
