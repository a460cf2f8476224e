import os
import stat

import pytest

from fapiao_kernel.simulator import state_file
from fapiao_kernel.simulator.state_file import read_json, write_json


def test_what_was_written_is_read_again_and_is_its_owners_alone(tmp_path):
    write_json(tmp_path / "a", {"名": "示例"})
    assert read_json(tmp_path / "a") == {"名": "示例"}
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_state_and_nothing_beside_it(tmp_path, monkeypatch, step):
    write_json(tmp_path / "a", {"n": 1})

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(state_file.os, step, fail)
    with pytest.raises(OSError, match="disk full"):
        write_json(tmp_path / "a", {"n": 2})
    monkeypatch.undo()
    assert read_json(tmp_path / "a") == {"n": 1}
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_what_is_no_state_reads_as_none(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    assert read_json(tmp_path / "a") is None
    assert read_json(tmp_path / "absent") is None
