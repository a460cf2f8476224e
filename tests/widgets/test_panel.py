"""The widget: one trait, and intents that are kept nowhere."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from fapiao_widgets.viewmodels.clearing import Clearing
from fapiao_widgets.views.panel import Panel, script
from widget_shapes import PIN, run

from fapiao_kernel.domain.clearing import State


@pytest.fixture
def panel(client: Any) -> Iterator[Panel]:
    view = run(State.BACKED_UP)
    client.cards[0] = client.cards[0].model_copy(update={"simulated": False})
    client.views = {view.id: view}
    made = Panel(lambda publish: Clearing(client, publish), client)
    yield made
    made.close()


def test_the_only_state_of_ours_is_the_drawing(panel: Panel) -> None:
    own = {
        name
        for name in panel.keys
        if not name.startswith("_") and name not in ("layout", "tabbable", "tooltip", "comm")
    }
    assert own == {"view"}


def test_a_pin_passes_through_and_is_gone(panel: Panel, client: Any) -> None:
    done = threading.Event()
    client._report = lambda run, pin, period: done.set()
    content = {"do": "report", "pin": PIN, "period": "2026-10"}
    panel._received(panel, content, None)
    assert done.wait(5)
    panel._hands.shutdown(wait=True)
    assert ("report", (panel.model.picked_run,), {"pin": PIN, "period": "2026-10"}) in client.asked
    assert content == {}
    assert PIN not in json.dumps(panel.get_state(), default=str)


def test_a_bug_in_an_intent_is_seen_in_the_view(panel: Panel) -> None:
    panel._received(panel, {"do": "no-such-act"}, None)
    panel._hands.shutdown(wait=True)
    assert any("KeyError" in notice for notice in panel.view["notices"])


def test_making_a_panel_reaches_no_act(panel: Panel, client: Any) -> None:
    assert client.acts == []


def test_the_front_end_is_one_module_with_one_export() -> None:
    assert script().count("export default") == 1
