"""One home and who runs in it (现场): made once, copied for each run, started and started again, taken away at the end."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
from pathlib import Path
from typing import Any

from fapiao_kernel.client import Client, connect
from fapiao_kernel.domain.home import Home
from fapiao_kernel.simulator import processes
from fapiao_kernel.simulator.world import WorldFolder
from tests.crash.real import agent_side, disks, far_side
from tests.crash.real.forks import Forks

PATIENCE = 30.0
"""Seconds for a process to end. It is an end of waiting, not a wait: a process that dies is seen at once."""


DYING = 5.0
"""Seconds within which an agent whose connection broke is seen to be dead; one that is not, lives and does not answer."""


class Place:
    """A home, always at the same path, since journals and records name paths."""

    def __init__(self, root: Path, forks: Forks, no_disks: str = "") -> None:
        """``no_disks``: why the home has no disks of its own (``disks.own_disks``)."""
        self.no_disks = no_disks
        self.home = Home(root)
        self.world = WorldFolder(root / "practice")
        self._forks = forks
        self._client: Client | None = None
        self._agent: int | None = None  # pidfd
        self._breaking: dict[str, Any] = {}
        self._do = ""
        self.starts = 0

    def begin(self, template: Path | None, breaking: dict[str, Any]) -> None:
        """Lay a fresh copy of the template out. ``breaking``: for the first agent that is started on it."""
        self.make_room()
        empty(self.home.root)
        if template is not None:
            shutil.copytree(template, self.home.root, symlinks=True, dirs_exist_ok=True)
        agent_side.struck_file(self.home.root).unlink(missing_ok=True)
        self._breaking, self._do, self.starts = breaking, str(breaking.get("do", "")), 0

    @property
    def lasting(self) -> bool:
        """Whether the fault goes on until somebody mends it (a full disk, a wrong clock), rather than striking once."""
        return self._do.startswith(("full-", "clock-"))

    @property
    def agent_alone(self) -> bool:
        """Whether the fault takes the agent alone: card and tax side are in the middle of what they were sent, and finish it."""
        return self._do == "kill-after-send"

    @property
    def struck(self) -> bool:
        """Whether the fault has struck."""
        return agent_side.struck_file(self.home.root).exists()

    def client(self) -> Client:
        """The client of the home's agent, started when it does not run. It may be killed while it starts: then ``ProcessLookupError``."""
        if self._agent is not None and not _ended(self._agent, 0):
            assert self._client is not None
            return self._client
        self._let_go()
        breaking, self._breaking = self._breaking, {}
        self.starts += 1
        reader, writer = os.pipe()
        pid = self._forks.start("agent", ["--home", str(self.home.root)], self.home.log, breaking, writer)
        os.close(writer)
        with contextlib.suppress(ProcessLookupError):
            self._agent = os.pidfd_open(pid)
        with os.fdopen(reader, "rb") as out:
            line = out.readline()
        if not line:
            self._await_end()
            raise ProcessLookupError("the agent ended while it started")
        said = json.loads(line)
        if "error" in said:
            self._await_end()
            raise RuntimeError(f"the agent does not start: {said['error']['code']}")
        self._client = connect(self.home.root, start=False)
        return self._client

    def agent_died(self) -> bool:
        """After a request failed: whether the agent is gone (it is on its way when its connection broke)."""
        return self._agent is None or _ended(self._agent, DYING)

    def restart_all(self) -> None:
        """End agent and far ends, as switching everything off does, and make room on every disk; they start when next used."""
        if self._agent is not None and not _ended(self._agent, 0):
            signal.pidfd_send_signal(self._agent, signal.SIGTERM)
        self._await_end()
        for state in (self.world.card, self.world.authority):
            processes.end(state)
            far_side.strike_file(state).unlink(missing_ok=True)
        self.make_room()

    def make_room(self) -> None:
        """Disks of our own are roomy again."""
        if not self.no_disks:
            for folder in disks.folders(self.home.root).values():
                disks.make_room(folder)

    def stop(self) -> None:
        """The polite end: the agent is asked to stop, and takes its practice world with it."""
        self.client().stop()
        self._await_end()

    def end(self) -> None:
        """Nothing of this home runs afterwards, whatever state it is in."""
        if self._agent is not None and not _ended(self._agent, 0):
            signal.pidfd_send_signal(self._agent, signal.SIGKILL)
        self._await_end()
        for state in (self.world.card, self.world.authority):
            agent_side.gone(state)
            processes.pid_file(state).unlink(missing_ok=True)

    def _await_end(self) -> None:
        if self._agent is not None and not _ended(self._agent, PATIENCE):
            raise TimeoutError("the agent does not end")
        self._let_go()

    def _let_go(self) -> None:
        if self._agent is not None:
            os.close(self._agent)
            self._agent = None
        if self._client is not None:
            self._client.close()
            self._client = None


def empty(folder: Path) -> None:
    """Remove what is in a folder; folders that are mount points stay."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            empty(path)
            if not os.path.ismount(path) and not any(path.iterdir()):
                path.rmdir()
        else:
            path.unlink()


def _ended(pidfd: int, seconds: float) -> bool:
    return bool(select.select([pidfd], [], [], seconds)[0])
