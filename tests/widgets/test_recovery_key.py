"""The recovery key: offered while it waits, on the screen until the next click, and nowhere after."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fapiao_widgets.viewmodels.clearing import Clearing
from widget_shapes import run, status

from fapiao_kernel.domain.clearing import State

KEY = "AGE-SECRET-KEY-1EXAMPLE"


@pytest.fixture
def waiting(client: Any) -> Any:
    """An agent with a recovery key that nobody has seen yet."""
    view = run(State.BACKED_UP)
    client.views = {view.id: view}
    client.waits = True

    def show() -> str:
        client.waits = False
        return KEY

    client._status = lambda: status(client.cards, list(client.views.values()), recovery_waits=client.waits)
    client._recovery_key = show
    return client


def made(client: Any) -> Clearing:
    wizard = Clearing(client, lambda view: None)
    wizard.refresh()
    return wizard


def test_a_key_that_waits_is_offered_after_the_backup(waiting: Any) -> None:
    assert '"recovery-key"' in json.dumps(made(waiting).view)


def test_a_key_is_shown_until_the_next_click_and_not_after(waiting: Any) -> None:
    wizard = made(waiting)
    wizard.handle({"do": "recovery-key"})
    assert KEY in json.dumps(wizard.view)
    wizard.refresh()
    assert KEY in json.dumps(wizard.view)
    wizard.handle({"do": "backup"})
    assert KEY not in json.dumps(wizard.view)
    assert KEY not in repr(wizard.session)


def test_a_key_that_was_shown_is_not_offered_again(waiting: Any) -> None:
    waiting.waits = False
    assert '"recovery-key"' not in json.dumps(made(waiting).view)


def test_the_point_of_no_return_offers_no_key(waiting: Any) -> None:
    view = run(State.CONFIRMED)
    waiting.views = {view.id: view}
    assert '"recovery-key"' not in json.dumps(made(waiting).view)
