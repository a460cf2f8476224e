"""Which files are read, under which name, and how originals are kept; and that nothing at all makes it raise."""

from __future__ import annotations

import io
import os
import tempfile
import unicodedata
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fapiao_kernel.records.intake import values
from fapiao_kernel.records.intake.intake import FileIntake

from .conftest import IMPORTERS, book, einvoice, line, ofd, original, row
from .pdf_maker import pdf
from .test_issuing_xml import business, node
from .test_pdf import device, digital


def test_folders_are_walked_in_name_order_and_each_file_comes_once(tmp_path, intake):
    folder = tmp_path / "十月"
    for name in ("b.xml", "a.xml", "sub/c.xml", ".hidden", "~$a.xlsx", ".git/x.xml"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    found = intake.files([folder / "b.xml", folder])
    assert [name for name, _ in found] == [str(folder / "b.xml"), str(folder / "a.xml"), str(folder / "sub/c.xml")]
    assert all(path.is_file() for _, path in found)


def test_a_folder_without_files_is_told(tmp_path, intake):
    (tmp_path / "空").mkdir()
    (tmp_path / "空/.DS_Store").touch()
    (found,) = intake.files([tmp_path / "空"])
    reading = intake.read(*found)
    assert (reading.file, [f.code for f in reading.findings]) == (str(tmp_path / "空"), ["intake_folder_empty"])


def test_a_reading_says_who_read_what(put, intake, tmp_path):
    reading = intake.read("十月/a.xml", put(einvoice()))
    assert (reading.file, reading.importer) == ("十月/a.xml", "digital-xml")
    assert (tmp_path / "kept" / reading.original[:2] / reading.original).read_text() == einvoice()


def test_a_copy_that_a_crash_left_half_is_gone_at_the_next_start(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "tmpabc.part").write_bytes(b"half")
    FileIntake(tmp_path / "kept", IMPORTERS)
    assert list((tmp_path / "kept").iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in the file system here; enable: run on Linux or macOS")
def test_a_pipe_is_a_finding_and_nothing_waits(tmp_path, read):
    os.mkfifo(tmp_path / "pipe")
    assert [f.code for f in read(tmp_path / "pipe").findings] == ["intake_unreadable"]


def test_what_is_no_invoice_has_no_importer(put, read):
    assert read(put(b"x")).importer == ""


def test_a_plugin_of_somebody_else_finds_its_files(put, tmp_path):
    from fapiao_kernel.records.intake.importer import Content

    class Theirs:
        id, api_version = "theirs", 1

        def recognises(self, path, head):
            return head.startswith(b"THEIRS")

        def read(self, path, progress=None):
            return Content()

    intake = FileIntake(tmp_path / "kept", {"theirs": Theirs()})
    assert [f.code for f in intake.read("x", put(b"THEIRS")).findings] == ["intake_no_invoice"]


def _archive(members: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


NAMES = st.sampled_from(
    [
        "OFD.xml",
        "xl/workbook.xml",
        "xl/workbook.bin",
        "[Content_Types].xml",
        "Doc_0/Document.xml",
        "Doc_0/Attachs/original_invoice.xml",
    ]
)
ANY = st.one_of(
    st.binary(max_size=400),
    st.binary(max_size=200).map(lambda b: b"PK\x03\x04" + b),
    st.binary(max_size=200).map(lambda b: b"<EInvoice>" + b),
    st.binary(max_size=200).map(lambda b: b"<business><fpdm>" + b),
    st.binary(max_size=200).map(lambda b: b"<xbrl>" + b),
    st.binary(max_size=200).map(lambda b: b"%PDF-1.7\n" + b),
    st.dictionaries(NAMES, st.binary(max_size=200), max_size=5).map(_archive),
)


@given(ANY)
@settings(max_examples=150, deadline=None)
def test_any_bytes_at_all_are_a_reading(content):
    _read(content)


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("good")
    book(folder / "a", 信息汇总表=[line()], 发票基础信息=[row()])
    ofd(folder / "b", members={"Doc_0/Attachs/original_invoice.xml": original()})
    made = [(folder / "a").read_bytes(), (folder / "b").read_bytes(), einvoice().encode()]
    return [
        *made,
        business(node(), node("12345679")),
        pdf(digital(), device()),
        _archive({"a.xml": einvoice().encode()}),
    ]


@given(st.integers(0, 5), st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_good_file_with_damage_anywhere_is_a_reading(good, which, where, damage):
    content = bytearray(good[which])
    at = int(where * len(content))
    content[at : at + len(damage)] = damage
    _read(bytes(content))


@given(st.integers(0, 5), st.floats(0, 1))
@settings(max_examples=100, deadline=None)
def test_a_good_file_cut_off_anywhere_is_a_reading(good, which, where):
    _read(good[which][: int(where * len(good[which]))])


def _read(content: bytes) -> None:
    """Read these bytes, and what is inside if they are a zip: either invoices or findings, and the original is there."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(content)
        intake = FileIntake(Path(folder) / "kept", IMPORTERS)
        for name, where in intake.files([path]):
            given = where.read_bytes()
            reading = intake.whole(intake.read(name, where))
            assert reading.invoices or reading.findings
            assert "intake_importer_failed" not in [f.code for f in reading.findings]
            assert (Path(folder) / "kept" / reading.original[:2] / reading.original).read_bytes() == given
            assert where != path or given == content


@given(st.integers(-(10**11), 10**11))
def test_fen_survive_a_number_cell(fen):
    assert values.amount(fen / 100) == Decimal(fen).scaleb(-2)
    assert values.amount(f"￥{fen / 100:,.2f}") == Decimal(fen).scaleb(-2)


@given(st.one_of(st.text(max_size=12), st.floats(), st.integers(), st.booleans(), st.none()))
@example("NaN")
@example("Infinity")
@example("1e400")
@example(float("nan"))
def test_an_amount_is_money_or_refused(cell):
    try:
        value = values.amount(cell)
    except ValueError:
        return
    assert value.as_tuple().exponent == -2
    assert abs(value) <= values.LARGEST
    assert str(value) != "-0.00"


@given(st.text(max_size=14))
def test_a_rate_is_a_decimal_below_one_or_a_word(text):
    found = values.rate(text)
    assert found in ("免税", "不征税", "未知") or 0 <= Decimal(found) < 1


@given(st.text(max_size=14))
def test_a_day_is_a_day_or_refused(text):
    try:
        found = values.day(text)
    except ValueError:
        return
    assert 1990 <= found.year <= 2999


@pytest.mark.parametrize(
    ("cell", "rate"),
    [
        ("13%", "0.13"),
        (0.13, "0.13"),
        ("0.060000", "0.06"),
        ("6.00%", "0.06"),
        ("1.5%", "0.015"),
        ("0%", "0"),
        ("***", "未知"),
    ],
)
def test_rates_are_plain_decimals(cell, rate):
    assert values.rate(cell) == rate


@pytest.mark.parametrize("cell", ["1,234,567.80", "123,4567.80", "1，234，567.8"])
def test_commas_between_thousands_or_ten_thousands_mean_nothing(cell):
    assert values.amount(cell) == Decimal("1234567.80")


@pytest.mark.parametrize("cell", ["100,00", "1,23", "1,234,56", ",123", "12345,678"])
def test_a_comma_that_may_be_a_point_is_no_amount(cell):
    with pytest.raises(ValueError, match="not an amount"):
        values.amount(cell)


@given(st.text(alphabet="０１２３４５６７８９0123456789.,，－-￥¥ ", max_size=12))
def test_full_width_and_half_width_mean_the_same_amount(text):
    def read(form: str) -> object:
        try:
            return values.amount(form)
        except ValueError:
            return None

    assert read(text) == read(unicodedata.normalize("NFKC", text))


@pytest.mark.parametrize(
    ("cell", "rate"),
    [("１３％", "0.13"), ("免 税", "免税"), ("不征税", "不征税"), ("（免税）", "未知"), ("０．０６", "0.06")],
)
def test_rates_are_read_in_any_width(cell, rate):
    assert values.rate(cell) == rate


@pytest.mark.parametrize("cell", ["***", "******", "免税", "不征税", "＊＊＊", " ", ""])
def test_a_masked_tax_is_nothing(cell):
    assert values.tax(cell) == Decimal("0.00")


@pytest.mark.parametrize(
    "cell", ["２０２６年１０月０８日", "20261008", "20261008101500", "2026-10-08 10:15:00", "2026/10/8"]
)
def test_a_day_is_read_in_any_form(cell):
    assert values.day(cell).isoformat() == "2026-10-08"


def test_radicals_become_their_characters():
    assert values.plain("⾦⻝⽔（Ａ）") == "金食水(A)"
    assert values.no_radicals("⾦⻝⽔（Ａ）") == "金食水（Ａ）"
