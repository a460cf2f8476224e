"""``python -m fapiao_kernel.agent --home DIR``: one agent a home, whoever starts it and however often."""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from filelock import FileLock, Timeout

from fapiao_kernel.agent.errors import view
from fapiao_kernel.agent.files import read_json, token, write_json
from fapiao_kernel.domain.errors import FapiaoError, Refused
from fapiao_kernel.domain.home import Home

PATIENCE = 20.0
"""Seconds to wait for another agent that has the lock and does not answer yet (it starts, or it ends)."""


def main(arguments: list[str] | None = None) -> int:
    """Run the agent of one home until it is told to stop; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m fapiao_kernel.agent", description=__doc__)
    parser.add_argument("--home", required=True, type=Path)
    home = Home(parser.parse_args(arguments).home.expanduser().absolute())
    home.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(home.lock)
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            lock.acquire(timeout=0.1)
            break
        except Timeout:
            line = _answering(home)
            if line is not None:
                print(line, flush=True)
                return 0
            if time.monotonic() > deadline:
                print(f"another agent holds {home.lock} and does not answer", file=sys.stderr)
                return 5
    try:
        ended = _run(home)
    except FapiaoError as error:
        # Whoever started it is told why, in the same words as any refusal: a broken journal, an unreadable key.
        print(json.dumps({"error": view(error).model_dump()}), flush=True)
        return error.exit_code
    except OSError as error:
        # A full disk, most often: the agent's own small files cannot be written, so nobody could find it.
        refusal = Refused("home_unwritable", folder=home.root, reason=error.strerror or type(error).__name__)
        print(json.dumps({"error": view(refusal).model_dump()}), flush=True)
        return refusal.exit_code
    finally:
        lock.release()
    if not ended:
        os._exit(0)  # all is closed; Python itself would wait for ever for the thread in which a device hangs
    return 0


def _answering(home: Home) -> str | None:
    """The ready line of the agent that runs; None while it does not answer."""
    known = read_json(home.agent)
    if not isinstance(known, dict) or "url" not in known:
        return None
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"{known['url']}/health", timeout=2.0) as answer:
            health = json.load(answer)
    except (OSError, ValueError):
        return None
    return _line(known) if health.get("boot_id") == known.get("boot_id") else None


def _line(known: dict[str, object]) -> str:
    return json.dumps({key: known[key] for key in ("url", "pid", "boot_id")})


def _run(home: Home) -> bool:
    """False when a device hangs in a thread that will never end."""
    from fapiao_kernel.agent.app import build
    from fapiao_kernel.agent.compose import House
    from fapiao_kernel.agent.memory import one_arena
    from fapiao_kernel.agent.serve import Server, listen

    one_arena()
    own_scratch(home)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    secret = token(home.token)
    house = House(home)
    asked: list[bool] = []
    try:
        socket = listen()
        house.identity.url = f"http://127.0.0.1:{socket.getsockname()[1]}"
        house.start()

        def ready() -> None:
            me = house.identity
            known = {"url": me.url, "pid": me.pid, "boot_id": me.boot_id, "version": me.version}
            write_json(home.agent, known)
            print(_line(known), flush=True)
            _turn_to(home.log)

        def stop() -> None:
            asked.append(True)
            server.stop()

        server = Server(build(house, secret, stop), ready, house.ending)
        server.run(sockets=[socket])
    finally:
        ended = house.close(world_too=bool(asked))
        known = read_json(home.agent)
        if isinstance(known, dict) and known.get("boot_id") == house.identity.boot_id:
            home.agent.unlink(missing_ok=True)
    return ended


def own_scratch(home: Home) -> None:
    """Temporary files of this process lie in the home, for its owner alone; what a killed agent left is gone."""
    shutil.rmtree(home.scratch, ignore_errors=True)
    home.scratch.mkdir(mode=0o700, exist_ok=True)
    tempfile.tempdir = str(home.scratch)


def _turn_to(path: Path) -> None:
    """From here on output goes to the log, so that nobody has to keep the other end of a pipe open."""
    sys.stdout.flush()
    sys.stderr.flush()
    handle = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.close(handle)


if __name__ == "__main__":
    sys.exit(main())
