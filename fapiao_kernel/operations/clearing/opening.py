"""Opening a run (开始): what this clear is about, told by the card."""

from __future__ import annotations

import secrets

from fapiao_kernel.domain.clearing import Run, unit_data
from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.selection import Selection
from fapiao_kernel.operations.clearing.book import known_effect
from fapiao_kernel.operations.clearing.desk import Desk
from fapiao_kernel.operations.clearing.due import Groups
from fapiao_kernel.operations.clearing.selecting import Along, Selected, SelectedUnit, resolve
from fapiao_kernel.operations.clearing.words import either, unit_list


def open_run(desk: Desk, address: str, selection: Selection, who: str) -> Run:
    """Open a run over the whole units of what was asked for; an empty selection: all that the card would close now.

    A selection that is narrower than its units is refused, what comes along named, unless it says ``whole``; what was asked is
    kept in ``run.opened``. Raises ``UsageError`` (``selection_wrong``), ``Refused`` (``run_open``, ``nothing_to_clear``,
    ``unit_wider_than_asked``, ``period_not_open``, ``picked_not_open``, ``no_type_licensed``) and what reading the card raises.
    """
    with desk.book.holding(address):
        card = desk.card(address)
        state = card.read_state()
        other = desk.book.open_on(card.address, state.identity.device_number)
        if other is not None:
            raise Refused("run_open", effect=known_effect(other), run=other.id)
        groups = _whole(resolve(state, card.profile, desk.ledger, selection, address), selection)
        identity = state.identity
        run = f"{desk.now():%Y%m%d}-{identity.device_number[-4:]}-{secrets.token_hex(3)}"
        return desk.book.open(
            run,
            who,
            {
                "card": card.address,
                "device_number": identity.device_number,
                "taxpayer_id": identity.taxpayer_id,
                "taxpayer_name": identity.taxpayer_name,
                "simulated": identity.simulated,
                "groups": [[unit_data(unit) for unit in group] for group in groups],
                "selection": selection,
            },
        )


def _whole(selected: Selected, selection: Selection) -> Groups:
    """The units that close; refused unless they are what was asked for, or the whole units were."""
    if selected.missing:
        raise Refused("picked_not_open", count=selected.missing)
    if selected.along and not selection.whole:
        extra = either("、", ", ").join(map(extra_word, selected.along))
        units = unit_list(one.unit for one in selected.units)
        raise Refused("unit_wider_than_asked", units=units, extra=extra)
    return tuple(tuple(one.unit for one in group) for group in selected.groups)


def extra_word(one: SelectedUnit) -> str:
    """What comes along of a unit, in words: the rest of it by sheets, or all of it."""
    if one.along is Along.REST and one.held.count:
        count = one.held.count - one.asked.count
        return either(f"{one.unit} 的另外 {count} 张", f"{count} more sheets of {one.unit}")
    return str(one.unit)
