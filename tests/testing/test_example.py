"""The example package: installed by pip into an environment of its own, the agent finds it there. The kit on it: the hardware lab."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.testing.stranger import EXAMPLE, install, run

ADDRESS = "example-tlv+sim://classroom"
PUBLIC = ("fapiao_kernel.devices.plug", "fapiao_kernel.ports", "fapiao_kernel.domain")
SAMPLE = """
from fapiao_kernel.client import RequestError, connect
with connect() as client:
    try:
        client.practice_start(size=7, plugin="nobody")
    except RequestError as error:
        print(error.code)
    world = client.practice_start(size=7, plugin="example-classroom")
    count = client.census()["open"]["count"]
    print(world.card, count, client.practice().card == world.card, len(client.open_run(world.card).units))
    client.practice_stop()
    client.stop()
"""


@pytest.mark.slow
def test_its_practice_world_is_made_when_it_is_asked_for_by_name(tmp_path: Path) -> None:
    python = install(tmp_path / "stranger")
    assert run(python, ["-c", SAMPLE], tmp_path).stdout.split() == ["no_plugin", ADDRESS, "7", "True", "1"]


def test_driver_and_link_of_the_example_stand_on_the_public_shapes_alone() -> None:
    for name in ("driver.py", "link.py"):
        tree = ast.parse((EXAMPLE / "example_tax_card" / name).read_text("utf-8"))
        modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        ours = [module for module in modules if module.startswith("fapiao")]
        assert ours and all(module.startswith(PUBLIC) for module in ours), name


def test_the_simulated_card_shares_no_code_with_its_driver() -> None:
    text = (EXAMPLE / "example_tax_card" / "simulator.py").read_text("utf-8")
    assert "example_tax_card.driver" not in text and "example_tax_card.link" not in text
