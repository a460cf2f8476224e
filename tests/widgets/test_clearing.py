"""Attaching by asking, and what a person's clicks become."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fapiao_widgets.viewmodels.clearing import Clearing
from widget_shapes import ADDRESS, PIN, REVISION, RUN, card, run

from fapiao_kernel.client import RequestError
from fapiao_kernel.domain.clearing import State


def wizard(client: Any, published: list[dict[str, Any]] | None = None, **more: Any) -> Clearing:
    made = Clearing(client, (published if published is not None else []).append, **more)
    made.refresh()
    return made


def with_run(client: Any, state: State, **changes: Any) -> Any:
    view = run(state, **changes)
    client.views = {view.id: view}
    return client


def test_a_home_without_a_card_offers_the_two_ways_to_start(client: Any) -> None:
    client.cards = []
    view = wizard(client).view
    assert [c["title"] for c in view["panel"]["blocks"][0]["cards"]] == ["没有设备也可以先试一遍", "发现设备"]


def test_one_open_run_is_shown_where_it_is(client: Any) -> None:
    assert wizard(with_run(client, State.DECLARED)).view["panel"]["step"] == "preview"


def test_several_open_runs_are_offered_for_choice(client: Any) -> None:
    client.views = {"a": run(State.DECLARED, id="a"), "b": run(State.CHECKED, id="b")}
    made = wizard(client)
    assert made.view["panel"]["key"] == "choose-run"
    made.handle({"do": "pick", "run": "b"})
    assert made.view["panel"]["step"] == "backup"


def test_several_cards_are_offered_for_choice(client: Any) -> None:
    client.cards = [card(), card(address="gb18240+serial:///dev/ttyUSB0", device_number="661000099999")]
    made = wizard(client)
    assert made.view["panel"]["key"] == "choose-card"
    made.handle({"do": "pick-card", "card": ADDRESS})
    assert made.view["panel"]["key"] == "no-run"


def test_the_first_button_opens_a_run_and_checks_it(client: Any) -> None:
    wizard(client).handle({"do": "check", "card": ADDRESS})
    assert client.acts == ["open_run", "check"]


@pytest.mark.parametrize(
    ("state", "intent", "asked"),
    [
        (State.CHECKED, "backup", "backup"),
        (State.REPORTED, "declaration", "declaration"),
        (State.REPORTED, "file-return", "file_return"),
        (State.DECLARED, "preview", "preview"),
        (State.OUTCOME_UNKNOWN, "read-back", "read_back"),
        (State.CLEARED, "conclude", "conclude"),
        (State.DECLARED, "cancel", "cancel"),
    ],
)
def test_an_intent_asks_the_agent_for_its_act_once(state: State, intent: str, asked: str, client: Any) -> None:
    wizard(with_run(client, state)).handle({"do": intent})
    assert [(name, args) for name, args, _ in client.asked if name == asked] == [(asked, (RUN,))]


def test_the_pin_goes_to_the_agent_and_stays_nowhere(client: Any) -> None:
    published: list[dict[str, Any]] = []
    client.cards = [card(simulated=False)]
    made = wizard(with_run(client, State.BACKED_UP), published)
    made.handle({"do": "report", "pin": PIN, "period": "2026-10"})
    assert ("report", (RUN,), {"pin": PIN, "period": "2026-10"}) in client.asked
    assert PIN not in json.dumps(published) + repr(vars(made.session))


def test_the_token_is_kept_in_memory_and_never_published(client: Any) -> None:
    published: list[dict[str, Any]] = []
    made = wizard(with_run(client, State.CONFIRMED), published)
    made.handle({"do": "confirm", "revision": REVISION, "tail": "2345", "period": "2026-10"})
    assert made.session.token == "t-secret"
    assert made.view["panel"]["act"]["buttons"][0]["label"] == "清卡：专票 2026-10、普票 2026-10"
    assert "t-secret" not in json.dumps(published) + repr(made.session)


def test_execute_spends_the_token_once(client: Any) -> None:
    made = wizard(with_run(client, State.CONFIRMED))
    made.handle({"do": "confirm", "revision": REVISION, "tail": "2345", "period": "2026-10"})
    made.handle({"do": "execute", "revision": REVISION, "pin": PIN})
    assert ("execute", (RUN, REVISION, "t-secret"), {"pin": PIN}) in client.asked
    assert made.session.token == ""


def test_after_a_kernel_restart_a_confirmed_run_asks_to_confirm_again(client: Any) -> None:
    made = wizard(with_run(client, State.CONFIRMED))
    assert "再确认一次" in json.dumps(made.view["panel"], ensure_ascii=False)
    assert made.view["panel"]["act"]["buttons"][0]["act"] == "confirm"


def test_a_preview_is_looked_through_before_it_is_confirmed(client: Any) -> None:
    made = wizard(with_run(client, State.PREVIEWED))
    assert made.view["panel"]["step"] == "preview"
    made.handle({"do": "reviewed", "revision": REVISION})
    assert made.view["panel"]["step"] == "confirm"


def test_another_preview_must_be_looked_through_again(client: Any) -> None:
    made = wizard(with_run(client, State.PREVIEWED))
    made.handle({"do": "reviewed", "revision": "p-0000"})
    assert made.view["panel"]["step"] == "preview"


def test_the_first_invoices_are_fetched_once_a_revision(client: Any) -> None:
    made = wizard(with_run(client, State.PREVIEWED))
    made.refresh()
    assert len([name for name, _, _ in client.asked if name == "invoices"]) == 1
    assert "3300264130" in json.dumps(made.view)


def test_a_refused_request_is_a_failure_card_and_the_buttons_come_back(client: Any) -> None:
    made = wizard(with_run(client, State.CHECKED))
    count = made.view["count"]
    client.refuse["backup"] = RequestError.of("bug", what="x")
    made.handle({"do": "backup"})
    assert made.view["panel"]["blocks"][0]["kind"] == "failure"
    assert made.view["count"] > count


def test_a_failure_card_goes_with_the_next_intent(client: Any) -> None:
    made = wizard(with_run(client, State.CHECKED))
    client.refuse["backup"] = RequestError.of("bug", what="x")
    made.handle({"do": "backup"})
    client.refuse.clear()
    made.handle({"do": "backup"})
    assert made.view["panel"]["blocks"][0]["kind"] != "failure"


def test_an_agent_that_does_not_answer_is_a_failure_card_with_a_way_back(client: Any) -> None:
    client.refuse["status"] = RequestError.of("bug", what="gone")
    view = wizard(client).view
    assert view["panel"]["blocks"][0]["kind"] == "failure"
    assert view["panel"]["act"]["buttons"][0]["act"] == "reconnect"


def test_an_intent_that_does_not_exist_is_refused(client: Any) -> None:
    with pytest.raises(KeyError):
        wizard(client).handle({"do": "format-disk"})
    assert client.acts == []


def test_nothing_is_published_twice_when_nothing_changed(client: Any) -> None:
    published: list[dict[str, Any]] = []
    made = wizard(client, published)
    made.refresh()
    made.refresh()
    assert len(published) == 1


def test_a_guided_clear_shows_a_guide_at_every_step(client: Any) -> None:
    for state in State:
        view = wizard(with_run(client, state), guided=True).view
        if view["panel"]["key"] != "no-run":
            assert any(b["kind"] == "guide" for b in view["panel"]["blocks"]), state
