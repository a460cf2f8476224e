"""A fork server (进程母体): it has imported the agent and the far ends, and forks one for each start that it is asked for.

What it forks is a process like any other: its own pid and session, its own pipes and log, the shipped ``main``. Only the second
that Python takes to import is saved. Everything that it forked dies with it, and it dies when its standard input closes.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOM = 2000
"""Bytes kept free in the command line, so that a far end can say there which state file it serves."""
LARGEST = 1 << 16
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG, prctl(2)
_ARGUMENTS_BEGIN, _ARGUMENTS_END = 45, 46
"""Fields 48 and 49 of /proc/self/stat, counted from the third: proc_pid_stat(5)."""

MODULES = {
    "agent": "fapiao_kernel.agent.__main__",
    "card": "fapiao_kernel.simulator.card.__main__",
    "authority": "fapiao_kernel.simulator.authority.__main__",
}
IMPORTED = (
    "tests.crash.real.agent_side",
    "tests.crash.real.far_side",
    "fapiao_kernel.agent.app",
    "fapiao_kernel.agent.serve",
    "fapiao_kernel.records.backup.backup",
    "fapiao_kernel.records.intake.intake",
    "fapiao_kernel.records.ledger.ledger",
    "fapiao_kernel.records.proof.recorder",
    "uvicorn.protocols.http.h11_impl",
    "uvicorn.lifespan.off",
    *MODULES.values(),
)


class Forks:
    """The fork server as its user sees it. Use it as a context: at the end everything that it forked is gone."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "forks"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Forks:
        # The last argument only makes room; see ``_call_itself``.
        command = [sys.executable, "-m", __name__, str(self.path), "-" * ROOM]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        if self._process.stdout.readline() != b"ready\n":
            self.__exit__()
            raise RuntimeError("the fork server did not start")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.communicate()
        self.path.unlink(missing_ok=True)

    def start(self, role: str, arguments: Sequence[str], log: Path, breaking: dict[str, Any], out: int) -> int:
        """See ``start``."""
        return start(self.path, role, arguments, log, breaking, out)


def start(door: Path, role: str, arguments: Sequence[str], log: Path, breaking: dict[str, Any], out: int) -> int:
    """Fork an ``agent``, ``card`` or ``authority`` with these arguments, its standard output at ``out``; its pid."""
    asked = {"role": role, "arguments": list(arguments), "log": str(log), "breaking": breaking, "door": str(door)}
    with socket.socket(socket.AF_UNIX) as talk:
        talk.connect(str(door))
        socket.send_fds(talk, [json.dumps(asked).encode()], [out])
        talk.shutdown(socket.SHUT_WR)
        return int(talk.recv(32))


def serve(door: str) -> Callable[[], object]:
    """Answer requests until standard input closes. In a forked process it gives what that process is to do."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them: they leave no zombies
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(door)
    listener.listen()
    os.write(1, b"ready\n")
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.register(0, selectors.EVENT_READ)
        while True:
            if any(key.fd == 0 for key, _ in selector.select()):
                return lambda: 0
            talk, _ = listener.accept()
            data, fds, _, _ = socket.recv_fds(talk, LARGEST, 1)
            while more := talk.recv(LARGEST):
                data += more
            pid = os.fork()
            if pid == 0:
                asked = json.loads(data)
                _settle_in(asked, fds[0])
                return lambda: _become(asked)
            os.close(fds[0])
            talk.sendall(str(pid).encode())
            talk.close()


def _settle_in(asked: dict[str, Any], out: int) -> None:
    """Session, pipes and folder of its own, as ``subprocess.Popen(..., start_new_session=True)`` would give them."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = Path(asked["log"])
    os.chdir(log.parent)
    errors = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, number in ((nothing, 0), (out, 1), (errors, 2)):
        os.dup2(descriptor, number)


def _become(asked: dict[str, Any]) -> object:
    from tests.crash.real import agent_side, far_side

    os.closerange(3, 64)
    role, arguments = asked["role"], asked["arguments"]
    _call_itself([sys.executable, "-P", "-m", MODULES[role].removesuffix(".__main__"), *arguments])
    main = sys.modules[MODULES[role]].main
    if role == "agent":
        agent_side.install(Path(arguments[-1]), asked["breaking"], Path(asked["door"]))
        return main(arguments)
    far_side.install(role, Path(arguments[-1]))
    sys.argv = [MODULES[role], *arguments]
    return main()


def _call_itself(words: Sequence[str]) -> None:
    """Have /proc say this command line: a far end is known by the state file that it names (``simulator.processes``)."""
    with open("/proc/self/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    begin, end = int(fields[_ARGUMENTS_BEGIN]), int(fields[_ARGUMENTS_END])
    line = b"\0".join(os.fsencode(word) for word in words) + b"\0"
    if len(line) > end - begin:
        raise RuntimeError("the command line has no room for this")
    ctypes.memmove(begin, line.ljust(end - begin, b"\0"), end - begin)


def _end(code: object) -> None:
    """End as Python does (threads joined, exit functions called, output flushed), but leave the memory to the system."""
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    import importlib

    for name in IMPORTED:
        importlib.import_module(name)
    from fapiao_kernel.agent.app import document
    from fapiao_kernel.agent.plugins import Plugins
    from tests.crash.real.warm import share_tls_context

    Plugins().findings()  # imports them all
    share_tls_context()
    document()  # what is made but once a process (schemas of the API's shapes) is made here
    if threading.active_count() != 1 or len(os.listdir("/proc/self/task")) != 1:
        raise SystemExit("a fork server must have one thread")
    gc.collect()
    gc.freeze()  # what is imported is no garbage: the forks need not look through it
    _end(serve(sys.argv[1])())
