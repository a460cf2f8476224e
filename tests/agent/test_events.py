"""A run followed from outside: as server-sent events and by long poll, resumed from any event, through a restart too."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from fapiao_kernel.agent.events import event, resumed
from fapiao_kernel.api.runs import RunView
from fapiao_kernel.cli.agent import end
from fapiao_kernel.client import Client, RequestError, connect
from tests.agent.test_guided_clear import confirmed, done, journal, to_preview


def streamed(home: Path, client: Client, run: str, **asked: str) -> Iterator[tuple[str, str, str]]:
    """(id, event, data) of each server-sent event."""
    headers = {"Authorization": "Bearer " + (home / "agent.token").read_text().strip(), **asked}
    url, fields = f"{client.url}/runs/{run}/events", {"id": "", "event": "", "data": ""}
    with httpx.stream("GET", url, headers=headers, trust_env=False, timeout=30.0) as stream:
        for line in stream.iter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif fields["data"]:
                yield fields["id"], fields["event"], fields["data"]
                fields = {"id": "", "event": "", "data": ""}


def finished(client: Client) -> RunView:
    practice = client.practice_start(size=20)
    view = to_preview(client, practice)
    assert view.preview is not None
    token = confirmed(client, view).token
    return done(client, client.execute(view.id, view.preview.revision, token, practice.pin))


def seqs(home: Path, run: str) -> list[int]:
    return [int(str(r["seq"])) for r in journal(home) if r["run"] == run]


def test_a_finished_run_is_streamed_whole_and_the_stream_ends(home: Path, client: Client) -> None:
    run = finished(client).id
    told = list(streamed(home, client, run))
    assert [int(id) for id, kind, _ in told if kind == "record"] == seqs(home, run)
    assert told[-1][1] == "over"
    assert json.loads(told[0][2])["kind"] == "run.opened"


def test_a_stream_is_resumed_from_any_event_by_the_id_that_a_browser_sends(home: Path, client: Client) -> None:
    run = finished(client).id
    every = seqs(home, run)
    for at in (every[0], every[len(every) // 2], every[-1]):
        told = list(streamed(home, client, run, **{"Last-Event-ID": str(at)}))
        assert [int(id) for id, kind, _ in told if kind == "record"] == [seq for seq in every if seq > at]


def test_a_follower_sees_every_record_once_while_the_run_goes_on(home: Path, client: Client) -> None:
    practice = client.practice_start(size=20)
    run = client.open_run(practice.card).id
    seen: list[int] = []

    def follow() -> None:
        with connect(home) as other:
            for answer in other.events(run):
                seen.extend(int(record["seq"]) for record in answer.records)

    follower = threading.Thread(target=follow)
    follower.start()
    done(client, client.check(run))
    done(client, client.backup(run))
    client.cancel(run)
    follower.join(20)
    assert not follower.is_alive()
    assert seen == seqs(home, run)


def test_a_run_is_followed_on_after_a_restart_from_where_it_was(home: Path, client: Client) -> None:
    practice = client.practice_start(size=20)
    run = client.open_run(practice.card).id
    first = next(client.events(run))
    end(client)
    with connect(home) as again:
        done(again, again.check(run))
        assert [r["kind"] for r in next(again.events(run, first.last)).records] == ["run.checked"]


def test_a_follower_from_beyond_the_end_goes_on_at_the_end(home: Path, client: Client) -> None:
    practice = client.practice_start(size=20)
    run = client.open_run(practice.card).id
    last = next(client.events(run, 10**9)).last
    assert last < 10**9
    done(client, client.check(run))
    assert "run.checked" in [r["kind"] for r in next(client.events(run, last)).records]


def test_an_unknown_run_has_no_events(home: Path, client: Client) -> None:
    with pytest.raises(RequestError) as refused:
        next(client.events("no-such-run"))
    assert refused.value.code == "run_not_found"


def test_an_event_is_lines_with_a_blank_one_behind() -> None:
    assert event("record", "{}", 7) == "id: 7\nevent: record\ndata: {}\n\n"


@pytest.mark.parametrize("told", ["", "x", "-1", "٣", None])
def test_a_last_event_that_is_no_number_is_not_heeded(told: str | None) -> None:
    assert resumed(5, told) == 5
