"""Looking for serial ports, with the system's list as it may come, also while a device leaves."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from fapiao_kernel.devices.holder import Owner
from fapiao_kernel.devices.links.serial_t1 import finding
from fapiao_kernel.domain.errors import NotReachable

pytestmark = pytest.mark.skipif(os.name == "nt", reason="device nodes are files on POSIX alone")


def port(device: Path, **known: object) -> SimpleNamespace:
    fields = {
        "vid": None,
        "pid": None,
        "manufacturer": None,
        "product": None,
        "serial_number": None,
        "description": "n/a",
    }
    return SimpleNamespace(device=str(device), **{**fields, **known})


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """``listed(answers…)``: what ``comports`` gives, one answer after the other, the last one for ever."""
    monkeypatch.setattr(finding, "BY_ID", tmp_path / "by-id")

    def give(*answers: object) -> None:
        left = list(answers)

        def comports() -> object:
            answer = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(finding.list_ports, "comports", comports)

    return give


@pytest.fixture
def node(tmp_path: Path):
    def made(name: str) -> Path:
        path = tmp_path / name
        path.touch()
        return path

    return made


def test_a_usb_adapter_is_named_by_maker_product_and_serial_number(listed, node) -> None:
    listed([port(node("ttyUSB0"), vid=0x403, pid=0x6001, manufacturer="FTDI", product="FT232R", serial_number="A1")])
    (found,) = finding.find()
    assert (found.reader, found.usb_id, found.where) == ("FTDI FT232R A1", "0403:6001", str(node("ttyUSB0")))
    assert (found.may_ask, found.card_present, found.problem) == (False, None, None)


def test_a_port_without_usb_is_named_by_what_the_system_says(listed, node) -> None:
    listed([port(node("ttyS0"), description="ttyS0")])
    (found,) = finding.find()
    assert (found.reader, found.usb_id) == ("ttyS0", "")


def test_a_port_of_which_the_system_tells_nothing_is_named_by_its_node(listed, node) -> None:
    listed([port(node("ttyS0"))])
    assert [found.reader for found in finding.find()] == ["ttyS0"]


def test_ports_are_in_the_order_of_their_numbers(listed, node) -> None:
    listed([port(node(name)) for name in ("ttyUSB10", "ttyUSB2", "ttyACM1")])
    assert [Path(found.where).name for found in finding.find()] == ["ttyACM1", "ttyUSB2", "ttyUSB10"]


def test_a_name_that_stays_over_replugging_is_preferred(listed, node, tmp_path: Path) -> None:
    (tmp_path / "by-id").mkdir()
    link = tmp_path / "by-id" / "usb-FTDI_FT232R_A1-if00-port0"
    link.symlink_to(node("ttyUSB0"))
    listed([port(node("ttyUSB0"))])
    assert [found.where for found in finding.find()] == [str(link)]


def test_a_device_that_leaves_meanwhile_spoils_nothing(listed, node, tmp_path: Path) -> None:
    listed(TypeError("int() argument"), OSError(19, ""), [port(node("ttyUSB0")), port(tmp_path / "gone")])
    assert [Path(found.where).name for found in finding.find()] == ["ttyUSB0"]


def test_a_list_that_never_comes_is_an_error_of_ours(listed) -> None:
    listed(TypeError("int() argument"))
    with pytest.raises(NotReachable) as caught:
        finding.find()
    assert caught.value.code == "device_search_failed"


def test_a_port_that_another_program_has_says_which(listed, node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "holder", lambda _device: Owner(4711, "minicom"))
    listed([port(node("ttyUSB0"))])
    (found,) = finding.find()
    assert found.problem is not None and found.problem.code == "device_busy_by"
    assert found.problem.facts["program"] == "minicom"


def test_a_port_that_this_process_has_is_no_problem_to_it(listed, node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "seen", lambda _device: Owner(os.getpid(), "fapiao agent"))
    listed([port(node("ttyUSB0"))])
    (found,) = finding.find()
    assert found.problem is None


def test_a_port_that_may_not_be_opened_says_what_it_takes(listed, node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding.os, "access", lambda _path, _mode: False)
    listed([port(node("ttyUSB0"))])
    (found,) = finding.find()
    assert found.problem is not None and found.problem.code == "device_denied"
    assert "dialout" in found.problem.remedy and "install-rules" in found.problem.remedy
