"""A disk that takes no more: refused in a clerk's words, nothing half in, and all goes on once there is room."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.records.ledger.ledger import DuckLedger

from .making import AT, SPECIAL, adder, invoice

resource = pytest.importorskip("resource", reason="file size limits are POSIX's")


@contextlib.contextmanager
def full(path: Path) -> Iterator[None]:
    """No file of this process can grow beyond what the ledger's is: writing fails as on a full disk (SIGXFSZ is ignored by Python)."""
    files = [file for file in (path, path.with_name(path.name + ".wal")) if file.exists()]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (min(file.stat().st_size for file in files), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_close_on_a_full_disk_is_refused_and_done_once_there_is_room(path: Path) -> None:
    ledger = DuckLedger(path, practice=True)
    adder(ledger)(*(invoice(n) for n in range(1, 4)))
    previews = ledger.preview([SPECIAL])
    with full(path):
        for _ in range(2):
            with pytest.raises(Refused) as refused:
                ledger.close_units(previews, run="r1", at=AT)
            assert refused.value.code == "ledger_unwritable"
    assert ledger.closed(SPECIAL) is None and ledger.census().open.count == 3
    assert ledger.close_units(previews, run="r1", at=AT) == 1
    ledger.close()
    again = DuckLedger(path, practice=True)
    assert (again.closed(SPECIAL), again.census().cleared.count) == ("r1", 3)
    again.close()


def test_an_import_on_a_full_disk_brings_nothing_in(path: Path) -> None:
    ledger = DuckLedger(path, practice=True)
    add = adder(ledger)
    add(invoice(1))
    with full(path), pytest.raises(Refused) as refused:
        add(*(invoice(n) for n in range(2, 3000)))
    assert refused.value.code == "ledger_unwritable"
    assert ledger.census().all.count == 1
    add(invoice(2))
    assert ledger.census().all.count == 2
    ledger.close()
