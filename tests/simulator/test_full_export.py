import pytest
from python_calamine import CalamineWorkbook

from fapiao_kernel.domain.errors import UsageError
from fapiao_kernel.domain.invoice import EXEMPT, InvoiceStatus
from fapiao_kernel.simulator import full_export
from fapiao_kernel.simulator.sample_month import sample_month


@pytest.fixture(scope="module")
def month():
    return sample_month(300)


@pytest.fixture(scope="module")
def book(month, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / full_export.NAME
    full_export.write(path, month.exported)
    assert [file.name for file in path.parent.iterdir()] == [full_export.NAME]
    return CalamineWorkbook.from_path(str(path))


def rows(book, sheet):
    head, *body = book.get_sheet_by_name(sheet).to_python()
    return [dict(zip(head, row, strict=True)) for row in body]


def test_both_sheets_stand_there_with_the_columns_in_their_order(book):
    assert book.sheet_names == ["信息汇总表", "发票基础信息"]
    lines = book.get_sheet_by_name("信息汇总表").to_python()
    assert lines[0][:4] == ["序号", "发票代码", "发票号码", "数电发票号码"]
    assert len(lines[0]) == 27 and lines[0][-3:] == ["发票风险等级", "开票人", "备注"]


def test_one_sheet_has_a_row_for_each_line_and_the_other_for_each_invoice(book, month):
    assert len(rows(book, "信息汇总表")) == sum(len(i.lines) for i in month.exported)
    assert len(rows(book, "发票基础信息")) == len(month.exported)


def test_codes_and_numbers_are_text_and_amounts_are_numbers(book, month):
    for row, invoice in zip(rows(book, "发票基础信息"), month.exported, strict=True):
        given = (row["发票代码"], row["发票号码"], row["数电发票号码"])
        digital = invoice.fully_digital
        assert given == (("", "", invoice.number) if digital else (invoice.code, invoice.number, ""))
        assert isinstance(row["金额"], float) and row["价税合计"] == float(invoice.total)


def test_voids_reds_sources_and_kinds_are_named_as_the_export_names_them(book, month):
    for row, invoice in zip(rows(book, "发票基础信息"), month.exported, strict=True):
        assert row["发票状态"] == ("已作废" if invoice.status is InvoiceStatus.VOID else "正常")
        assert row["是否正数发票"] == ("否" if invoice.red else "是")
        assert row["发票来源"] == ("电子发票服务平台" if invoice.fully_digital else "增值税发票管理系统")
        assert row["发票票种"] == full_export.KINDS[invoice.invoice_type]
        assert row["备注"] == invoice.remark


def test_rates_are_percent_and_exempt_lines_have_stars_for_tax(book, month):
    lines = [line for invoice in month.exported for line in invoice.lines]
    for row, line in zip(rows(book, "信息汇总表"), lines, strict=True):
        if line.rate == EXEMPT:
            assert (row["税率"], row["税额"]) == (EXEMPT, "***")
        else:
            assert (row["税率"], row["税额"]) == (f"{line.rate[2:].lstrip('0')}%", float(line.tax))


def test_progress_counts_every_invoice_on_each_sheet(month, tmp_path):
    told = []
    full_export.write(tmp_path / "x.xlsx", month.invoices, lambda *step: told.append(step))
    assert told == [("信息汇总表", 300, 600), ("发票基础信息", 600, 600)]


def test_more_lines_than_a_sheet_holds_are_refused_and_leave_no_file(month, tmp_path, monkeypatch):
    monkeypatch.setattr(full_export, "LAST_ROW", 300)
    with pytest.raises(UsageError) as refused:
        full_export.write(tmp_path / "x.xlsx", month.invoices)
    assert refused.value.code == "export_too_long"
    assert not list(tmp_path.iterdir())


def test_a_write_that_breaks_off_leaves_the_old_file_alone(month, tmp_path):
    path = tmp_path / "x.xlsx"
    path.write_bytes(b"old")

    def break_off(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        full_export.write(path, month.invoices, break_off)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
