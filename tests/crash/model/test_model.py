"""The model of a month is worth something: it is the same each time, every fault strikes, and planted bugs are found."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from fapiao_kernel.records import durable
from tests.crash.model import matrix, planted, record
from tests.crash.model.disk import Disk
from tests.crash.model.faults import APDU, APPEND, MESSAGE, Crash, Fault, Schedule, Strike
from tests.crash.model.month import broken, play, unbroken
from tests.crash.model.world import World

if os.name == "nt":
    pytest.skip("open files are replaced here as only POSIX lets them be", allow_module_level=True)

WITHIN = 200
"""Seeds within which a planted bug must be found."""


@pytest.fixture(autouse=True)
def _chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAPIAO_LANG", "zh")


def test_a_month_that_goes_on_from_a_snapshot_is_the_unbroken_one() -> None:
    whole = unbroken()
    for snapshot in whole.snapshots[1:]:
        month = play(Schedule(), whole.truth, begin=snapshot)
        assert (month.wrong, month.points) == ([], whole.points)


def test_a_month_has_every_kind_of_point_and_each_act_twice() -> None:
    labels = [label[:4] for kind, label in unbroken().points if kind == APDU]
    assert {kind for kind, _ in unbroken().points} == {APPEND, APDU, MESSAGE}
    assert [labels.count(act) for act in matrix.ACTS] == [2, 2]
    assert len(unbroken().points) >= 200


def test_a_seed_is_the_same_month_each_time() -> None:
    one, other = broken(matrix.drawn(7)), broken(matrix.drawn(7))
    assert (one.points, one.trace, one.truth) == (other.points, other.trace, other.truth)
    assert Schedule.parse(str(matrix.drawn(7))) == matrix.drawn(7)


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_changes_the_month_somewhere(fault: Fault) -> None:
    whole = unbroken()
    acts = [number for number, (_, label) in enumerate(whole.points, 1) if label[:4] in matrix.ACTS]
    asked = [number for number, (kind, _) in enumerate(whole.points, 1) if kind == MESSAGE]
    for number in (*acts, *asked[::4]):
        month = broken(Schedule((Strike(number, fault),), number))
        assert month.wrong == []
        begun = next(s for s in reversed(whole.snapshots) if len(s.passed) < number)
        calm = [line for line in whole.trace if int(line.partition(":")[0]) > len(begun.passed)]
        if [line for line in month.trace if "switched" not in line and "started" not in line] != calm:
            return
    assert fault in (Fault.RESENT, Fault.TWICE), f"{fault} never made any difference"


@pytest.mark.parametrize("bug", planted.BUGS)
def test_a_planted_bug_is_found(bug: type[World]) -> None:
    assert any(matrix.judged(matrix.drawn(seed), "", bug) for seed in range(WITHIN))


def test_a_record_that_tells_something_else_is_noticed() -> None:
    truth = unbroken().truth
    assert truth is not None
    whole = truth.records[0]
    assert list(record.differences([whole], whole)) == []
    assert list(record.differences([{**whole, "verdict": "partial"}], whole))
    page = [*whole["page"][:-1], whole["page"][-1] + "."]
    assert list(record.differences([{**whole, "page": page}], whole))
    assert list(record.differences([], whole))
    assert list(record.differences([whole, whole], whole))


# --- the disk


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path, random.Random(1))


def _write(path: Path, content: bytes, *, synced: bool) -> None:
    with path.open("ab") as file:
        file.write(content)
        if synced:
            durable.finish(file)


def _dies(disk: Disk, share: float | None) -> dict[str, bytes]:
    with pytest.raises(Crash):
        disk.die(share)
    disk.restart()
    return disk.files()


def test_a_death_leaves_what_was_fsynced_and_nothing_else(disk: Disk) -> None:
    with disk.mounted():
        _write(disk.folder / "a", b"one", synced=True)
        durable.sync_folder(disk.folder)
        _write(disk.folder / "a", b"two", synced=False)
    assert _dies(disk, 0.0) == {"a": b"one"}


def test_a_death_may_leave_any_part_of_what_was_on_its_way(disk: Disk) -> None:
    left = set()
    for seed in range(60):
        disk.chance = random.Random(seed)
        disk.lay({"a": b"one"})
        _write(disk.folder / "a", b"two", synced=False)
        left.add(_dies(disk, None)["a"])
    assert {b"one", b"onet", b"onetw", b"onetwo", b"one\0", b"one\0\0"} <= left


def test_a_name_that_was_not_made_durable_may_be_gone_with_its_content(disk: Disk) -> None:
    left = set()
    for seed in range(20):
        disk.chance = random.Random(seed)
        disk.lay({})
        with disk.mounted():
            _write(disk.folder / "a", b"one", synced=True)
        left.add(tuple(_dies(disk, 0.0).items()))
    assert left == {(), (("a", b"one"),)}


def test_a_replaced_file_is_the_old_or_the_new_one_until_its_folder_is_durable(disk: Disk) -> None:
    left = set()
    for seed in range(20):
        disk.chance = random.Random(seed)
        disk.lay({"a": b"old"})
        with disk.mounted():
            _write(disk.folder / "b", b"new", synced=True)
            os.replace(disk.folder / "b", disk.folder / "a")
        left.add(_dies(disk, 0.0)["a"])
    assert left == {b"old", b"new"}
