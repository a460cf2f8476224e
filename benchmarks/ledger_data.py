"""Invoices for the ledger's benchmark: one file as issuing software exports it, made by DuckDB in the order of issue."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

DEVICE = "661000000018"
FIRST_YEAR = 2016
BUYERS = 20_000
TEXTS = {
    "发票代码": "code",
    "发票号码": "number",
    "发票票种": "kind",
    "销方识别号": "seller_id",
    "销方名称": "seller_name",
    "购方识别号": "buyer_id",
    "购买方名称": "buyer_name",
    "税率": "rate",
    "发票状态": "status",
    "是否正数发票": "positive",
    "机器编号": "machine_number",
    "备注": "remark",
}
COLUMNS = {
    **dict.fromkeys(list(TEXTS)[:3], "VARCHAR"),
    "开票日期": "DATE",
    **dict.fromkeys(list(TEXTS)[3:7], "VARCHAR"),
    **dict.fromkeys(("金额", "税额", "价税合计"), "DECIMAL(18,2)"),
    **dict.fromkeys(list(TEXTS)[7:], "VARCHAR"),
}
"""The file's columns and what bare DuckDB is told of their types."""


@dataclass(frozen=True)
class Month:
    """How many invoices lie in how many months, from January of ``FIRST_YEAR`` on."""

    rows: int
    months: int

    def period(self, place: int) -> str:
        return f"{FIRST_YEAR + place // 12:04d}-{place % 12 + 1:02d}-01"

    @property
    def last(self) -> str:
        return self.period(self.months - 1)


def write_csv(path: Path, data: Month, first: int = 0) -> Path:
    """``rows`` invoices, spread evenly over the months: four fifths 专票, one fifth 普票, 2 % void, 1 % red, five rates.

    ``first`` is the number of the first of them, so that two files share no invoice.
    """
    connection = duckdb.connect(config={"threads": 2})
    connection.execute("SET VARIABLE buyers = ?", [[_id(f"91440300{place:09d}") for place in range(BUYERS)]])
    connection.execute(f"COPY ({_rows(data, first)}) TO '{_quoted(path)}' (FORMAT csv, HEADER true)")
    connection.close()
    return path


def write_xlsx(path: Path, csv: Path, rows: int) -> Path:
    """The first rows of a CSV file as a workbook: codes and numbers as text, days as days, amounts as numbers."""
    import xlsxwriter

    names = list(COLUMNS)
    connection = duckdb.connect(config={"threads": 2})
    found = connection.execute(f"SELECT * FROM {typed(csv)} LIMIT {rows}")
    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet("发票基础信息")
        sheet.write_row(0, 0, names)
        place = 0
        while part := found.fetchmany(10_000):
            for row in part:
                place += 1
                for column, value in enumerate(row):
                    if isinstance(value, str):
                        sheet.write_string(place, column, value)
                    else:
                        sheet.write(place, column, value)
    connection.close()
    return path


def typed(csv: Path) -> str:
    """What bare DuckDB reads the file with: every type declared."""
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items())
    return f"read_csv('{_quoted(csv)}', header=true, auto_detect=false, delim=',', quote='\"', escape='\"', columns={{{columns}}})"


def _rows(data: Month, first: int) -> str:
    share = max(data.rows // data.months, 1)
    # A code holds a million numbers here; 专票 codes have 10 digits, 普票 codes 12 (domain note, section 3.4).
    return f"""
    SELECT CASE WHEN special THEN printf('11002%05d', place // 1000000) ELSE printf('01100%05d04', place // 1000000) END AS "发票代码",
           printf('%08d', place % 1000000) AS "发票号码",
           CASE WHEN special THEN '增值税专用发票' ELSE '增值税普通发票' END AS "发票票种",
           day AS "开票日期",
           '{SELLER}' AS "销方识别号", '示例商贸（练习）有限公司' AS "销方名称",
           getvariable('buyers')[1 + n % {BUYERS}] AS "购方识别号", printf('第%d号购买方有限公司', n % {BUYERS}) AS "购买方名称",
           amount AS "金额", tax AS "税额", (amount + tax)::DECIMAL(18,2) AS "价税合计", rate::VARCHAR AS "税率",
           CASE WHEN n % 50 = 7 THEN '作废' ELSE '正常' END AS "发票状态",
           CASE WHEN amount < 0 THEN '否' ELSE '是' END AS "是否正数发票",
           '{DEVICE}' AS "机器编号", CASE WHEN n % 10 = 3 THEN '合同 ' || n % 977 ELSE '' END AS "备注"
    FROM (
      SELECT *, round(amount * rate, 2)::DECIMAL(18,2) AS tax FROM (
        SELECT n, n % 5 <> 0 AS special, CASE WHEN n % 5 = 0 THEN n // 5 ELSE n - n // 5 - 1 END AS place,
               (DATE '{FIRST_YEAR}-01-01' + to_months(least((n - {first}) // {share}, {data.months - 1})::INTEGER))::DATE
                 + ((n - {first}) % {share} * 28 // {share})::INTEGER AS day,
               (CASE WHEN n % 100 = 11 THEN -1 ELSE 1 END * (1000 + hash(n) % 9000000) / 100)::DECIMAL(18,2) AS amount,
               [0.13, 0.13, 0.09, 0.06, 0.03][1 + n % 5]::DECIMAL(9,2) AS rate
        FROM range({first}, {first + data.rows}) t(n)
      )
    ) ORDER BY n"""


def _id(first: str) -> str:
    """A unified social credit code with its right check character (GB 32100-2015)."""
    letters = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    return first + letters[-sum(letters.index(c) * pow(3, place, 31) for place, c in enumerate(first)) % 31]


SELLER = _id("91110000600000001")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
