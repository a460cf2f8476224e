"""A guided clear (清卡) by the real agent in a throwaway home, as the notebooks drive it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fapiao_kernel.api.practice import PracticeView
from fapiao_kernel.api.runs import Confirmed, RunView
from fapiao_kernel.client import Client, RequestError, connect
from fapiao_kernel.domain.home import Home
from fapiao_kernel.testing import month
from fapiao_kernel.testing.subject import PATIENCE, Subject

NO_SUCH_FAULT = "practice_fault_unknown"
"""With this code a practice plugin says that it does not know a fault (``UsageError``)."""


class Unexpected(Exception):
    """An act of the run was refused where it should not have been."""


@dataclass
class House:
    """An agent on a home of its own, with the driver's practice world over the kit's month."""

    home: Path
    client: Client
    practice: PracticeView

    @classmethod
    def build(cls, subject: Subject, home: Path, fault: str = "") -> House:
        """Raises ``RequestError`` (``practice_fault_unknown``)."""
        home.mkdir(mode=0o700)
        client = connect(home)
        try:
            file = month.write(home.parent / f"{home.name}.csv")
            practice = client.practice_start(invoices=[file], fault=fault, plugin=subject.driver.practice)
        except BaseException:
            _end(client)
            raise
        return cls(home, client, practice)

    def end(self) -> None:
        """The world and the agent end; the home stays."""
        with contextlib.suppress(RequestError):  # what the agent cannot end any more, the plugin's own ``stop`` has to
            self.client.practice_stop()
        _end(self.client)

    def kill(self) -> None:
        """Kill the agent, as the end of a process that nobody asked (SIGKILL), and connect to the one that comes after it."""
        os.kill(self.client.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        self.client.close()
        self.client = connect(self.home)

    # --- the run

    def done(self, view: RunView) -> RunView:
        """The run when the act has ended. Raises ``Unexpected`` with the refusal."""
        view = self.client.wait(view.id, timeout=PATIENCE)
        if view.error is not None:
            raise Unexpected(f"{view.state}: {view.error.code} {view.error.sentence}")
        return view

    def reported(self) -> RunView:
        """Opened, checked, backed up, reported and uploaded: 抄报."""
        view = self.client.open_run(self.practice.card)
        self.done(self.client.check(view.id))
        self.done(self.client.backup(view.id))
        return self.done(self.client.report(view.id, self.practice.pin, view.period))

    def previewed(self) -> RunView:
        """And declared, and the preview frozen."""
        return self.declared(self.reported())

    def declared(self, view: RunView) -> RunView:
        """From reported on: the return filed, seen, and the preview frozen."""
        self.client.file_return(view.id)
        self.done(self.client.declaration(view.id))
        return self.done(self.client.preview(view.id))

    def confirmed(self, view: RunView) -> Confirmed:
        """Confirmed by what a person would type."""
        assert view.preview is not None
        preview = view.preview
        return self.client.confirm(view.id, preview.revision, preview.confirm_device, preview.confirm_period)

    def execute(self, view: RunView, token: Confirmed) -> RunView:
        """Begin the clear."""
        return self.client.execute(view.id, token.revision, token.token, self.practice.pin)

    def finished(self, id: str) -> RunView:
        """Follow the run until it rests, and bring it to its end from wherever it stands: read the device back where nobody knows."""
        view = self.client.wait(id, timeout=PATIENCE)
        if view.state in ("outcome_unknown", "clearing"):
            view = self.done(self.client.read_back(id))
        if view.state != "finished":
            view = self.done(self.client.conclude(id))
        return view

    def until_settled(self, id: str) -> None:
        """After a new start: follow the run until the agent has asked the card what became of it."""
        deadline, since = time.monotonic() + PATIENCE, self.client.changes(-1).changes
        while (view := self.client.run(id)).busy or view.verdict == "unknown":
            if time.monotonic() > deadline:
                raise Unexpected(f"still unknown: {view.state}")
            since = self.client.changes(since).changes

    def records(self, kind: str) -> list[dict[str, Any]]:
        """The journal's records of a kind, read from its files."""
        lines = [
            line for file in sorted((self.home / "journal").glob("*.jsonl")) for line in file.open(encoding="utf-8")
        ]
        return [record for record in map(json.loads, lines) if record["kind"] == kind]

    def until(self, kind: str) -> None:
        """Wait until the journal has a record of this kind."""
        deadline, pause = time.monotonic() + PATIENCE, threading.Event()
        while not self.records(kind):
            if time.monotonic() > deadline:
                raise Unexpected(f"no {kind} in the journal")
            pause.wait(0.005)  # the journal is a file: nothing tells when it grows


def at_once(count: int, call: Callable[[], object]) -> list[object]:
    """The same call from so many threads at once: what each gave, or the error it ended with."""
    gate, answers = threading.Barrier(count), []

    def run() -> None:
        gate.wait(PATIENCE)
        try:
            answers.append(call())
        except RequestError as refused:
            answers.append(refused)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return answers


def _end(client: Client) -> None:
    """Ask the agent to end, and wait until it has."""
    file, boot_id = Home(client.home).agent, client.boot_id
    deadline, pause = time.monotonic() + PATIENCE, threading.Event()
    with contextlib.suppress(RequestError):  # it ended before it answered
        client.stop()
    client.close()
    while time.monotonic() < deadline and file.exists() and boot_id in file.read_text("utf-8"):
        pause.wait(0.02)  # the file's going is the agent's last act; no event crosses processes for it
