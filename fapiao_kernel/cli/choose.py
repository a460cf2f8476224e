"""Which card and which run a verb means when it is not told."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fapiao_kernel.api.shapes import RunSummary
    from fapiao_kernel.client import Client


def card_of(client: Client, card: str | None) -> str:
    """The card as given, else the home's only one. Raises ``RequestError`` (exit 2)."""
    from fapiao_kernel.client import RequestError

    if card:
        return card
    known = [c.address for c in client.status().cards]
    if len(known) == 1:
        return known[0]
    if not known:
        raise RequestError.of("no_card", exit_code=2)
    raise RequestError.of("several_cards", exit_code=2, cards=", ".join(known))


def open_runs(client: Client, card: str) -> list[RunSummary]:
    """Runs of the card that are not over, oldest first."""
    return [run for run in client.runs() if run.card == card and not run.over]
