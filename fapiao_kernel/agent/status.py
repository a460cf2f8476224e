"""The status (状态): small, cached, never waiting for a card at work."""

from __future__ import annotations

from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.run_view import summary
from fapiao_kernel.agent.views import card_view
from fapiao_kernel.api.shapes import AgentView, CardView, StatusView
from fapiao_kernel.domain.clearing import Event


def status(house: House) -> StatusView:
    """The whole in one answer; ``changes`` is taken first, so that nothing after it is missed."""
    changes = house.changes.count
    me = house.identity
    return StatusView(
        time=house.clock.now().isoformat(timespec="seconds"),
        boot_id=me.boot_id,
        changes=changes,
        agent=AgentView(url=me.url, pid=me.pid, version=me.version),
        home=str(house.home.root),
        practice=house.settings.practice,
        who=me.who,
        recovery_waits=house.recovery_waits,
        cards=[card(house, address) for address in house.cards.addresses()],
        runs=[summary(run) for run in house.engine.runs()],
        work=house.worker.work(),
    )


def card(house: House, address: str) -> CardView:
    """One card as last seen, judged with what the tax side last said to its newest run."""
    seen = house.cards.seen(address)
    return card_view(address, seen.state, declared=declared(house, address), read_at=seen.read_at, problem=seen.problem)


def declared(house: House, address: str) -> bool | None:
    """Whether the tax side has the return for what the card has reported; None when nobody asked yet."""
    said = [
        run.facts[Event.DECLARED]
        for run in house.engine.runs()
        if run.card == address and not run.over and Event.DECLARED in run.facts
    ]
    return bool(said[-1]["filed"] and said[-1]["compared"]) if said else None
