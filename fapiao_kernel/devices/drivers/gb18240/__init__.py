"""Driver for cards that speak GB 18240 (税控盘 profile: each type is reported and cleared alone). Plugin ``gb18240``."""

from __future__ import annotations

from fapiao_kernel.devices.drivers.gb18240.card import Gb18240Card
from fapiao_kernel.devices.drivers.gb18240.profile import PROFILE
from fapiao_kernel.devices.plug import DriverCan, DriverSpec, Secret, Side
from fapiao_kernel.protocol.gb18240.commands import FISCAL, PAYLOAD_LENGTH

SECRETS = (
    Secret(FISCAL, 0xF9, Side.COMMAND),  # the PIN
    Secret(FISCAL, 0xF9, Side.RESPONSE),  # the new PIN of a card that changes it
    Secret(FISCAL, 0xF1, Side.RESPONSE),  # the PIN of a terminal newly registered
    Secret(FISCAL, 0xF6, Side.COMMAND),  # 清卡密文
)
"""What no capture and no log of an exchange may hold; nor what GET RESPONSE brings of it (T=0)."""

DRIVER = DriverSpec(
    "gb18240",
    1,
    Gb18240Card,
    PROFILE,
    can=frozenset(DriverCan),
    secrets=SECRETS,
    practice="simulated-month",
    sample_payload=bytes(PAYLOAD_LENGTH),
)
