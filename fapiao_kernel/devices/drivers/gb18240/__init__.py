"""Driver for cards that speak GB 18240 (税控盘 profile: each type is reported and cleared alone). Plugin ``gb18240``."""

from __future__ import annotations

from fapiao_kernel.devices.drivers.gb18240.card import Gb18240Card
from fapiao_kernel.devices.drivers.gb18240.profile import PROFILE
from fapiao_kernel.devices.plug import DriverSpec

DRIVER = DriverSpec("gb18240", 1, Gb18240Card, PROFILE)
