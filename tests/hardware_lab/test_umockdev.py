"""The USB link on the real pyusb, libusb and libudev, over a simulated usbfs (umockdev). No kernel USB, no VM.

Debian packages: umockdev, gir1.2-umockdev-1.0, python3-gi, libusb-1.0-0. ``python3-gi`` is built for Debian's own Python: with another
version these tests are skipped. For the cases with pcscd: pcscd, libccid, and pyscard. The cases stand in ``umockdev_cases.py`` and
``umockdev_pcscd_cases.py``; they run in a process of their own, which umockdev preloads, and each is reported here by its name.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bootstrap import hardware
from tests.hardware_lab import umockdev_cases, umockdev_pcscd_cases

pytestmark = pytest.mark.hardware_lab

FILES = (umockdev_cases, umockdev_pcscd_cases)
CASES = [name for file in FILES for name in vars(file) if name.startswith("test_")]
APART = "test_without_permission_a_reader_is_found_and_says_why_it_cannot_be_opened"
"""Root opens what it likes, unless it gives up the capabilities that say so."""
WRAPPER = "umockdev-wrapper"
PATIENCE = 120
"""Seconds for all cases together; they take some ten."""


@pytest.mark.parametrize("case", CASES)
def test_usb_under_umockdev(case: str, root: Path) -> None:
    if lacking := hardware.lacking(hardware.MOCK):
        pytest.skip("; ".join(lacking))
    if case == APART and os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("root, and no setpriv to drop its right to open everything; enable: apt-get install util-linux")
    results, said = outcomes(root, case == APART)
    kind, told = results.get(case, ("not run", said))
    if kind == "skipped":
        pytest.skip(told)
    assert kind == "passed", told


@cache
def outcomes(root: Path, apart: bool) -> tuple[Mapping[str, tuple[str, str]], str]:
    """One run of all cases, or of the one apart: how each ended and what it said, the worst of its parameters; and the run's own words."""
    drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if apart and os.geteuid() == 0 else []
    files = [str(file.__file__) for file in FILES]
    with TemporaryDirectory(prefix="fapiao-umockdev-") as folder:
        report = Path(folder) / "report.xml"
        which = ["-k", APART if apart else f"not {APART}", "-p", "no:cacheprovider"]
        command = [*drop, WRAPPER, sys.executable, "-m", "pytest", "-q", *files, f"--junitxml={report}", *which]
        try:
            done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            return {}, f"not done after {PATIENCE} s"
        said = f"code {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        entries = list(ElementTree.parse(report).iter("testcase")) if report.exists() else []
    worst: dict[str, tuple[str, str]] = {}
    for entry in entries:
        name = entry.get("name", "")
        kind, told = _outcome(entry)
        case = name.split("[")[0]
        if worst.get(case, ("passed", ""))[0] in ("passed", "skipped"):
            worst[case] = (kind, f"{name}: {told}")
    return worst, said


def _outcome(entry: ElementTree.Element) -> tuple[str, str]:
    for child in entry:
        if child.tag in ("failure", "error", "skipped"):
            return child.tag, f"{child.get('message')}\n{child.text if child.tag != 'skipped' else ''}".strip()
    return "passed", ""
