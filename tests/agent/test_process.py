"""The agent as a process: who may speak to it, how it starts, how it ends."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
import pytest

from fapiao_kernel.agent.__main__ import own_scratch
from fapiao_kernel.client import Client, RequestError, connect
from fapiao_kernel.domain.home import Home


def start(home: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "fapiao_kernel.agent", "--home", str(home)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def ready(process: subprocess.Popen[str]) -> dict[str, object]:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def test_the_ready_line_comes_when_the_socket_answers_and_a_signal_ends_it_cleanly(home: Path) -> None:
    with start(home) as process:
        line = ready(process)
        assert set(line) == {"url", "pid", "boot_id"}
        assert httpx.get(f"{line['url']}/health").json()["boot_id"] == line["boot_id"]
        assert json.loads((home / "agent.json").read_text())["url"] == line["url"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert not (home / "agent.json").exists()
    kinds = [json.loads(record)["kind"] for file in (home / "journal").glob("*.jsonl") for record in file.open()]
    assert kinds == ["agent.started", "agent.stopped"]


def test_a_second_agent_names_the_first_and_ends(home: Path, client: Client) -> None:
    with start(home) as second:
        assert ready(second) == {"url": client.url, "pid": client.pid, "boot_id": client.boot_id}
        assert second.wait(20) == 0


def test_temporary_files_lie_in_the_home_and_what_a_killed_agent_left_is_gone(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    (home / "scratch" / "fapiao-import-x").mkdir(parents=True)
    own_scratch(Home(home))
    with tempfile.NamedTemporaryFile() as file:
        assert list((home / "scratch").iterdir()) == [Path(file.name)]
    if os.name == "posix":
        assert stat.S_IMODE((home / "scratch").stat().st_mode) == 0o700


def test_the_token_is_the_owners_alone_and_stays(home: Path, client: Client) -> None:
    token = (home / "agent.token").read_text()
    if os.name == "posix":
        assert stat.S_IMODE((home / "agent.token").stat().st_mode) == 0o600
    client.stop()
    with connect(home):
        assert (home / "agent.token").read_text() == token


def test_over_the_wire_no_token_is_401_and_a_foreign_host_or_origin_is_403(home: Path, client: Client) -> None:
    token = {"Authorization": "Bearer " + (home / "agent.token").read_text().strip()}
    with httpx.Client(base_url=client.url, trust_env=False) as http:
        assert http.get("/health").status_code == 200
        bare = http.post("/runs", content=b"not json")
        assert (bare.status_code, bare.json()["error"]["code"]) == (401, "token_missing")
        assert http.get("/status", headers=token).status_code == 200
        assert http.get("/status", headers={**token, "Host": "evil.example"}).status_code == 403
        assert http.get("/status", headers={**token, "Origin": "https://evil.example"}).status_code == 403


def test_a_malformed_request_is_wrong_use_and_does_not_repeat_what_was_given(home: Path, client: Client) -> None:
    token = {"Authorization": "Bearer " + (home / "agent.token").read_text().strip()}
    given = {"revision": "r", "token": "t", "pin": ["31415926"]}
    answer = httpx.post(f"{client.url}/runs/r/execute", json=given, headers=token, trust_env=False)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert (error["code"], error["exit_code"]) == ("bad_request", 2)
    assert "31415926" not in answer.text


def test_an_unknown_run_and_an_unknown_route_are_told_in_the_one_form(client: Client) -> None:
    with pytest.raises(RequestError) as refused:
        client.run("no-such-run")
    assert (refused.value.code, refused.value.status) == ("run_not_found", 404)
    with pytest.raises(RequestError) as refused:
        client._wire.json("GET", "/no/such/route")
    assert (refused.value.code, refused.value.status) == ("unknown_route", 404)


def test_a_long_poll_is_answered_at_once_on_a_change(client: Client, tmp_path: Path) -> None:
    since = client.changes(-1).changes
    answered: list[float] = []

    def follow() -> None:
        client.changes(since)
        answered.append(time.monotonic())

    follower = threading.Thread(target=follow)
    follower.start()
    time.sleep(0.2)
    changed = time.monotonic()
    client.import_files([tmp_path / "absent.xlsx"])
    follower.join(5)
    assert answered and answered[0] - changed < 1.5


def test_events_come_as_a_stream_that_begins_with_where_things_stand(home: Path, client: Client) -> None:
    token = {"Authorization": "Bearer " + (home / "agent.token").read_text().strip()}
    with httpx.stream("GET", f"{client.url}/events", headers=token, trust_env=False) as stream:
        first = next(line for line in stream.iter_lines() if line.startswith("data: "))
    assert json.loads(first.removeprefix("data: "))["boot_id"] == client.boot_id


def test_a_fresh_home_has_a_status_and_looking_makes_no_ledger(home: Path, client: Client) -> None:
    status = client.status()
    assert (status.cards, status.runs, status.practice) == ([], [], False)
    assert client.census()["all"] == {"count": 0, "total": "0.00"}
    assert client.totals() == []
    with pytest.raises(RequestError) as refused:
        client.sql("select 1")
    assert refused.value.code == "ledger_empty"
    assert not (home / "ledger.duckdb").exists()


def test_the_document_of_the_api_names_every_act(client: Client) -> None:
    paths = client.openapi()["paths"]
    for act in ("check", "backup", "report", "declaration", "preview", "confirm", "execute", "read-back", "conclude"):
        assert "post" in paths[f"/runs/{{id}}/{act}"]


def test_the_doctor_finds_nothing_wrong_with_a_fresh_home(client: Client) -> None:
    told = client.doctor()
    assert {f["severity"] for f in told["findings"]} <= {"ok", "info", "warning"}
    assert "gb18240" in told["plugins"]["drivers"]
    assert client.journal_verify()["ok"]


def test_two_starters_at_once_find_the_same_agent(home: Path) -> None:
    found: list[str] = []

    def begin() -> None:
        with connect(home) as client:
            found.append(client.boot_id)

    threads = [threading.Thread(target=begin) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 2 and len(set(found)) == 1


def test_a_bug_is_told_in_the_one_form_and_the_connection_lives_on() -> None:
    import asyncio
    from collections.abc import MutableMapping
    from typing import Any

    from fapiao_kernel.agent.errors import Bugs

    sent: list[MutableMapping[str, Any]] = []

    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise ZeroDivisionError("secret 1234")

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "path": "/x", "headers": []}
    asyncio.run(Bugs(broken)(scope, receive, send))
    assert sent[0]["status"] == 500
    error = json.loads(sent[1]["body"])["error"]
    assert (error["code"], error["exit_code"], error["effect"]) == ("bug", 70, "UNKNOWN")
    assert b"1234" not in sent[1]["body"]


def test_an_agent_that_cannot_start_says_why_in_its_own_words(home: Path) -> None:
    with connect(home) as client:
        client.stop()
    file = next((home / "journal").glob("*.jsonl"))
    file.write_text(file.read_text("utf-8").replace("agent.started", "agent.stareted", 1), "utf-8")
    with pytest.raises(RequestError) as refused:
        connect(home)
    assert refused.value.code == "journal_chain_broken"
    assert file.name in refused.value.sentence


@pytest.mark.skipif(
    sys.platform == "win32", reason="a log-out ends a session there by other means; run it on Linux or macOS"
)
def test_the_agent_outlives_the_terminal_session_that_started_it(home: Path) -> None:
    """A log-out: the terminal is gone, and the kernel hangs up on everyone in its session."""
    import pty

    pid, terminal = pty.fork()
    if pid == 0:
        command = "from fapiao_kernel.client import connect; connect(); print('connected', flush=True); input()"
        os.execv(sys.executable, [sys.executable, "-c", command])
    with os.fdopen(terminal, "rb", buffering=0) as screen:
        said = b""
        while b"connected" not in said:
            said += screen.read(1024)
    _, status = os.waitpid(pid, 0)
    assert os.WTERMSIG(status) == signal.SIGHUP or os.WEXITSTATUS(status) != 0
    with connect(home, start=False) as client:
        assert client.health()["ok"]
