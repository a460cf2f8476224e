"""Devices (设备): looking for them, and the acts on one that are no clear."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter

from fapiao_kernel.agent import status
from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.device_acts import DeviceActs
from fapiao_kernel.agent.discovery import Discovery
from fapiao_kernel.api.devices import (
    DevicesView,
    NewPinView,
    PinRequest,
    PinTries,
    PinVerified,
    Recorded,
    RecordRequest,
)
from fapiao_kernel.api.recovery import CardRequest
from fapiao_kernel.api.shapes import CardView


def router(house: House) -> APIRouter:
    """The routes of this subject over one house."""
    routes = APIRouter(prefix="/devices")
    discovery, acts = Discovery(house), DeviceActs(house)

    @routes.get("")
    def devices(simulated: bool = False) -> DevicesView:
        """What every link sees, and whose card is there where it may be asked; takes seconds, and no longer."""
        return discovery.look(simulated=simulated)

    @routes.post("/add")
    def add(request: CardRequest) -> CardView:
        """Read the card and remember it for this home."""
        return status.card(house, acts.add(request.card))

    @routes.post("/read")
    def read(request: CardRequest) -> CardView:
        """The card's state, remembered nowhere."""
        return acts.read(request.card)

    @routes.post("/forget")
    def forget(request: CardRequest) -> dict[str, str]:
        return {"forgotten": acts.forget(request.card)}

    @routes.post("/record")
    def record(request: RecordRequest) -> Recorded:
        """A reading of the card, recorded into a new file."""
        return acts.record(request.card, Path(request.file))

    @routes.get("/pin")
    def tries(card: str) -> PinTries:
        return acts.tries(card)

    @routes.post("/pin")
    def verify_pin(request: PinRequest) -> PinVerified:
        """The PIN is shown to the card once."""
        return acts.verify_pin(request)

    @routes.post("/new-pin")
    def new_pin(request: CardRequest) -> NewPinView:
        """What the card put in the place of its PIN; again and again, until it is handed on."""
        return acts.new_pin(request.card)

    @routes.post("/new-pin/handed-on")
    def handed_on(request: CardRequest) -> dict[str, str]:
        acts.handed_on(request.card)
        return {"card": request.card}

    return routes
