"""Find the home's agent, or start it, detached: it outlives the notebook, the terminal and the session that started it."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any

import httpx

from fapiao_kernel.api.shapes import ErrorView
from fapiao_kernel.client.calls import Client
from fapiao_kernel.client.errors import RequestError
from fapiao_kernel.client.place import home_folder
from fapiao_kernel.client.wire import Address, Wire
from fapiao_kernel.domain.home import Home

DEADLINE = 30.0
"""Seconds that a starting agent has to say that it is ready (a cold disk and a virus scanner included)."""


def connect(home: Path | str | None = None, *, start: bool = True) -> Client:
    """A client of the home's agent, which is started when it does not run (and ``start``).

    Raises ``RequestError``: ``agent_not_running`` (with ``start=False``), ``agent_no_start``, or what the agent itself
    ended with (``journal_chain_broken``, …).
    """
    place = Home(home_folder(home))
    address = running(place)
    if address is None:
        if not start:
            raise RequestError.of("agent_not_running", home=place.root)
        address = _start(place)
    return Client(Wire(address, lambda: running(place)), place.root)


def running(home: Home) -> Address | None:
    """Where the home's agent answers just now; None when none does."""
    known = _known(home)
    if known is None:
        return None
    try:
        token = home.token.read_text(encoding="utf-8").strip()
        answer = httpx.get(f"{known['url']}/health", timeout=5.0, trust_env=False)
        health = answer.json()
    except (OSError, httpx.HTTPError, ValueError):
        return None
    if not isinstance(health, dict) or health.get("boot_id") != known["boot_id"]:
        return None  # another program has the port now
    return Address(known["url"], token, known["boot_id"], int(known["pid"]))


def _known(home: Home) -> dict[str, Any] | None:
    try:
        known = json.loads(home.agent.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return known if isinstance(known, dict) and {"url", "boot_id", "pid"} <= known.keys() else None


def _start(home: Home) -> Address:
    home.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(home.log, "ab", opener=_private) as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "fapiao_kernel.agent", "--home", str(home.root)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=home.root,
            **_detached(),
        )
    lines: queue.Queue[bytes] = queue.Queue()
    assert process.stdout is not None
    threading.Thread(target=_follow, args=(process, process.stdout, lines), daemon=True, name="agent-start").start()
    with contextlib.suppress(queue.Empty):
        if line := lines.get(timeout=DEADLINE):  # ready, or somebody else's agent is, or it says why it is not
            _raise_refusal(line)
            address = running(home)
            if address is not None:
                return address
    raise RequestError.of("agent_no_start", seconds=int(DEADLINE), log=home.log)


def _raise_refusal(line: bytes) -> None:
    """The error that an agent ended with instead of a ready line."""
    with contextlib.suppress(ValueError):
        told = json.loads(line)
        if isinstance(told, dict) and "error" in told:
            raise RequestError(ErrorView.model_validate(told["error"]))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _follow(process: subprocess.Popen[bytes], out: IO[bytes], lines: queue.Queue[bytes]) -> None:
    """Hand on the ready line (empty when the agent ended without one), then wait for its end so that no zombie stays."""
    with out:
        lines.put(out.readline())
    process.wait()


def _detached() -> dict[str, Any]:
    """Out of the caller's session, so that a kernel's restart or a closed terminal does not reach it."""
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS | subprocess.CREATE_BREAKAWAY_FROM_JOB
        return {"creationflags": flags}
    return {"start_new_session": True}
