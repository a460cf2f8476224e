"""The udev rule: written whole, once, and never over somebody else's without keeping that."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from fapiao_kernel.devices.rules import ADAPTERS, RULE_NAME, install, rule
from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.finding import Effect, Who


def test_the_rule_is_written_and_the_commands_that_are_left_are_told(tmp_path: Path) -> None:
    done = install(tmp_path)
    assert done.path == tmp_path / RULE_NAME and done.path.read_text("utf-8") == rule()
    assert done.changed and done.kept is None
    assert [command.split()[:2] for command in done.commands] == [["udevadm", "control"], ["udevadm", "trigger"]]
    assert [entry.name for entry in tmp_path.iterdir()] == [RULE_NAME]


def test_writing_it_again_changes_nothing(tmp_path: Path) -> None:
    before = install(tmp_path).path.stat().st_mtime_ns
    again = install(tmp_path)
    assert (again.changed, again.kept, again.commands) == (False, None, ())
    assert again.path.stat().st_mtime_ns == before


def test_a_differing_file_is_kept_beside_it_and_so_is_the_next_one(tmp_path: Path) -> None:
    for number, theirs in enumerate(("# mine\n", "# mine again\n")):
        (tmp_path / RULE_NAME).write_text(theirs)
        done = install(tmp_path)
        assert done.kept is not None and done.kept.read_text() == theirs
        assert len(list(tmp_path.glob("*.bak*"))) == number + 1
    assert not [entry for entry in tmp_path.iterdir() if entry.suffix == ".rules" and entry.name != RULE_NAME]


def test_a_folder_that_cannot_be_written_is_refused_with_who_can(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refused) as caught:
        install(tmp_path / "file")
    assert (caught.value.effect, caught.value.who) == (Effect.NOT_SENT, Who.IT)
    assert "sudo fapiao devices install-rules" in caught.value.remedy


@pytest.mark.skipif(os.name == "nt", reason="udev is a matter of Linux")
def test_everybody_may_read_the_rule_and_none_but_its_owner_write_it(tmp_path: Path) -> None:
    assert install(tmp_path).path.stat().st_mode & 0o777 == 0o644


def test_every_line_is_a_comment_or_assignments_that_udev_knows() -> None:
    pair = r'(ACTION|SUBSYSTEM|GOTO|LABEL|TAG|ENV\{\w+\}|ATTRS\{\w+\})(==|!=|=|\+=)"[^"]*"'
    for line in rule().splitlines():
        assert not line or line.startswith("#") or re.fullmatch(rf"{pair}(, {pair})*", line), line


def test_every_known_adapter_stands_in_the_rule_by_vendor_and_product() -> None:
    for vendor, products, name in ADAPTERS:
        assert re.fullmatch("[0-9a-f]{4}", vendor) and re.fullmatch("[0-9a-f]{4}([|][0-9a-f]{4})*", products)
        assert f'ATTRS{{idVendor}}=="{vendor}", ATTRS{{idProduct}}=="{products}", TAG+="uaccess"' in rule(), name
