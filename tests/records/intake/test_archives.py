"""Zips of files and folders: each file inside once, under a name that is only a name, and kept under its own SHA-256."""

from __future__ import annotations

import hashlib
import io
import zipfile

import pytest

from fapiao_kernel.domain.errors import Cancelled
from fapiao_kernel.records.intake import keeping, limits
from fapiao_kernel.records.intake.keeping import place

from .conftest import book, einvoice, ofd, original, row


def _zip(members: dict[str, bytes], encoding: str | None = None) -> bytes:
    """A zip; ``encoding`` writes names as old Windows programs do, without saying so."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for at, (name, content) in enumerate(members.items()):
            archive.writestr(f"{at:04}" + "x" * (len(name.encode(encoding)) - 4) if encoding else name, content)
    raw = made.getvalue()
    if encoding:
        for at, name in enumerate(members):
            wanted = name.encode(encoding)
            raw = raw.replace(f"{at:04}".encode() + b"x" * (len(wanted) - 4), wanted)
    return raw


@pytest.fixture
def unpacked(intake, put):
    """Names (without the folder) and readings of a zip's files."""

    def of(content: bytes, name: str = "十月.zip"):
        path = put(content, name)
        files = intake.files([path])
        cut = len(str(path.parent)) + 1
        return {given[cut:]: intake.read(given, where) for given, where in files}

    return of


def test_each_file_of_a_zip_is_read_under_its_own_name(unpacked, tmp_path):
    made = book(tmp_path / "a", 发票基础信息=[row()]).read_bytes()
    drawn = ofd(tmp_path / "b", members={"Doc_0/Attachs/original_invoice.xml": original()}).read_bytes()
    content = _zip({"导出/a.xlsx": made, "b.ofd": drawn, "c.xml": einvoice().encode()})
    readings = unpacked(content)
    assert list(readings) == ["十月.zip/导出/a.xlsx", "十月.zip/b.ofd", "十月.zip/c.xml"]
    assert [r.importer for r in readings.values()] == ["full-export-xlsx", "ofd", "digital-xml"]
    for reading, inner in zip(readings.values(), (made, drawn, einvoice().encode()), strict=True):
        assert reading.original == hashlib.sha256(inner).hexdigest()
        assert place(tmp_path / "kept", reading.original).read_bytes() == inner
    assert place(tmp_path / "kept", hashlib.sha256(content).hexdigest()).read_bytes() == content


@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
def test_chinese_names_are_right_whoever_packed_it(unpacked, encoding):
    assert list(unpacked(_zip({"十月发票/销项明细.xml": einvoice().encode()}, encoding))) == [
        "十月.zip/十月发票/销项明细.xml"
    ]


def test_a_zip_in_a_zip_is_opened_and_no_deeper_one(unpacked):
    deep = _zip({"d.xml": einvoice().encode()})
    readings = unpacked(_zip({"二.zip": _zip({"三.zip": deep, "c.xml": einvoice().encode()})}))
    assert list(readings) == ["十月.zip/二.zip/三.zip", "十月.zip/二.zip/c.xml"]
    assert [f.code for f in readings["十月.zip/二.zip/三.zip"].findings] == ["intake_zip_deep"]
    assert len(readings["十月.zip/二.zip/c.xml"].invoices) == 1


@pytest.mark.parametrize(
    "name", ["../../etc/x.xml", "/etc/x.xml", "C:\\x.xml", "..\\..\\x.xml", "a\nb.xml", "a\x1b[2J.xml"]
)
def test_a_path_in_a_name_is_only_a_name(unpacked, tmp_path, name):
    before = set(tmp_path.rglob("*"))
    ((shown, reading),) = unpacked(_zip({name: einvoice().encode()})).items()
    assert len(reading.invoices) == 1
    assert shown.isprintable()
    outside = set(tmp_path.rglob("*")) - before - {tmp_path / "十月.zip"}
    assert all(p.is_relative_to(tmp_path / "kept") for p in outside)


def test_what_systems_leave_behind_is_not_read(unpacked):
    names = ["__MACOSX/._a.xml", ".DS_Store", "~$a.xlsx", "x/Thumbs.db", "a.xml"]
    assert list(unpacked(_zip({name: einvoice().encode() for name in names}))) == ["十月.zip/a.xml"]


def test_a_file_of_a_wrong_name_is_read_by_its_content(unpacked, tmp_path):
    drawn = ofd(tmp_path / "b", members={"Doc_0/Attachs/original_invoice.xml": original()}).read_bytes()
    readings = unpacked(_zip({"发票.pdf": drawn}), "全部.xlsx")
    assert [r.importer for r in readings.values()] == ["ofd"]


