"""Inside the agent (后台程序一侧): count journal appends, APDUs and messages as they happen, and break at one of them.

A point is (``journal`` | ``apdu`` | ``message``, the how-manieth). The shipped code runs as it is; around the one fsync of an
append, the one transmission of an APDU and the one posting of a message stands what breaks it. ``breaking``::

    {"at": "journal", "n": 7, "do": "kill-before-fsync"}     and "trace": FILE, which gets a line for every point passed
"""

from __future__ import annotations

import json
import os
import select
import signal
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from fapiao_kernel.agent.clock import PracticeClock
from fapiao_kernel.devices import authority
from fapiao_kernel.devices.links.serial_t1 import link as serial_t1
from fapiao_kernel.domain.home import Home
from fapiao_kernel.protocol.authority import Reply, Request
from fapiao_kernel.records import durable
from fapiao_kernel.records.journal import store, tail
from fapiao_kernel.simulator import processes
from fapiao_kernel.simulator.world import WorldFolder
from tests.crash.real import disks, far_side, forks

MONTH = timedelta(days=31)
SHORT = httpx.Timeout(connect=5.0, read=0.25, write=10.0, pool=5.0)
"""What the agent waits for an answer here: a slow tax side takes longer than this, and a healthy one far less."""
SLOW = "slow:0.6"
DEATHS = {
    ("http11.send_request_body.complete", "kill-after-send"),
    ("http11.receive_response_headers.complete", "kill-before-reply"),
}
"""At which event of httpcore's trace the agent dies: the last byte left, or the answer is there and nobody has read it."""


def install(home: Path, breaking: Mapping[str, Any], door: Path) -> None:
    """Stand around the shipped code of this process."""
    point = Point(Home(home), breaking)
    _far_ends_are_forked(door)
    _around_appends(point)
    _around_apdus(point)
    _around_messages(point)
    shipped_now = PracticeClock.now

    def now(self: PracticeClock) -> datetime:
        return shipped_now(self) + point.clock_jump

    PracticeClock.now = now
    if breaking.get("do") == SLOW:
        _, *others = authority.HttpAuthority.__init__.__defaults__ or ()
        authority.HttpAuthority.__init__.__defaults__ = (SHORT, *others)


class Point:
    """Which point of the month this process is at, and what happens there."""

    def __init__(self, home: Home, breaking: Mapping[str, Any]) -> None:
        self.world = WorldFolder(home.practice)
        self.clock_jump = timedelta()
        self._at, self._n, self._do = breaking.get("at"), breaking.get("n"), str(breaking.get("do", ""))
        self.home = home.root
        self._passed = {"journal": 0, "apdu": 0, "message": 0}
        trace = breaking.get("trace")
        self._trace = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if trace else None

    def passed(self, kind: str, label: str) -> str:
        """One more point of this kind; what is to be done at it, ``""`` for nothing."""
        self._passed[kind] += 1
        if self._trace is not None:
            os.write(self._trace, (json.dumps([kind, self._passed[kind], label]) + "\n").encode())
        if (kind, self._passed[kind]) != (self._at, self._n):
            return ""
        # On the disk before it strikes: a run whose fault never struck proves nothing.
        self.struck.write_text(label, encoding="utf-8")
        return self._do

    @property
    def struck(self) -> Path:
        return struck_file(self.home)


def struck_file(home: Path) -> Path:
    """It is there once the fault has struck; it says at what."""
    return home.with_name(home.name + ".struck")


def die() -> None:
    """As ``kill -9`` from outside: nothing of this process runs after it."""
    os.kill(os.getpid(), signal.SIGKILL)


def gone(state: Path) -> None:
    """Take a far end away at once, as pulling the plug would."""
    told = processes.running(state)
    if told is not None:
        handle = os.pidfd_open(told["pid"])
        os.kill(told["pid"], signal.SIGKILL)
        select.select([handle], [], [])
        os.close(handle)


def _far_ends_are_forked(door: Path) -> None:
    """The agent starts far ends as it always does; they come from the fork server instead of a fresh Python."""

    def launch(what: str, module: str, arguments: Sequence[str], log: Path) -> dict[str, Any]:
        reader, writer = os.pipe()
        forks.start(door, module.rpartition(".")[2], arguments, log, {}, writer)
        os.close(writer)
        with os.fdopen(reader, "rb") as out:
            said: dict[str, Any] = json.loads(out.readline())
        return said

    processes.launch = launch


def _around_appends(point: Point) -> None:
    kind = ""
    shipped = store.FileJournal.append

    def append(self: store.FileJournal, name: str, data: Mapping[str, Any], **more: str) -> Any:
        nonlocal kind
        with self._guard:
            kind = name
            return shipped(self, name, data, **more)

    class Durable:
        """``records.durable`` as the journal's tail sees it."""

        sync_folder = staticmethod(durable.sync_folder)

        @staticmethod
        def sync(descriptor: int) -> None:
            do = point.passed("journal", kind)
            if do == "kill-before-fsync":
                die()
            durable.sync(descriptor)
            if do == "kill-after-fsync":
                die()
            if do == "clock-jumps":
                point.clock_jump = MONTH
            if do.startswith("full-"):
                disks.fill(disks.folders(point.home)[do.removeprefix("full-")])

    store.FileJournal.append = append
    tail.durable = Durable


def _around_apdus(point: Point) -> None:
    shipped = serial_t1.SerialLink.transmit

    def transmit(self: serial_t1.SerialLink, apdu: bytes) -> bytes:
        do = point.passed("apdu", apdu[:5].hex())
        if not do:
            return shipped(self, apdu)
        if do == "unplugged-before-send":
            gone(point.world.card)
        elif do.startswith(("power_loss", "lose_reply")):
            far_side.strike_file(point.world.card).write_text(do, encoding="ascii")
        elif do == "clock-jumps":
            point.clock_jump = MONTH
        write = self._port.write

        def sent(data: bytes) -> int | None:
            done = write(data)
            if self._terminal._left:  # a long command goes in several blocks: it is sent when the last one is
                return done
            if do == "kill-after-send":
                die()
            if do == "kill-before-reply":  # the card has done it, and its answer lies on the line
                select.select([self._port], [], [])
                die()
            if do == "unplugged-after-send":
                gone(point.world.card)
            return done

        self._port.write = sent
        try:
            return shipped(self, apdu)
        finally:
            self._port.write = write

    serial_t1.SerialLink.transmit = transmit


def _around_messages(point: Point) -> None:
    shipped = authority.HttpAuthority._ask

    def ask(self: authority.HttpAuthority, request: Request) -> Reply:
        do = point.passed("message", request.id.name)
        if not do:
            return shipped(self, request)
        if do == "authority-gone":
            gone(point.world.authority)
        elif do in ("down", "refuse", "answer_twice", SLOW):
            far_side.strike_file(point.world.authority).write_text(do, encoding="ascii")
        elif do == "clock-jumps":
            point.clock_jump = MONTH
        post = self._client.post

        def traced(event: str, _facts: Mapping[str, Any]) -> None:
            if (event, do) in DEATHS:
                die()

        def posted(*arguments: Any, **more: Any) -> httpx.Response:
            return post(*arguments, extensions={"trace": traced}, **more)

        self._client.post = posted
        try:
            return shipped(self, request)
        finally:
            self._client.post = post

    authority.HttpAuthority._ask = ask
