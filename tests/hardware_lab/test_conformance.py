"""The conformance kit whole, the agent's clears with it: on our driver over a serial line, and on the example where it is installed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.testing.stranger import install, kit

pytestmark = pytest.mark.hardware_lab


def test_our_driver_and_serial_link_pass_the_whole_kit(tmp_path: Path) -> None:
    done = kit(Path(sys.executable), "gb18240+sim://novice", tmp_path)
    assert _clearing(tmp_path, "gb18240-serial") == {"passed"}, done.stdout


def test_the_example_passes_the_whole_kit_where_it_is_installed(tmp_path: Path) -> None:
    done = kit(install(tmp_path / "stranger"), "example-tlv+sim://classroom", tmp_path)
    assert _clearing(tmp_path, "example-tlv-example-socket") == {"passed"}, done.stdout


def _clearing(folder: Path, plugins: str) -> set[str]:
    """What became of the clears, by the certificate."""
    (file,) = (folder / "home" / "certificates").glob(f"{plugins}-*.json")
    certificate = json.loads(file.read_text("utf-8"))
    assert certificate["verdict"] == "certified" and certificate["device"]["simulated"] is True
    return {each["outcome"] for each in certificate["suites"]["clearing"]}
