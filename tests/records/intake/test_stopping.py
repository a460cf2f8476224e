"""What progress raises ends the reading, whatever an importer makes of it; and many files are kept together."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from fapiao_kernel.domain.errors import Cancelled, FapiaoError, Refused
from fapiao_kernel.domain.finding import Severity
from fapiao_kernel.records.intake import keeping
from fapiao_kernel.records.intake.importer import Content
from fapiao_kernel.records.intake.intake import FileIntake

from .conftest import IMPORTERS, einvoice


class Stop(Exception):
    """Something of a caller's own."""


def _raising(error: Exception):
    def progress(label, done, total):
        raise error

    return progress


@dataclass
class Swallowing:
    """An importer that takes every error for one of the file's."""

    id: str = "a-swallowing"
    api_version: int = 1

    def recognises(self, path, head):
        return head.startswith(b"SWALLOW")

    def read(self, path, progress=None):
        try:
            progress("", 0, 0)
        except Exception as error:
            raise Refused("intake_no_invoice") from error
        return Content()


@dataclass
class Ticking(Swallowing):
    """An importer that lets it through."""

    id: str = "a-ticking"

    def read(self, path, progress=None):
        progress("", 0, 0)
        return Content()


@pytest.mark.parametrize("error", [Cancelled(), Stop(), OSError(5, "x"), Refused("intake_empty")])
@pytest.mark.parametrize("importer", [Swallowing(), Ticking()])
def test_what_progress_raises_ends_it_and_nothing_else_does(tmp_path, put, error, importer):
    intake = FileIntake(tmp_path / "kept", {importer.id: importer})
    with pytest.raises(type(error)) as raised:
        intake.read("x", put(b"SWALLOW"), _raising(error))
    assert raised.value is error


def test_stopping_is_a_statement_of_its_own():
    stopped = Cancelled()
    assert isinstance(stopped, FapiaoError)
    assert (stopped.code, stopped.exit_code) == ("import_cancelled", 3)
    assert stopped.finding().severity is Severity.INFO


def test_many_are_read_in_their_order_each_with_its_original(tmp_path, put):
    paths = [put(einvoice(number=f"2699000000000000{at:04}"), f"{at}.xml") for at in range(7)]
    bad, gone = put(b"x", "bad"), tmp_path / "gone"
    intake = FileIntake(tmp_path / "kept", IMPORTERS)
    readings = list(intake.read_many([(path.name, path) for path in (*paths, bad, gone)]))
    assert [r.file for r in readings] == [*(f"{at}.xml" for at in range(7)), "bad", "gone"]
    assert [len(r.invoices) for r in readings] == [1] * 7 + [0, 0]
    assert [r.findings[0].code for r in readings[7:]] == ["intake_unknown_kind", "intake_unreadable"]
    for reading in readings[:8]:
        assert keeping.place(tmp_path / "kept", reading.original).is_file()


def test_reading_many_can_be_stopped_between_files(tmp_path, put):
    def progress(label, done, total):
        if done == 1:
            raise Cancelled

    intake = FileIntake(tmp_path / "kept", IMPORTERS)
    files = [("a", put(einvoice(), "a")), ("b", put(einvoice(kind="01"), "b"))]
    readings = intake.read_many(files, progress)
    assert next(readings).file == "a"
    with pytest.raises(Cancelled):
        next(readings)


def test_originals_have_names_only_when_they_are_on_the_disk(tmp_path, put, monkeypatch):
    seen = []

    def finish(file):
        seen.append([p for p in (tmp_path / "kept").rglob("*") if len(p.name) == 64])

    monkeypatch.setattr(keeping, "finish", finish)
    intake = FileIntake(tmp_path / "kept", IMPORTERS)
    list(intake.read_many([(str(at), put(einvoice(number=str(at)), str(at))) for at in range(5)]))
    assert seen == [[]] * 5


def test_a_full_disk_among_many_is_a_finding_of_each_and_leaves_nothing_half(tmp_path, put, monkeypatch):
    def full(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keeping, "finish", full)
    intake = FileIntake(tmp_path / "kept", IMPORTERS)
    readings = list(intake.read_many([(str(at), put(einvoice(number=str(at)), str(at))) for at in range(3)]))
    assert [[f.code for f in r.findings] for r in readings] == [["intake_not_kept"]] * 3
    assert not [p for p in (tmp_path / "kept").rglob("*") if p.is_file()]
    assert {r.original for r in readings} == {""}


def test_a_source_that_breaks_off_leaves_nothing_half(tmp_path):
    class Broken:
        def read(self, size):
            self.calls = getattr(self, "calls", 0) + 1
            if self.calls > 1:
                raise OSError(5, "Input/output error")
            return b"x" * size

    with keeping.Keeping(tmp_path) as originals, pytest.raises(OSError):
        originals.add(Broken())
    assert list(tmp_path.iterdir()) == []


def test_copying_a_large_file_can_be_stopped_and_leaves_nothing(tmp_path, put):
    intake = FileIntake(tmp_path / "kept", IMPORTERS)
    with pytest.raises(Cancelled):
        intake.read("x", put(bytes(17 << 20)), _raising(Cancelled()))
    assert not [p for p in (tmp_path / "kept").rglob("*") if p.is_file()]
