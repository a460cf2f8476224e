"""Recovery (恢复流程) as the routes ask for it: each verb begins with a fresh reading of the card, on the card's thread."""

from __future__ import annotations

from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.runs import Runs
from fapiao_kernel.agent.views import finding_view
from fapiao_kernel.api.recovery import FalseAlarm, SituationView, UnitSituationView
from fapiao_kernel.api.runs import RunView
from fapiao_kernel.domain.clearing import unit_data
from fapiao_kernel.operations.clearing.recovery.situation import Situation, UnitSituation


class Recovery:
    """All methods raise ``FapiaoError``."""

    def __init__(self, house: House, runs: Runs) -> None:
        self._house = house
        self._runs = runs

    def look(self, address: str) -> SituationView:
        """What device, ledger, tax side and journal say now; changes nothing."""
        card = self._house.cards.get(address).address
        return situation_view(self._house.worker.call(card, lambda: self._house.engine.look_back(card)))

    def go_on(self, address: str) -> RunView:
        """按设备结果继续: to its record, or to where the conclusion waits."""
        card, who = self._house.cards.get(address).address, self._house.identity.who
        run = self._house.worker.call(card, lambda: self._house.engine.continue_from_device(card, who))
        self._house.changes.bump(run.id)
        return self._runs.view(run.id)

    def false_alarm(self, request: FalseAlarm) -> RunView | None:
        """误报: None when no run was open; the journal has it all the same."""
        card, who = self._house.cards.get(request.card).address, self._house.identity.who
        statement = request.statement.strip()
        run = self._house.worker.call(card, lambda: self._house.engine.false_alarm(card, statement, who))
        self._house.changes.bump(run.id if run is not None else "")
        return self._runs.view(run.id) if run is not None else None


def situation_view(found: Situation) -> SituationView:
    """A situation as a face shows it."""
    return SituationView(
        card=found.address,
        device_number=found.device_number,
        read_at=found.read_at,
        readable=found.card is not None,
        agree=found.agree,
        action=found.action.value,
        run=found.run.id if found.run is not None else "",
        units=[_unit(unit) for unit in found.units],
        notes=[finding_view(one) for one in found.notes],
    )


def _unit(found: UnitSituation) -> UnitSituationView:
    said = found.said
    return UnitSituationView(
        **unit_data(said.unit),
        name=said.unit.invoice_type.zh,
        device=said.device.value,
        ledger=said.ledger.value,
        authority=said.authority.value,
        journal=said.journal.value,
        agree=found.agree,
        action=found.action.value,
        finding=finding_view(found.finding),
    )
