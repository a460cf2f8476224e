"""Bad input is one clear finding, never an exception, and its original is kept all the same."""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib

import pytest

from fapiao_kernel.domain.errors import finding
from fapiao_kernel.records.intake import limits
from fapiao_kernel.records.intake.intake import FileIntake
from fapiao_kernel.records.intake.keeping import place

from .conftest import BASIC_ROW, IMPORTERS, book, einvoice, ofd, original, row

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE EInvoice [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><EInvoice>&c;</EInvoice>'
)


def _zip(**members: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def _zeros(name: str) -> bytes:
    return _zip(**{name: bytes(limits.RATIO_FROM + 1)})


CASES = {
    "empty": (b"", "intake_empty"),
    "text": (b"hello", "intake_unknown_kind"),
    "GBK text": ("发票代码,发票号码\n".encode("gbk"), "intake_unknown_kind"),
    "old xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "intake_old_excel"),
    "zip of neither": (_zip(**{"a.txt": b"x"}), "intake_zip_other"),
    "empty zip": (_zip(), "intake_zip_other"),
    "bare zip magic": (b"PK\x03\x04", "intake_zip_damaged"),
    "truncated zip": (_zip(**{"OFD.xml": b"<a/>" * 500})[:-30], "intake_zip_damaged"),
    "zip bomb": (_zeros("xl/workbook.xml"), "intake_zip_bomb"),
    "zip bomb as OFD": (_zeros("OFD.xml"), "intake_zip_bomb"),
    "too many entries": (_zip(**{f"{i}": b"" for i in range(limits.ENTRIES + 1)}), "intake_zip_bomb"),
    "workbook of rubbish": (_zip(**{"xl/workbook.xml": b"rubbish"}), "intake_workbook_broken"),
    "XML bomb": (BOMB.encode(), "intake_xml_dtd"),
    "XML bomb in UTF-16": (BOMB.replace("1.0", "1.0", 1).encode("utf-16"), "intake_xml_dtd"),
    "external entity": (
        b'<!DOCTYPE EInvoice SYSTEM "http://example.invalid/x.dtd"><EInvoice/>',
        "intake_xml_dtd",
    ),
    "XML cut off": (einvoice().encode()[:-20], "intake_xml_broken"),
    "GBK said to be UTF-8": (einvoice().encode("gbk"), "intake_xml_broken"),
    "other XML": (b"<root><EInvoice/></root>", "intake_xml_other"),
    "EInvoice of nothing": (b"<EInvoice/>", "intake_value_missing"),
    "OFD without XML": (_zip(**{"OFD.xml": b"no xml"}), "intake_xml_broken"),
    "OFD that is no invoice": (_zip(**{"OFD.xml": b"<OFD><DocBody/></OFD>"}), "intake_ofd_other"),
    "OFD of nothing": (_zip(**{"OFD.xml": b"<OFD/>"}), "intake_ofd_other"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bad_file_is_one_clear_finding_and_is_kept(case, put, read, tmp_path):
    content, code = CASES[case]
    reading = read(put(content))
    assert [f.code for f in reading.findings] == [code]
    assert reading.findings[0].remedy
    assert not reading.invoices
    assert reading.original == hashlib.sha256(content).hexdigest()
    assert place(tmp_path / "kept", reading.original).read_bytes() == content


def test_a_workbook_without_the_sheets_names_those_it_wants_and_those_it_found(tmp_path, read):
    reading = read(book(tmp_path / "a.xlsx", 汇总=[BASIC_ROW], Sheet2=[BASIC_ROW]))
    (told,) = reading.findings
    assert told.code == "intake_no_sheet"
    assert all(name in told.message for name in ("信息汇总表", "发票基础信息", "汇总", "Sheet2"))


def test_a_sheet_without_a_needed_column_names_it(tmp_path, read):
    cut = {name: cell for name, cell in BASIC_ROW.items() if name not in ("税额", "发票票种")}
    (told,) = read(book(tmp_path / "a.xlsx", 发票基础信息=[cut])).findings
    assert told.code == "intake_no_column"
    assert "税额、发票票种" in told.message


def test_an_export_of_no_rows_is_told(tmp_path, read):
    assert [f.code for f in read(book(tmp_path / "a.xlsx", 发票基础信息=[])).findings] == ["intake_no_invoice"]


def test_a_damaged_member_of_a_workbook_is_a_finding(tmp_path, put, read):
    path = book(tmp_path / "a.xlsx", 发票基础信息=[row()] * 300)
    content = bytearray(path.read_bytes())
    at = content.index(b"xl/worksheets/sheet1.xml") + 40
    content[at : at + 60] = bytes(60)
    assert [f.code for f in read(put(bytes(content))).findings] == ["intake_workbook_broken"]


def test_a_file_that_is_too_large_is_told_and_not_copied(put, read, monkeypatch, tmp_path):
    monkeypatch.setattr("fapiao_kernel.records.intake.keeping.FILE_SIZE", 10)
    reading = read(put(bytes(11)))
    assert [f.code for f in reading.findings] == ["intake_too_large"]
    assert reading.original == ""
    assert not (tmp_path / "kept").exists()


def test_a_zip_that_states_false_sizes_is_damaged(monkeypatch, put, read):
    monkeypatch.setattr(limits, "UNPACKED", 300_000)
    content = bytearray(_zip(**{"xl/workbook.xml": zlib.compress(bytes(range(256)) * 40) * 3, "b": bytes(200_000)}))
    at = content.rindex(b"PK\x01\x02") + 24
    assert content[at : at + 4] == (200_000).to_bytes(4, "little")
    content[at : at + 4] = (5).to_bytes(4, "little")
    assert [f.code for f in read(put(bytes(content))).findings] == ["intake_zip_damaged"]


def test_a_file_that_is_gone_is_a_finding(tmp_path, read):
    assert [f.code for f in read(tmp_path / "nowhere").findings] == ["intake_unreadable"]


def test_a_full_disk_is_a_finding_and_leaves_nothing_half(put, read, monkeypatch, tmp_path):
    def full(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fapiao_kernel.records.intake.keeping.finish", full)
    reading = read(put(einvoice()))
    assert [f.code for f in reading.findings] == ["intake_not_kept"]
    assert not reading.invoices
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_bug_in_an_importer_costs_its_file_only(tmp_path, put):
    class Broken:
        id, api_version = "a-broken", 1

        def recognises(self, path, head):
            return head.startswith(b"BROKEN")

        def read(self, path, progress=None):
            raise ZeroDivisionError

    intake = FileIntake(tmp_path / "kept", {"a-broken": Broken(), **IMPORTERS})
    assert [f.code for f in intake.read("x", put("BROKEN")).findings] == ["intake_importer_failed"]
    assert len(intake.read("y", put(einvoice())).invoices) == 1


def test_many_findings_are_counted_from_some_point(tmp_path, read, monkeypatch):
    monkeypatch.setattr("fapiao_kernel.records.intake.intake.NAMED", 3)
    rows = [row(发票号码=str(50000001 + i), 金额="x") for i in range(5)]
    findings = read(book(tmp_path / "a.xlsx", 发票基础信息=rows)).findings
    assert [f.code for f in findings] == ["intake_amount_bad"] * 3 + ["intake_more"]
    assert findings[-1].message == finding("intake_more", count=2).message


def test_an_xml_bomb_inside_an_ofd_is_refused(tmp_path, read):
    path = ofd(tmp_path / "a.ofd", members={"Doc_0/Attachs/original_invoice.xml": BOMB})
    assert [f.code for f in read(path).findings] == ["intake_xml_dtd"]


def test_the_same_file_twice_is_kept_once(put, read, tmp_path):
    first, second = read(put(original(), "a")), read(put(original(), "b"))
    assert first.original == second.original
    assert len([p for p in (tmp_path / "kept").rglob("*") if p.is_file()]) == 1
