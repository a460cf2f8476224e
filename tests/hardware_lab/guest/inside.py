"""The program that the guest runs: each scene's checks one after the other, and what came of them to the other side, as JSON lines."""

from __future__ import annotations

import faulthandler
import importlib
import json
import time
import traceback
from inspect import isfunction
from types import ModuleType
from typing import Any
from unittest import SkipTest

SCENES = ("serial", "token", "service", "reader")
PATIENCE = 40
"""Seconds for one check; a check that hangs ends the guest, its stack on the console."""


class Host:
    """The machine that the guest runs on."""

    def __init__(self) -> None:
        import tty  # here: the names of the checks are read on systems without one, too

        self._line = open("/dev/ttyS1", "r+b", buffering=0)  # noqa: SIM115 (open as long as the guest runs)
        tty.setraw(self._line)

    def say(self, message: dict[str, Any]) -> None:
        self._line.write(json.dumps(message).encode("ascii") + b"\n")

    def timed(self, check: str, began: float, failure: str = "", skipped: str = "") -> None:
        """A result, with the seconds since ``began`` (monotonic: 0 is when the kernel started)."""
        self.say({"check": check, "failure": failure, "skipped": skipped, "seconds": time.monotonic() - began})

    def ask(self, what: str, **facts: Any) -> Any:
        """Have something done over there, or learn what only that side knows."""
        self.say({"ask": what, "facts": facts})
        return json.loads(self._line.readline())["answer"]


def checks_of(scene: ModuleType) -> list[str]:
    """A scene's checks, in the order of its file: the public functions that it defines itself."""
    return [
        name
        for name, it in vars(scene).items()
        if isfunction(it) and it.__module__ == scene.__name__ and name[0] != "_"
    ]


def main() -> None:
    host = Host()
    host.timed("boot", 0.0)
    for name in SCENES:
        began = time.monotonic()
        scene = importlib.import_module(f"tests.hardware_lab.guest.scenes.{name}")
        host.timed(f"{name}: imports", began)
        for check in checks_of(scene):
            began, failure, skipped = time.monotonic(), "", ""
            faulthandler.dump_traceback_later(PATIENCE, exit=True)
            try:
                getattr(scene, check)(host)
            except SkipTest as why:
                skipped = str(why)
            except Exception:  # noqa: BLE001 (whatever it is, it is this check's result, and the others go on)
                failure = traceback.format_exc()
            faulthandler.cancel_dump_traceback_later()
            host.timed(f"{name}: {check}", began, failure, skipped)
    host.timed("end", 0.0)


if __name__ == "__main__":
    main()
