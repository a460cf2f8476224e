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
    assert _certified(tmp_path, "gb18240-serial")["clearing"] == {"passed"}, done.stdout


def test_the_example_passes_the_whole_kit_where_it_is_installed(tmp_path: Path) -> None:
    done = kit(install(tmp_path / "stranger"), "example-tlv+sim://classroom", tmp_path)
    outcomes = _certified(tmp_path, "example-tlv-example-socket", "example-tax-card")
    assert outcomes == {"link": {"passed", "skipped"}, "driver": {"passed", "skipped"}, "clearing": {"passed"}}, (
        done.stdout
    )
    assert "certificates/example-tlv-example-socket-" in done.stdout


def _certified(folder: Path, plugins: str, distribution: str = "fapiao-kernel") -> dict[str, set[str]]:
    """What became of each suite, by the certificate, which must be ``certified``."""
    (file,) = (folder / "home" / "certificates").glob(f"{plugins}-*.json")
    certificate = json.loads(file.read_text("utf-8"))
    assert certificate["verdict"] == "certified" and certificate["device"]["simulated"] is True
    assert certificate["lacking"] == certificate["marks"] == []
    for side in ("driver", "link"):
        assert certificate[side]["distribution"] == distribution
        assert distribution == "fapiao-kernel" or len(certificate[side]["record_sha256"]) == 64
    return {suite: {each["outcome"] for each in tests} for suite, tests in certificate["suites"].items()}