def test_folders_with_zips_give_their_files_in_order(intake, tmp_path):
    folder = tmp_path / "月"
    folder.mkdir()
    (folder / "b.zip").write_bytes(_zip({"x.xml": einvoice().encode()}))
    (folder / "a.xml").write_text(einvoice())
    names = [name for name, _ in intake.files([folder, folder / "b.zip"])]
    assert names == [str(folder / "a.xml"), f"{folder}/b.zip/x.xml"]


def test_a_damaged_entry_costs_itself_only(unpacked):
    content = bytearray(_zip({"a.xml": einvoice().encode(), "b.xml": einvoice(number="26990000000000000002").encode()}))
    at = content.index(b"a.xml") + 20
    content[at : at + 8] = bytes(8)
    readings = unpacked(bytes(content))
    assert [f.code for f in readings["十月.zip/a.xml"].findings] == ["intake_zip_damaged"]
    assert len(readings["十月.zip/b.xml"].invoices) == 1


def test_an_encrypted_entry_says_so(unpacked):
    content = bytearray(_zip({"a.xml": einvoice().encode()}))
    content[6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    assert [f.code for f in unpacked(bytes(content))["十月.zip/a.xml"].findings] == ["intake_zip_locked"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (_zip({}), "intake_zip_empty"),
        (_zip({".hidden": b"x"}), "intake_zip_empty"),
        (_zip({"a.xml": b"x" * 500})[:-30], "intake_zip_damaged"),
        (_zip({"a.xml": bytes(limits.RATIO_FROM + 1)}), "intake_zip_bomb"),
        (_zip({"a.zip": _zip({"b.xml": bytes(limits.RATIO_FROM + 1)})}), "intake_zip_bomb"),
    ],
)
def test_a_zip_that_cannot_be_unpacked_is_one_finding_and_is_kept(unpacked, tmp_path, content, code):
    ((name, reading),) = unpacked(content).items()
    assert (name, [f.code for f in reading.findings]) == ("十月.zip", [code])
    assert reading.original == hashlib.sha256(content).hexdigest()


def test_limits_hold_for_all_that_comes_out_of_one_zip(unpacked, monkeypatch):
    inner = _zip({f"{i}.xml": b"x" for i in range(6)})
    monkeypatch.setattr(limits, "ENTRIES", 10)
    readings = unpacked(_zip({"a.zip": inner, "b.zip": _zip({f"{i}.xml": b"y" for i in range(6)})}))
    assert [(name, [f.code for f in r.findings]) for name, r in readings.items()] == [("十月.zip", ["intake_zip_bomb"])]


def test_nothing_of_a_refused_zip_stays_but_itself(unpacked, monkeypatch, tmp_path):
    monkeypatch.setattr(limits, "ENTRIES", 3)
    unpacked(_zip({"c.xml": b"1", "a.zip": _zip({f"{i}.xml": b"x" for i in range(6)})}))
    assert len([p for p in (tmp_path / "kept").rglob("*") if p.is_file()]) == 1


def test_unpacking_can_be_stopped(intake, put, tmp_path):
    def stop(label, done, total):
        raise Cancelled

    with pytest.raises(Cancelled):
        intake.files([put(_zip({"a.xml": einvoice().encode()}), "a.zip")], stop)
    assert not [p for p in (tmp_path / "kept").rglob("*") if p.is_file()]


def test_a_file_that_only_looks_like_a_zip_is_its_own_finding(intake, put):
    path = put(b"PK\x03\x04rubbish", "a.zip")
    ((name, where),) = intake.files([path])
    assert [f.code for f in intake.read(name, where).findings] == ["intake_zip_damaged"]


def test_a_large_file_out_of_a_zip_is_not_copied_again(intake, put, monkeypatch):
    ((name, where),) = intake.files([put(_zip({"a.txt": bytes(2 << 20)}), "a.zip")])
    monkeypatch.setattr(keeping.Keeping, "add", None)
    assert intake.read(name, where).original == hashlib.sha256(bytes(2 << 20)).hexdigest()


def test_what_was_refused_once_is_looked_at_anew(intake, put):
    good = _zip({"a.xml": einvoice().encode()})
    bad = bytearray(good)
    bad[bad.index(b"a.xml") + 20] ^= 0xFF
    intake.files([put(bytes(bad), "a.zip")])  # and stopped here
    ((name, where),) = intake.files([put(good, "a.zip")])
    assert intake.read(name, where).findings == ()
