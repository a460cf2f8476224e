"""Uploading the summary again (再上报汇总): harmless, and the way on where the tax side does not have it after all."""

from __future__ import annotations

from fapiao_kernel.domain.clearing import State
from tests.operations.world import World


def test_a_summary_that_the_tax_side_lost_is_uploaded_again_without_touching_the_card(world: World) -> None:
    run = world.reported()
    world.authority.uploaded.clear()
    shown = list(world.card.pin_shown)
    assert world.engine.report(run.id).state is State.REPORTED
    assert len(world.authority.uploaded) == len(run.groups)
    assert world.card.pin_shown == shown
    assert set(world.card.reported.values()) == {1}
    world.authority.filed = True
    assert world.engine.declaration(run.id).state is State.DECLARED
