"""kill -9 of the writer: what it acknowledged is there, and what it did not is at most a torn tail."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from fapiao_kernel.records.journal.files import journal_files
from fapiao_kernel.records.journal.store import FileJournal
from fapiao_kernel.records.journal.verify import verify

WRITER = """
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from fapiao_kernel.records.journal.store import FileJournal

class Clock:
    time = datetime(2026, 11, 30, 23, 59, 59, tzinfo=timezone(timedelta(hours=8)))
    def now(self):
        self.time += timedelta(milliseconds=40)
        return self.time

journal = FileJournal(Path(sys.argv[1]), Clock())
while True:
    record = journal.append("unit.sent", {"text": "x" * 3000}, run="r")
    sys.stdout.write(f"{record.seq} {record.hash}\\n")
    sys.stdout.flush()
"""


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
@pytest.mark.parametrize("after", [0.03, 0.11, 0.2])
def test_no_acknowledged_record_is_lost_when_the_writer_is_killed(tmp_path, clock, after):
    child = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    first = child.stdout.readline()
    time.sleep(after)  # the moment of death is the point of the test; nothing is waited for
    child.kill()
    acknowledged = [first, *child.stdout.read().splitlines(keepends=True)]
    child.wait()
    acknowledged = [line.split() for line in acknowledged if line.endswith("\n")]
    assert len(acknowledged) > 5
    seen = verify(tmp_path)
    assert seen.ok or (seen.first_bad is not None and seen.first_bad["file"] == str(journal_files(tmp_path)[-1]))
    assert seen.records >= len(acknowledged)
    journal = FileJournal(tmp_path, clock)
    hashes = {record.seq: record.hash for record in journal.records(run="r")}
    journal.close()
    assert all(hashes[int(seq)] == digest for seq, digest in acknowledged)
    assert verify(tmp_path).ok
