"""Card addresses (设备地址): ``driver+link://where``, for example ``gb18240+serial:///dev/ttyUSB0`` or ``gb18240+sim://novice``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fapiao_kernel.domain.errors import UsageError

_FORM = re.compile(r"(?P<driver>[a-z0-9_-]+)\+(?P<link>[a-z0-9_-]+)://(?P<where>[^\s\x00-\x1f\x7f]+)")


@dataclass(frozen=True)
class Address:
    """Which driver speaks over which link, and where that link leads."""

    driver: str
    link: str
    where: str

    def __str__(self) -> str:
        return f"{self.driver}+{self.link}://{self.where}"


def parse(text: str) -> Address:
    """From its written form; raises ``UsageError`` (``device_address``) for anything else."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise UsageError("device_address", text=text)
    return Address(found["driver"], found["link"], found["where"])
