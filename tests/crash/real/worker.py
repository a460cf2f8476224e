"""One worker of the matrix (一名工人): a home at a path of its own, an unbroken month first, then the breaks that it is given.

``python -m tests.crash.real.worker FOLDER``: answers each JSON line on standard input with one on standard output.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from tests.crash.real.clerk import Clerk, Month
from tests.crash.real.disks import own_disks
from tests.crash.real.forks import Forks
from tests.crash.real.outside import State, look, wrong
from tests.crash.real.place import Place
from tests.crash.real.warm import share_tls_context

SIZE = 4
"""Invoices in the month: two types, so two units, is what counts here."""


class Worker:
    """Makes the template and the unbroken month, then breaks months one by one."""

    def __init__(self, folder: Path, forks: Forks, no_disks: str) -> None:
        self._place = Place(folder / "home", forks, no_disks)
        self._template, self._trace = folder / "template", folder / "trace"

    def prepare(self) -> dict[str, Any]:
        """The template, and the month that nothing breaks: its points are the matrix's."""
        place = self._place
        place.begin(None, {})
        place.client().practice_start(size=SIZE)
        place.stop()
        shutil.copytree(place.home.root, self._template, symlinks=True)
        month, self._whole = self._month({"trace": str(self._trace)})
        points = [json.loads(line) for line in self._trace.read_text(encoding="utf-8").splitlines()]
        sound = (
            not month.stuck and len(month.runs) == 1 and month.runs[0].verdict == "cleared" and bool(self._whole.record)
        )
        return {"points": points, "sound": sound, "refusals": month.refusals, "no_disks": place.no_disks}

    def break_at(self, breaking: dict[str, Any]) -> dict[str, Any]:
        """One month broken once, finished, and looked at."""
        begun = time.perf_counter()
        try:
            month, state = self._month(breaking)
            found = [list(each) for each in wrong(self._place, month, state, self._whole)]
            told = {"refusals": month.refusals, "runs": [[r.state, r.verdict] for r in month.runs]}
        except Exception as error:  # noqa: BLE001 one month that cannot even be looked at must not end the others
            found, told = [["other", f"{type(error).__name__}: {error}"]], {}
        if not self._place.struck:
            found.append(["other", "the point was never reached"])
        self._place.end()
        return {"found": found, "starts": self._place.starts, "seconds": time.perf_counter() - begun, **told}

    def _month(self, breaking: dict[str, Any]) -> tuple[Month, State]:
        self._place.begin(self._template, breaking)
        month = Clerk(self._place).work()
        self._place.end()
        return month, look(self._place, month)


def main() -> int:
    """Until standard input ends."""
    folder = Path(sys.argv[1])
    no_disks = own_disks(folder / "home")
    share_tls_context()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with Forks(folder) as forks:
        worker = Worker(folder, forks, no_disks)
        print(json.dumps(worker.prepare()), file=answers, flush=True)
        for line in sys.stdin:
            print(json.dumps(worker.break_at(json.loads(line))), file=answers, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
