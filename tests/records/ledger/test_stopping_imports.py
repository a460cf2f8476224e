"""An import that is stopped, or that dies, leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from fapiao_kernel.domain.errors import Cancelled
from fapiao_kernel.ports import Reading
from fapiao_kernel.records.ledger import watching
from fapiao_kernel.records.ledger.ledger import DuckLedger

from .making import AT, SPECIAL, adder, invoice
from .tables import contents, fast, row, sheets

MANY = 30_000


@pytest.fixture
def add(ledger):
    return adder(ledger)


class Stop:
    """Cancels when a label has been told so often; remembers what was told."""

    def __init__(self, at: int) -> None:
        self.at, self.told = at, []

    def __call__(self, label: str, done: int, total: int) -> None:
        self.told.append((label, done, total))
        if len(self.told) > self.at:
            raise Cancelled


def test_a_statement_under_way_is_interrupted_by_what_the_listener_raises(ledger, monkeypatch):
    monkeypatch.setattr(watching, "LOOK", 0.001)
    cursor = ledger._connection.cursor()
    with pytest.raises(Cancelled):
        watching.run(cursor, "SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b", Stop(5))
    assert cursor.execute("SELECT 1").fetchall() == [(1,)]


def test_how_far_a_statement_is_is_told_in_rows(ledger, monkeypatch):
    monkeypatch.setattr(watching, "LOOK", 0.001)
    listener = Stop(10**9)
    cursor = ledger._connection.cursor()
    cursor.execute("CREATE TEMP TABLE numbers AS SELECT range AS n FROM range(3000000)")
    watching.run(cursor, "SELECT sum(hash(n::VARCHAR) % 7) FROM numbers", listener, "数", 3_000_000)
    steps = [done for _, done, _ in listener.told]
    assert steps == sorted(steps) and (steps[0], steps[-1]) == (0, 3_000_000)
    assert any(0 < done < 3_000_000 for done in steps)


@pytest.mark.parametrize("at", [0, 1, 3, 6])
def test_a_table_cancelled_anywhere_leaves_the_ledger_as_it_was(tmp_path, ledger, add, monkeypatch, at):
    monkeypatch.setattr(watching, "LOOK", 0.001)
    add(invoice(1, code="9900261131"))
    before, census = contents(ledger), ledger.census()
    rows = [row(n) for n in range(MANY)]
    with pytest.raises(Cancelled):
        fast(ledger, sheets(tmp_path / "a", rows), progress=Stop(at))
    assert (contents(ledger), ledger.census()) == (before, census)
    assert fast(ledger, sheets(tmp_path / "b", rows)).new == MANY
    assert ledger.preview([SPECIAL])[0].count == MANY + 1


def test_progress_tells_rows(tmp_path, ledger, monkeypatch):
    monkeypatch.setattr(watching, "LOOK", 0.001)
    listener = Stop(10**9)
    fast(ledger, sheets(tmp_path, [row(n) for n in range(MANY)], numbered=True), progress=listener)
    rows = [(done, total) for label, done, total in listener.told if label == "heads"]
    assert rows[0] == (0, MANY) and rows[-1] == (MANY, MANY) and rows == sorted(rows)


def test_several_files_are_in_together_or_not_at_all(ledger, add):
    add(invoice(1))
    before = contents(ledger)
    files = [Reading(f"{n}.ofd", "0" * 64, "ofd", (invoice(n),), ()) for n in range(2, 9)]
    calls = []

    def stop(*told):
        calls.append(told)
        raise Cancelled

    with pytest.raises(Cancelled):
        ledger.take(files, at=AT, cards={}, progress=stop)
    assert contents(ledger) == before
    assert [a.new for a in ledger.take(files, at=AT, cards={})] == [1] * 7


CHILD = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = [sys.argv[2]]
from tests.records.ledger.tables import fast, row, sheets
from fapiao_kernel.records.ledger import watching
from fapiao_kernel.records.ledger.ledger import DuckLedger
watching.LOOK = 0.001
ledger = DuckLedger(Path(sys.argv[1]), practice=True)
where = Path(sys.argv[1]).parent
fast(ledger, sheets(where / "first", [row(1)]))
times = 0
def die(label, done, total):
    global times
    times += 1
    if times == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
fast(ledger, sheets(where / "second", [row(n) for n in range(2, 30000)]), progress=die)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here; enable: run on Linux or macOS")
@pytest.mark.parametrize("at", [2, 4])
def test_a_kill_in_mid_table_leaves_nothing_half_in(path, root, at):
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(path), str(root), str(at)], env={**os.environ}, timeout=60, check=False
    )
    assert done.returncode == -signal.SIGKILL
    ledger = DuckLedger(path, practice=True)
    assert [
        len(rows) for name, rows in contents(ledger).items() if name in ("invoice", "import_file", "unit_import")
    ] == [1, 1, 1]
    ledger.close()
