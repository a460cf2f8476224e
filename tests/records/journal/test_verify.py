"""Verification: every changed byte is found, at its line or later; nothing is found in a journal left alone."""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fapiao_kernel.records.journal.chain import SECRET_KEYS
from fapiao_kernel.records.journal.store import FileJournal
from fapiao_kernel.records.journal.verify import verify

MONTHS = [datetime(2026, month, 5, 9, tzinfo=timezone(timedelta(hours=8))) for month in (10, 11, 12)]


class Clock:
    def __init__(self) -> None:
        self.time = MONTHS[0]

    def now(self) -> datetime:
        return self.time


KEYS = st.text(max_size=6).filter(lambda key: key.lower() not in SECRET_KEYS)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def write(folder: Path, data: list[dict]) -> list[Path]:
    clock = Clock()
    journal = FileJournal(folder, clock)
    for index, item in enumerate(data):
        clock.time = MONTHS[index * len(MONTHS) // max(1, len(data))]
        journal.append("test.record", item, run=f"r{index % 2}", who="李会计")
    journal.close()
    return sorted(folder.glob("*.jsonl"))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(KEYS, VALUES), max_size=6))
def test_any_json_that_was_appended_verifies_and_comes_back(data):
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), data)
        result = verify(Path(folder))
        assert (result.ok, result.records, result.first_bad) == (True, len(data), None)
        journal = FileJournal(Path(folder), Clock())
        back = [record.data for record in journal.records()]
        journal.close()
    assert back == data


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_any_changed_byte_is_found_at_its_line_or_later(data):
    with tempfile.TemporaryDirectory() as name:
        files = write(Path(name), [{"n": n, "名": "青禾"} for n in range(7)])
        index = data.draw(st.integers(0, len(files) - 1))
        content = bytearray(files[index].read_bytes())
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] ^= data.draw(st.integers(1, 255))
        line = bytes(files[index].read_bytes()[:at]).count(b"\n") + 1
        files[index].write_bytes(content)
        result = verify(Path(name))
        assert not result.ok
        place = (result.first_bad["file"], result.first_bad["line"])
        assert place >= (str(files[index]), line)
        assert place <= (str(files[index]), line + 1)


def test_an_absent_and_an_empty_folder_are_whole(tmp_path):
    assert verify(tmp_path / "nothing").ok
    assert (verify(tmp_path).ok, verify(tmp_path).records) == (True, 0)


@pytest.mark.usefixtures("reasons_in_english")
def test_a_missing_file_in_between_is_named_with_the_file_after_it(tmp_path):
    files = write(tmp_path, [{"n": n} for n in range(6)])
    files[1].unlink()
    bad = verify(tmp_path).first_bad
    assert bad["file"] == str(files[2])
    assert bad["line"] == 1
    assert "sequence gap" in bad["reason"]


@pytest.mark.usefixtures("reasons_in_english")
def test_a_removed_first_file_is_found(tmp_path):
    files = write(tmp_path, [{"n": n} for n in range(6)])
    files[0].unlink()
    assert "sequence gap: expected 1" in verify(tmp_path).first_bad["reason"]


def test_a_removed_line_is_found(tmp_path):
    file = write(tmp_path, [{"n": n} for n in range(6)])[0]
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[1:]))
    assert verify(tmp_path).first_bad["line"] == 1


@pytest.mark.usefixtures("reasons_in_english")
def test_a_line_that_says_the_same_in_other_bytes_is_found(tmp_path):
    file = write(tmp_path, [{"名": "青禾"}])[0]
    file.write_bytes(file.read_bytes().replace("青".encode(), b"\\u9752"))
    assert "canonical" in verify(tmp_path).first_bad["reason"]


@pytest.mark.usefixtures("reasons_in_english")
def test_a_torn_last_line_is_reported_as_torn(tmp_path):
    file = write(tmp_path, [{}])[0]
    file.write_bytes(file.read_bytes() + b'{"da')
    bad = verify(tmp_path).first_bad
    assert (bad["line"], bad["reason"][:14]) == (2, "torn last line")


def test_verifying_writes_nothing_and_works_beside_a_writer(tmp_path):
    journal = FileJournal(tmp_path, Clock())
    journal.append("a", {})
    before = {p.name: p.stat().st_mtime_ns for p in tmp_path.iterdir()}
    assert verify(tmp_path).records == 1
    assert {p.name: p.stat().st_mtime_ns for p in tmp_path.iterdir()} == before
    journal.close()


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_a_number_that_json_has_no_form_of_is_refused(tmp_path, number):
    journal = FileJournal(tmp_path, Clock())
    with pytest.raises(ValueError, match="JSON"):
        journal.append("a", {"x": number})
    journal.close()


def test_the_verifier_imports_nothing_heavy():
    code = "import sys, fapiao_kernel.records.journal.verify; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"filelock", "duckdb", "pyrage", "cryptography", "pydantic", "fapiao_kernel.ports"} & set(loaded)


def test_what_may_be_gone_from_the_end_is_said_to_be_unknown_with_and_without_a_file(
    tmp_path, clock, reasons_in_english
):
    assert any("whether all were deleted" in said for said in verify(tmp_path / "none").not_known)
    journal = FileJournal(tmp_path, clock)
    journal.append("a", {})
    journal.append("b", {})
    journal.close()
    (file,) = tmp_path.glob("*.jsonl")
    file.write_bytes(file.read_bytes().splitlines(keepends=True)[0])
    seen = verify(tmp_path)
    assert (seen.ok, seen.records) == (True, 1)
    assert any(f"after the last of {file.name} were cut off" in said and "backup" in said for said in seen.not_known)
