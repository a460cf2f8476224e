"""Opening a ledger: one owner, one kind, no newer than the program, made whole from nothing."""

from __future__ import annotations

import subprocess
import sys

import duckdb
import pytest

from fapiao_kernel.domain.errors import NotReachable, Refused
from fapiao_kernel.records.ledger.ledger import DuckLedger
from fapiao_kernel.records.ledger.names import normalised
from fapiao_kernel.records.ledger.opening import schema_versions


def test_a_ledger_newer_than_the_program_is_refused_with_both_versions(path):
    DuckLedger(path, practice=True).close()
    connection = duckdb.connect(str(path))
    connection.execute("INSERT INTO schema_version VALUES (99)")
    connection.close()
    with pytest.raises(Refused) as refused:
        DuckLedger(path, practice=True)
    assert refused.value.code == "ledger_newer"
    assert "99" in refused.value.sentence


@pytest.mark.parametrize("practice", [True, False])
def test_practice_and_production_ledgers_never_mix(path, practice):
    DuckLedger(path, practice=practice).close()
    with pytest.raises(Refused) as refused:
        DuckLedger(path, practice=not practice)
    assert refused.value.code == "ledger_kind"
    DuckLedger(path, practice=practice).close()


def test_a_second_process_is_told_that_the_ledger_is_in_use(path, ledger):
    child = (
        "import sys; from pathlib import Path; from fapiao_kernel.domain.errors import NotReachable\n"
        "from fapiao_kernel.records.ledger.ledger import DuckLedger\n"
        "try: DuckLedger(Path(sys.argv[1]), practice=True)\n"
        "except NotReachable as error: print(error.code)"
    )
    told = subprocess.run([sys.executable, "-c", child, str(path)], capture_output=True, text=True, timeout=60)
    assert told.stdout.strip() == "ledger_in_use"


def test_a_file_that_is_no_ledger_is_not_touched(path):
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises((Refused, NotReachable)) as refused:
        DuckLedger(path, practice=True)
    assert refused.value.code == "ledger_damaged"
    assert path.read_bytes() == b"not a database at all" * 100


def test_migrations_are_numbered_without_gaps():
    assert list(schema_versions()) == list(range(1, len(schema_versions()) + 1))


@pytest.mark.parametrize(
    ("one", "other"),
    [("示例（武汉）公司", "示例(武汉)公司"), ("示例〔练习〕ＡＢ", "示例(练习)ab"), ("示 例⾦属", "示例金属")],
)
def test_names_that_differ_only_in_width_and_brackets_compare_equal(one, other):
    assert normalised(one) == normalised(other)
