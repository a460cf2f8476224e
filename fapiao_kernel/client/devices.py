"""Devices and plugins (设备、插件)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fapiao_kernel.api.devices import (
    DevicesView,
    NewPinView,
    PinRequest,
    PinTries,
    PinVerified,
    Recorded,
    RecordRequest,
)
from fapiao_kernel.api.plugins import PackageRequest, PluginsView
from fapiao_kernel.api.recovery import CardRequest
from fapiao_kernel.api.shapes import CardView
from fapiao_kernel.client.paths import absolute

if TYPE_CHECKING:
    from fapiao_kernel.client.wire import Wire


class Devices:
    """Part of ``Client``. Every method raises ``RequestError``."""

    if TYPE_CHECKING:
        _wire: Wire

    def devices(self, *, simulated: bool = False) -> DevicesView:
        """Look for devices; takes some seconds at most (查找设备)."""
        return self._wire.ask(DevicesView, "GET", "/devices", params={"simulated": simulated}, long=True)

    def add_device(self, card: str) -> CardView:
        """Read a card and remember it for this home."""
        return self._wire.ask(CardView, "POST", "/devices/add", json=CardRequest(card=card), long=True)

    def read_device(self, card: str) -> CardView:
        """The state of any card, or of a recording, remembered nowhere (只读一次)."""
        return self._wire.ask(CardView, "POST", "/devices/read", json=CardRequest(card=card), long=True)

    def forget_device(self, card: str) -> None:
        """Know a card no more; refused while a clear of it is open."""
        self._wire.json("POST", "/devices/forget", json=CardRequest(card=card), long=True)

    def record_device(self, card: str, file: Path | str) -> Recorded:
        """Read the card and record the exchange into a new file (录制)."""
        request = RecordRequest(card=card, file=str(absolute(file)))
        return self._wire.ask(Recorded, "POST", "/devices/record", json=request, long=True)

    def pin_tries(self, card: str) -> PinTries:
        """PIN tries left, read now (口令剩余次数)."""
        return self._wire.ask(PinTries, "GET", "/devices/pin", params={"card": card}, long=True)

    def verify_pin(self, card: str, pin: str, *, spend_low_tries: bool = False) -> PinVerified:
        """Show the PIN to the card, once (验证口令)."""
        request = PinRequest(card=card, pin=pin, spend_low_tries=spend_low_tries)
        return self._wire.ask(PinVerified, "POST", "/devices/pin", json=request, long=True)

    def new_pin(self, card: str) -> str:
        """The PIN that the card gave itself and nobody has taken yet (新口令); ``""`` when none waits."""
        return self._wire.ask(NewPinView, "POST", "/devices/new-pin", json=CardRequest(card=card)).new_pin

    def new_pin_handed_on(self, card: str) -> None:
        """Whoever keeps the PIN has the new one: the agent keeps it no more."""
        self._wire.json("POST", "/devices/new-pin/handed-on", json=CardRequest(card=card))

    def plugins(self) -> PluginsView:
        """What is installed, and what a production home loads."""
        return self._wire.ask(PluginsView, "GET", "/plugins", long=True)

    def allow_plugin(self, name: str) -> PluginsView:
        """Let this home load the installed version of a distribution."""
        return self._wire.ask(PluginsView, "POST", "/plugins/allow", json=PackageRequest(name=name), long=True)

    def forbid_plugin(self, name: str) -> PluginsView:
        """Load no version of it in production."""
        return self._wire.ask(PluginsView, "POST", "/plugins/forbid", json=PackageRequest(name=name), long=True)
