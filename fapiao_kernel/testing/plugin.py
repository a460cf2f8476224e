"""The pytest plugin ``fapiao`` (entry point ``pytest11``): its options. The kit itself is imported only when a device is named."""

from __future__ import annotations

import os

import pytest

KIT = "fapiao_kernel.testing"
NO_DEVICE = "请用 --fapiao-device 指明设备 · name the device: --fapiao-device ADDRESS"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the conformance kit."""
    group = parser.getgroup("fapiao", "fapiao: conformance of drivers and links (设备驱动合格测试)")
    group.addoption(
        "--fapiao-device",
        metavar="ADDRESS",
        default="",
        help="what to test: driver+link://where; driver+sim://NAME starts the driver's own practice world",
    )
    group.addoption(
        "--fapiao-destructive",
        action="store_true",
        help="also tests that change the device: PIN tries, report, clear; only ever on a simulated one",
    )
    group.addoption(
        "--fapiao-certificate", metavar="PATH", default="", help="where the certificate goes (else below FAPIAO_HOME)"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Bring the kit in when a device is named; say so when its tests are asked for without one."""
    if config.getoption("--fapiao-device"):
        from fapiao_kernel.testing.kit import bring_in

        bring_in(config)
    elif any(KIT in str(asked).replace(os.sep, ".") for asked in config.option.file_or_dir or ()):
        raise pytest.UsageError(NO_DEVICE)
