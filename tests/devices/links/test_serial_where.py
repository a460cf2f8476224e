"""Where a serial link leads, with its options."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fapiao_kernel.devices.links.serial_t1.where import Where, parse
from fapiao_kernel.domain.errors import UsageError
from fapiao_kernel.protocol.t1_block import Edc


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("/dev/ttyUSB0", Where("/dev/ttyUSB0", Edc.LRC, 115200)),
        ("/dev/ttyUSB0?edc=crc&baud=9600", Where("/dev/ttyUSB0", Edc.CRC, 9600)),
        ("COM3?edc=lrc", Where("COM3")),
        ("socket://127.0.0.1:7000?edc=crc", Where("socket://127.0.0.1:7000", Edc.CRC)),
    ],
)
def test_an_address_says_port_speed_and_check(text: str, where: Where) -> None:
    assert parse(text) == where


@pytest.mark.skipif(os.name == "nt", reason="there is no pty on Windows")
def test_a_link_to_a_pty_is_a_pty_and_a_url_is_no_port_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "card").symlink_to("/dev/pts/999999")
    assert parse(str(tmp_path / "card")).pseudo and parse("/dev/pts/1").pseudo
    assert not parse("/dev/ttyUSB0").pseudo
    assert parse("/dev/ttyUSB0").local and not parse("socket://127.0.0.1:7000").local


@pytest.mark.parametrize("url", ["spy:///dev/ttyUSB0", "hwgrep://0403", "alt:///dev/ttyUSB0", "SPY://COM3", "loop://"])
def test_a_url_that_would_show_or_guess_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="device_address"):
        parse(url)


@pytest.mark.parametrize(
    "options",
    [
        "parity=E",
        "edc=md5",
        "edc",
        "baud=fast",
        "baud=-9600",
        "baud=0",
        "baud=٣",
        "baud=99999999",
        "edc=crc&edc=lrc",
        "&",
        "=",
    ],
)
def test_an_option_that_means_nothing_is_refused_with_what_is_known(options: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(f"/dev/ttyUSB0?{options}")
    assert caught.value.code == "device_option"
    assert "edc=crc" in caught.value.remedy and "baud=" in caught.value.remedy
