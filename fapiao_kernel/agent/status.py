"""The status (状态): small, cached, never waiting for a card at work."""

from __future__ import annotations

from collections.abc import Sequence

from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.run_view import summary
from fapiao_kernel.agent.views import card_view
from fapiao_kernel.api.shapes import AgentView, CardView, StatusView
from fapiao_kernel.domain.card import CardState
from fapiao_kernel.domain.clearing import Event, Run


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
    return last_declared([run for run in house.engine.runs() if run.card == address], house.cards.seen(address).state)


def last_declared(runs: Sequence[Run], state: CardState | None) -> bool | None:
    """What the tax side last said to one of these runs, oldest first. Pure.

    A run that is over (a partial, a cancelled one) still counts while all that the card has reported is of its units: what a return
    was filed for stays filed.
    """
    said = [run for run in runs if Event.DECLARED in run.facts and (not run.over or _about(run, state))]
    if not said:
        return None
    told = said[-1].facts[Event.DECLARED]
    return bool(told["filed"] and told["compared"])


def _about(run: Run, state: CardState | None) -> bool:
    if state is None or state.identity.device_number != run.device_number:
        return False
    mine = {(unit.invoice_type, unit.period) for unit in run.units}
    reported = {(m.invoice_type, period) for m in state.monitoring if m.reported for period in m.periods}
    return reported <= mine
