"""``python -m fapiao_kernel.simulator.authority --state FILE``: serve until SIGTERM; prints ``{"url"}`` when ready."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from fapiao_kernel.simulator.authority.server import AuthorityServer
from fapiao_kernel.simulator.authority.store import Store
from fapiao_kernel.simulator.clock import ClockKeeper, PracticeClock
from fapiao_kernel.simulator.processes import announce, pid_file
from fapiao_kernel.simulator.state_file import write_json


def main() -> int:
    """Serve the state file named on the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="fapiao_kernel.simulator.authority")
    parser.add_argument("--state", type=Path, required=True)
    state: Path = parser.parse_args().state.resolve()
    store = Store(state)
    server = AuthorityServer(store)
    keeper = ClockKeeper(state, PracticeClock(store["clock_offset"]))

    serving = threading.Thread(target=server.serve_forever, daemon=True)
    with keeper:
        write_json(pid_file(state), {"pid": os.getpid(), "url": server.url})
        signal.signal(signal.SIGTERM, _end)
        signal.signal(signal.SIGINT, _end)
        try:
            serving.start()
            announce({"url": server.url})
            serving.join()
        except _Ended:
            server.stopping.set()
            server.bureau.finish()
    pid_file(state).unlink(missing_ok=True)
    return 0


class _Ended(BaseException):
    """Asked to end."""


def _end(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise _Ended


if __name__ == "__main__":
    sys.exit(main())
