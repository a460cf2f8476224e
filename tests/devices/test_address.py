"""Card addresses: the written form, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fapiao_kernel.devices.address import Address, parse
from fapiao_kernel.domain.errors import UsageError


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("gb18240+sim://novice", Address("gb18240", "sim", "novice")),
        ("gb18240+serial:///dev/ttyUSB0", Address("gb18240", "serial", "/dev/ttyUSB0")),
        ("gb18240+usb://1209:0001/serial", Address("gb18240", "usb", "1209:0001/serial")),
        ("gb18240+serial://socket://127.0.0.1:7000", Address("gb18240", "serial", "socket://127.0.0.1:7000")),
    ],
)
def test_an_address_is_read_and_written(text: str, address: Address) -> None:
    assert parse(text) == address and str(address) == text


@pytest.mark.parametrize("text", ["", "novice", "gb18240://x", "gb18240+sim://", "+sim://x", "GB+sim://x", "a+b://x y"])
def test_what_is_no_address_is_wrong_use(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert caught.value.code == "device_address" and caught.value.exit_code == 2


@given(st.text(max_size=40))
def test_any_text_is_an_address_that_reads_back_or_wrong_use(text: str) -> None:
    try:
        address = parse(text)
    except UsageError:
        return
    assert parse(str(address)) == address
