"""The cards of this home (设备)."""

from __future__ import annotations

from fastapi import APIRouter

from fapiao_kernel.agent import status
from fapiao_kernel.agent.compose import House
from fapiao_kernel.api.shapes import CardView


def router(house: House) -> APIRouter:
    """The routes of this subject over one house."""
    routes = APIRouter(prefix="/cards")

    @routes.get("")
    def cards() -> list[CardView]:
        return [status.card(house, address) for address in house.cards.addresses()]

    return routes
