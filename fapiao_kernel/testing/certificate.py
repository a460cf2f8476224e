"""The certificate (合格证书): what was tested, in which versions, with what result. JSON, written whole or not at all."""

from __future__ import annotations

import json
import os
import platform
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from fapiao_kernel.agent.distributions import OURS, version_of
from fapiao_kernel.client import home_folder
from fapiao_kernel.devices.plug import Mark
from fapiao_kernel.testing.fixtures import DESTRUCTIVE, NO_PAYLOAD, NO_PIN, NO_WORLD, REAL
from fapiao_kernel.testing.subject import Subject

VERSION = 1
"""Of the kit and of the certificate's form: it goes up when a test is added that a certified plugin may fail."""
SUITES = ("link", "driver", "clearing")
FAILED = ("failed", "error")
NOT_RUN = (DESTRUCTIVE, REAL, NO_PIN, NO_PAYLOAD, NO_WORLD)
"""Reasons of a skip that say nothing of the plugin: the run was not allowed to, or lacked something."""
NEVER = "never: "
"""Begins the reason of a mark that no later version takes back."""
SACRED = ("once", "unknown", "clearing", "no_pin", "no_try")
"""Words in the names of tests that no certified plugin goes without: nothing sent twice, no guess told as known, no PIN lost or shown."""


@dataclass
class Result:
    """One test: ``outcome`` passed, failed, error, skipped, or marked (failed as its strict mark says)."""

    suite: str
    test: str
    outcome: str
    reason: str = ""
    seconds: float = 0.0


def shortcomings(
    results: Iterable[Result], known: Mapping[str, str], problems: Iterable[str], destructive: bool
) -> list[str]:
    """What is lacking to ``certified``, which is: nothing failed, and Link, Driver and Clearing were run whole, with
    ``--fapiao-destructive``. Empty: nothing is; else the verdict is ``partial``.

    ``known``: test → suite. A test that was skipped counts as run when its reason is what the plugin does not claim, and not when it is
    what this run did not allow or was not given (``NOT_RUN``). Where a mark says "not yet", it is not certified yet; a mark for ever
    does not help with ``SACRED``.
    """
    seen = list(results)
    lacking = list(problems)
    if not destructive:
        lacking.append("--fapiao-destructive was not given")
    for suite in SUITES:
        ran = {r.test for r in seen if r.suite == suite and not (r.outcome == "skipped" and r.reason in NOT_RUN)}
        missing = sum(of == suite and test not in ran for test, of in known.items())
        if missing:
            lacking.append(f"suite {suite}: {missing} tests were not run")
        elif not any(r.suite == suite and r.outcome == "passed" for r in seen):
            lacking.append(f"suite {suite}: nothing of it passed")
    lacking += [f"{r.outcome}: {r.test}" for r in seen if r.outcome in FAILED]
    lacking += [
        f"no mark certifies: {r.test} ({r.reason})"
        for r in seen
        if r.outcome == "marked" and (not r.reason.startswith(NEVER) or any(word in r.test for word in SACRED))
    ]
    return lacking


def compose(
    subject: Subject, results: Iterable[Result], known: Mapping[str, str], problems: list[str], destructive: bool
) -> dict[str, Any]:
    """The certificate's content."""
    all_results = list(results)
    lacking = shortcomings(all_results, known, problems, destructive)
    return {
        "format": "fapiao-certificate",
        "version": VERSION,
        "time": _now(),
        "verdict": "partial" if lacking else "certified",
        "lacking": lacking,
        "address": str(subject.address),
        "destructive": destructive,
        "kernel": metadata.version(OURS),
        "driver": {"id": subject.driver.id, **_plugin("drivers", subject.address.driver)},
        "link": {"id": subject.link_name, **_plugin("links", subject.link_name)},
        "device": _device(subject),
        "platform": {"python": platform.python_version(), "system": platform.platform()},
        "capabilities": {
            "driver": sorted(str(each) for each in subject.driver.can),
            "link": sorted(str(each) for each in _link_can(subject)),
        },
        "marks": [asdict(mark) for mark in marks(subject)],
        "problems": problems,
        "suites": {
            suite: [{k: v for k, v in asdict(r).items() if k != "suite"} for r in all_results if r.suite == suite]
            for suite in SUITES
        },
    }


def marks(subject: Subject) -> tuple[Mark, ...]:
    """What driver and link say that they do not pass."""
    return (*subject.driver.marks, *subject.link.marks)


def place(subject: Subject, asked: str) -> Path:
    """Where the certificate goes: as asked, else ``certificates/DRIVER-LINK-TIME.json`` below the home of the one who runs it."""
    if asked:
        return Path(asked).expanduser().absolute()
    when = re.sub(r"[-:]", "", _now())
    return home_folder() / "certificates" / f"{subject.address.driver}-{subject.link_name}-{when}.json"


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Beside its place first, then put there. Raises ``OSError``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _plugin(group: str, name: str) -> dict[str, str]:
    """Which distribution a plugin comes from, and the hash of its RECORD: that names every file with its own."""
    for entry in metadata.entry_points(group=f"fapiao.{group}", name=name):
        if entry.dist is not None:
            found = version_of(entry.dist)
            return {"distribution": found.name, "version": found.version, "record_sha256": found.sha256}
    return {"distribution": "", "version": "", "record_sha256": ""}


def _device(subject: Subject) -> dict[str, Any]:
    """Device number and whether it is a simulated one, as far as it could be read."""
    state = subject.__dict__.get("state")  # read in the course of the tests, or not at all
    if state is None:
        return {"device_number": "", "simulated": None}
    return {"device_number": state.identity.device_number, "simulated": state.identity.simulated}


def _link_can(subject: Subject) -> Iterable[str]:
    return subject.link.can


def _now() -> str:
    # A test run has no Clock port; a certificate's date is the machine's.
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")  # noqa: TID251 - see the line above
