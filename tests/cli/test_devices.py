"""``fapiao devices`` and ``fapiao plugins``, against one agent of a practice home with strangers' plugins on its path."""

from __future__ import annotations

import io
import json
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fapiao_kernel.cli import devices
from fapiao_kernel.cli.main import main
from fapiao_kernel.client import connect
from tests.agent.strangers import LINK, install
from tests.conftest import end_processes

CARD = "gb18240+sim://novice"

Run = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture(scope="module")
def pin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The practice card's PIN; its home is ``FAPIAO_HOME``, and its agent runs."""
    site = tmp_path_factory.mktemp("site")
    install(site, "stranger-link", LINK.format(id="strange"), {"links:strange": "LINK"})
    install(site, "stranger-broken", "raise LookupError('nothing here')", {"links:broken": "LINK"})
    home = tmp_path_factory.mktemp("devices") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAPIAO_HOME", str(home))
        patch.setenv("PYTHONPATH", str(site))
        with connect(home) as client:
            yield client.practice_start(size=20).pin
    end_processes(home)


@pytest.fixture
def fapiao(pin: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``fapiao … --json`` here: its exit code, its object, and what it said on stderr."""

    def run(*arguments: str, stdin: str = "") -> tuple[int, dict[str, Any], str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        code = main([*arguments, "--json"])
        said = capsys.readouterr()
        return code, json.loads(said.out), said.err

    return run


def test_the_list_has_simulated_devices_only_when_asked_for(fapiao: Run) -> None:
    code, value, _ = fapiao("devices", "list")
    assert (code, set(value)) == (0, {"devices", "findings"})
    assert not any(device["simulated"] for device in value["devices"])
    code, value, _ = fapiao("devices", "list", "--simulated")
    (card,) = [device for device in value["devices"] if device["address"] == CARD]
    assert card["identity"]["simulated"] is True
    assert card["identity"]["device_number"] == card["device_number"]
    assert (card["of_home"], card["card_present"], card["problem"]) == (True, True, None)
    assert card["verdict"] and card["lock_date"]
    assert "plugin_broken" in [finding["code"] for finding in value["findings"]]
    status = fapiao("status")[1]
    assert [known["address"] for known in status["cards"]] == [CARD]


def test_a_search_that_takes_long_says_that_it_looks(capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    told = threading.Event()
    monkeypatch.setattr(devices, "say", lambda text, as_json: told.set() if as_json else None)
    with devices._patience("looking", 0):
        assert told.wait(10)


def test_a_recording_is_made_once(fapiao: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, value, _ = fapiao("devices", "record", CARD, "--to", "card.jsonl")
    assert (code, value["file"], value["problem"]) == (0, str(tmp_path / "card.jsonl"), None)
    assert value["exchanges"] == len((tmp_path / "card.jsonl").read_text("utf-8").splitlines()) - 1
    code, value, _ = fapiao("devices", "record", CARD, "--to", "card.jsonl")
    assert (code, value["error"]["code"]) == (2, "capture_exists")


def test_a_pin_is_shown_once_and_its_tries_are_told_first(fapiao: Run, pin: str) -> None:
    code, value, err = fapiao("devices", "verify-pin", CARD, "--pin-stdin", "--yes", stdin=f"{pin}\n")
    assert (code, value["verified"], value["tries_left"]) == (0, True, value["tries_before"])
    assert f"还剩 {value['tries_before']} 次" in err.splitlines()[0]
    assert pin not in err
    code, value, err = fapiao("devices", "verify-pin", CARD, "--pin-stdin", stdin=f"{pin}\n")
    assert (code, value["error"]["code"]) == (3, "device_confirm"), "nobody typed the digits"


def test_a_device_is_forgotten_and_added_again(fapiao: Run) -> None:
    assert fapiao("devices", "forget", CARD)[:2] == (0, {"forgotten": CARD})
    assert fapiao("status")[1]["cards"] == []
    code, value, _ = fapiao("devices", "forget", CARD)
    assert (code, value["error"]["code"]) == (2, "device_unknown")
    code, value, _ = fapiao("devices", "add", CARD)
    assert (code, value["address"]) == (0, CARD)
    assert [known["address"] for known in fapiao("status")[1]["cards"]] == [CARD]


def test_an_address_that_is_none_is_wrong_use(fapiao: Run) -> None:
    for verb in (("add",), ("forget",), ("verify-pin", "--yes")):
        code, value, _ = fapiao("devices", *verb, "/dev/ttyUSB0")
        assert (code, value["error"]["code"]) == (2, "device_address")


def test_plugins_are_listed_allowed_and_forbidden(fapiao: Run) -> None:
    def strange(code: int, value: dict[str, Any], _: str) -> dict[str, Any]:
        assert code == 0
        return next(p for p in value["packages"] if p["name"] == "stranger-link")

    before = strange(*fapiao("plugins", "list"))
    assert (before["ours"], before["allowed"], before["version"], len(before["sha256"])) == (False, False, "1.0", 64)
    assert [entry["loaded"] for entry in before["entries"]] == [True], "a practice home loads it all the same"
    assert strange(*fapiao("plugins", "allow", "Stranger_Link"))["allowed"] is True
    (kept,) = fapiao("doctor")[1]["allowed"]
    assert kept == {key: before[key] for key in ("name", "version", "sha256")}
    assert strange(*fapiao("plugins", "forbid", "stranger-link"))["allowed"] is False
    code, value, _ = fapiao("plugins", "forbid", "stranger-link")
    assert (code, value["error"]["code"]) == (2, "plugin_not_on_list")
    code, value, _ = fapiao("plugins", "allow", "no-such-package")
    assert (code, value["error"]["code"]) == (2, "plugin_unknown")


def test_the_doctor_tells_of_plugins_that_do_not_load(fapiao: Run) -> None:
    code, value, _ = fapiao("doctor")
    assert code == 1
    assert "strange" in value["plugins"]["links"] and "broken" not in value["plugins"]["links"]
    said = {finding["code"]: finding["severity"] for finding in value["findings"]}
    assert (said["plugin_broken"], said["plugin_strange"]) == ("warning", "info")
    assert "plugins_ok" not in said


def test_the_rule_is_written_once_and_needs_no_agent(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAPIAO_HOME", str(tmp_path / "home"))
    written = []
    for _ in range(2):
        assert main(["devices", "install-rules", "--to", str(tmp_path), "--json"]) == 0
        value = json.loads(capsys.readouterr().out)
        written.append(value["written"])
    assert written == [True, False]
    assert Path(value["file"]).read_text("utf-8") == value["rule"]
    assert not (tmp_path / "home").exists()
    assert main(["devices", "install-rules", "--to", str(tmp_path / "none")]) == 3
    assert main(["devices", "install-rules", "--print"]) == 0
    assert value["rule"] in capsys.readouterr().out


def test_elsewhere_than_on_linux_no_rule_is_needed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert main(["devices", "install-rules", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["written"] is False
