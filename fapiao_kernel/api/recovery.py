"""The situation of a card (现状) and the ways out of a wrong one, over the wire."""

from __future__ import annotations

from fapiao_kernel.api.shapes import FindingView, Shape


class UnitSituationView(Shape):
    """One unit by its four witnesses. ``device``: ``cleared|reported|open|unclear`` · ``ledger``: ``closed|open|nothing`` ·
    ``authority``: ``cleared|not|unknown`` · ``journal``: ``cleared|refused|unknown|not_sent|nothing``."""

    invoice_type: str
    name: str
    period: str
    device: str
    ledger: str
    authority: str
    journal: str
    agree: bool
    action: str
    finding: FindingView


class SituationView(Shape):
    """A card as it stands, read just now. ``action``: the one thing left to do, ``none|false_alarm|continue_from_device|
    read_back|conclude|support``; ``run``: the open run it is about, or ``""``. ``notes``: what is to be said beside the units, why
    the card could not be read, and invoices that came in after their unit was closed."""

    card: str
    device_number: str
    read_at: str
    readable: bool
    agree: bool
    action: str
    run: str
    units: list[UnitSituationView]
    notes: list[FindingView] = []


class CardRequest(Shape):
    """A card by its address."""

    card: str


class FalseAlarm(Shape):
    """Why somebody thought that something had happened; the reading proves that nothing did."""

    card: str
    statement: str
