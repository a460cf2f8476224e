"""The kernel's own USB and serial layers, in a guest that boots once: each check that ran inside it is a test here."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from bootstrap import hardware
from fapiao_kernel.simulator.token.slot import atr_of
from tests.hardware_lab.guest import far_ends, inside
from tests.hardware_lab.guest.kernel import Lacking
from tests.hardware_lab.guest.machine import Asked, Ended, Machine, booted
from tests.hardware_lab.guest.vscard import PassedThrough
from tests.simulator.card.maker import make_image

pytestmark = pytest.mark.hardware_lab

ROOT = Path(__file__).parent.parent.parent
Note = Callable[[str, object], None]
SECONDS = 110
"""For the whole guest: three times what it takes on two slow cores."""
DEVICES = (
    *("-chardev", "socket,id=line,path=line.sock", "-device", "usb-serial,id=serial,bus=xhci.0,chardev=line"),
    *("-chardev", "socket,id=card,path=card.sock", "-device", "usb-ccid,id=ccid,bus=xhci.0"),
    *("-device", "ccid-card-passthru,chardev=card,bus=ccid.0"),
)
CHECKS = [
    f"{name}: {check}"
    for name in inside.SCENES
    for check in inside.checks_of(importlib.import_module(f"tests.hardware_lab.guest.scenes.{name}"))
]
SLOW = {"at": "next_number", "do": "delay", "seconds": 5, "times": 1}
"""The card on the serial line is still at it when its adapter is pulled out."""


@dataclass(frozen=True)
class Result:
    """What came of one check; ``failure`` and ``skipped`` are empty when it passed."""

    failure: str = ""
    skipped: str = ""


@pytest.fixture(scope="module")
def told(record_testsuite_property: Note) -> Iterator[Mapping[str, Result]]:
    """Each check's result by its name, from one boot; a check that never ran has the guest's last words."""
    if lacking := hardware.lacking(hardware.GUEST):
        pytest.skip("; ".join(lacking))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fapiao-guest-")))
        line = make_image(folder / "line.json", [SLOW])
        stack.enter_context(far_ends.at(folder / "line.sock", partial(far_ends.serve_line, image=line)))
        card = PassedThrough(make_image(folder / "card.json"))
        stack.enter_context(far_ends.at(folder / "card.sock", card.serve))
        try:
            machine = stack.enter_context(booted(folder, ROOT, Path(inside.__file__), DEVICES))
        except Lacking as why:
            pytest.skip(str(why))
        asked: Mapping[str, Asked] = {
            "unplug": machine.unplug,
            "plug_serial": lambda: machine.plug(driver="usb-serial", id="serial", bus="xhci.0", chardev="line"),
            "atr": lambda: atr_of(0).hex(),
            "draw_card": card.draw,
            "insert_card": card.insert,
            "draw_at_next": card.draw_at_next,
            "commands": lambda: card.apdus,
        }
        yield _heard(machine, asked, record_testsuite_property)


def _heard(machine: Machine, asked: Mapping[str, Asked], note: Note) -> Mapping[str, Result]:
    found: dict[str, Result] = {}
    why = "the guest went down before this check was through"
    try:
        for message in machine.converse(asked, SECONDS):
            found[message["check"]] = Result(message["failure"], message["skipped"])
            note(f"seconds in the guest, {message['check']}", f"{message['seconds']:.2f}")
    except Ended as ended:
        why = str(ended)
    lost = dict.fromkeys(CHECKS, Result(f"{why}; its console:\n{machine.console()}"))
    return {**lost, **found}


@pytest.mark.parametrize("check", CHECKS)
def test_in_the_guest(check: str, told: Mapping[str, Result]) -> None:
    if told[check].skipped:
        pytest.skip(told[check].skipped)
    if told[check].failure:
        pytest.fail(told[check].failure, pytrace=False)
