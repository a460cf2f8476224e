"""Devices over the wire (设备): what was found, and the acts on one that are no clear."""

from __future__ import annotations

from pydantic import Field

from fapiao_kernel.api.shapes import CardView, ErrorView, FindingView, Shape


class IdentityView(Shape):
    """Whose card it is, as it said without a PIN. ``valid_until`` ISO."""

    device_number: str
    card_number: str
    taxpayer_id: str
    taxpayer_name: str
    valid_until: str
    simulated: bool


class OwnerView(Shape):
    """Which program has the device; ``pid`` None where the system does not tell."""

    pid: int | None
    program: str


class DeviceView(CardView):
    """A device that was found, or a card of this home whether it was found or not. Read as ``CardView``; ``identity`` None: it was not
    asked, or did not say, and ``problem`` tells why when there is a reason."""

    reader: str = ""
    card_present: bool | None = None
    """None: only opening it would tell."""
    usb_id: str = ""
    of_home: bool = False
    """Whether this home knows the card (``fapiao devices add``)."""
    identity: IdentityView | None = None
    owner: OwnerView | None = None


class DevicesView(Shape):
    """``findings``: what kept a link from looking, and plugins of links and drivers that are not used."""

    devices: list[DeviceView]
    findings: list[FindingView]


class RecordRequest(Shape):
    """Record a reading of this card; ``file`` absolute, and not there yet."""

    card: str
    file: str


class Recorded(Shape):
    """``exchanges``: commands with their answers in the file. ``problem``: where the reading ended early; the file has all until then."""

    card: str
    file: str
    exchanges: int
    problem: ErrorView | None = None


class PinTries(Shape):
    """PIN tries left (口令剩余次数), read just now; None: the card does not tell. ``low``: a PIN is sent only when asked for by name."""

    card: str
    device_number: str
    taxpayer_name: str
    tries_left: int | None
    low: bool
    new_pin_waits: bool = False
    """The card has put another PIN in the place of the last one, and nobody has taken it yet (``POST /devices/new-pin``)."""


class PinRequest(Shape):
    """Present the PIN once. ``spend_low_tries``: also at three tries or fewer."""

    card: str
    pin: str = Field(repr=False)
    spend_low_tries: bool = False


class PinVerified(Shape):
    """The card took the PIN. ``new_pin``: what it put in its place, on cards that do so; else ``""``."""

    card: str
    device_number: str
    tries_before: int | None
    tries_left: int | None
    new_pin: str = Field(default="", repr=False)


class NewPinView(Shape):
    """The PIN (新口令) that waits for whoever keeps it; ``""`` when none does."""

    card: str
    new_pin: str = Field(default="", repr=False)
