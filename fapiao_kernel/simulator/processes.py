"""Far ends as processes of their own (进程): started detached, found again by their pid file, ended politely."""

from __future__ import annotations

import ctypes
import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fapiao_kernel.domain.errors import NotReachable
from fapiao_kernel.simulator.state_file import read_json

READY_SECONDS = 30.0
"""How long a far end may take to say that it listens; it takes about half a second."""
END_SECONDS = 5.0

_children: dict[int, subprocess.Popen[bytes]] = {}
"""Those that this process started: a dead child stays a zombie until it is asked for."""


def pid_file(state: Path) -> Path:
    """Where a far end writes ``{"pid", ...}`` while it runs."""
    return state.with_name(state.name + ".pid")


def announce(line: Mapping[str, Any]) -> None:
    """In the far end: print the one JSON line, then leave stdout alone, so that the reader may go."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def launch(what: str, module: str, arguments: Sequence[str], log: Path) -> dict[str, Any]:
    """Start ``python -m module`` detached; returns its one JSON line. stderr goes to ``log``.

    Raises ``NotReachable`` (``practice_process_failed``) when it ends or stays silent; then it does not run.
    """
    options: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        options = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS}
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            cwd=log.parent,
            **options,
        )
    line = _first_line(process)
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        process.kill()
        process.wait()
        reason = "没有答话" if not line else "答话不合规范"
        raise NotReachable("practice_process_failed", what=what, reason=reason, log=log.name)
    _children[process.pid] = process
    return found


def _first_line(process: subprocess.Popen[bytes]) -> bytes:
    """Its first line of output, or nothing when it ends or the deadline passes. The pipe is closed by the reader."""
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    pipe = process.stdout
    assert pipe is not None

    def read() -> None:
        with pipe:
            lines.put(pipe.readline())

    threading.Thread(target=read, daemon=True).start()
    try:
        return lines.get(timeout=READY_SECONDS)
    except queue.Empty:
        return b""


def running(state: Path) -> dict[str, Any] | None:
    """The pid file's content when the process that it names lives and is this state's; else None."""
    told = read_json(pid_file(state))
    if told is None or not isinstance(told.get("pid"), int):
        return None
    pid = told["pid"]
    return told if _alive(pid) and _serves(pid, state) else None


def end(state: Path) -> None:
    """End the far end of this state file (SIGTERM, after a while SIGKILL) and wait until it is gone. Nothing to do is fine."""
    told = running(state)
    if told is not None:
        pid: int = told["pid"]
        _signal(pid, signal.SIGTERM)
        if not _gone(pid, END_SECONDS):
            _signal(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
            _gone(pid, END_SECONDS)
    pid_file(state).unlink(missing_ok=True)


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _alive(pid: int) -> bool:
    child = _children.get(pid)
    if child is not None:
        if child.poll() is None:
            return True
        del _children[pid]
        return False
    return not _gone(pid, 0)


def _gone(pid: int, seconds: float) -> bool:
    """Whether the process is gone within so many seconds."""
    child = _children.get(pid)
    if child is not None:
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        _children.pop(pid, None)
        return True
    if sys.platform == "win32":
        return _gone_on_windows(pid, seconds)
    if hasattr(os, "pidfd_open"):
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return True
        try:
            return bool(select.select([handle], [], [], seconds)[0])
        finally:
            os.close(handle)
    return _gone_by_asking(pid, seconds)


def _gone_by_asking(pid: int, seconds: float) -> bool:
    """Where no event tells of another's child (macOS): ask until it is gone."""
    wait = threading.Event()
    for _ in range(max(1, int(seconds / 0.05))):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if seconds:
            wait.wait(0.05)
    return False


def _gone_on_windows(pid: int, seconds: float) -> bool:
    kernel: Any = getattr(ctypes, "windll").kernel32  # noqa: B009 - typed as absent elsewhere
    synchronize, signalled = 0x0010_0000, 0
    handle = kernel.OpenProcess(synchronize, False, pid)
    if not handle:
        return True
    try:
        return int(kernel.WaitForSingleObject(handle, int(seconds * 1000))) == signalled
    finally:
        kernel.CloseHandle(handle)


def _serves(pid: int, state: Path) -> bool:
    """Whether that process is a far end of this state file: a pid may have gone to a stranger. Unknown counts as yes."""
    if pid in _children:
        return True
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return not Path("/proc/self/cmdline").exists()
    except OSError:
        return False  # not our user's, so not ours
    return os.fsencode(str(state)) in command.split(b"\0")
