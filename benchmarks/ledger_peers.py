"""What others do with the same files: bare DuckDB, sqlite, pandas, polars; each in a process of its own.

    python -m benchmarks.ledger_peers PEER JOB      JOB is a JSON file: {"csv", "xlsx", "period", "number", "rows", "folder"}

Prints ``{"seconds": {work: s}, "rss_mb": n}``. Queries count their best of five: noise only ever adds.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.ledger_data import COLUMNS, typed

PAGE = 200
TRIES = 5
_SQL_TOTALS = """
SELECT "发票票种", period, "税率", count(*), sum(CASE WHEN "发票状态" = '正常' THEN "金额" ELSE 0 END),
       sum(CASE WHEN "发票状态" = '正常' THEN "税额" ELSE 0 END)
FROM invoice GROUP BY "发票票种", period, "税率"
"""


def best(work: Callable[[], Any], tries: int = TRIES) -> float:
    """Seconds of the fastest try."""
    fastest = float("inf")
    for _ in range(tries):
        began = time.perf_counter()
        work()
        fastest = min(fastest, time.perf_counter() - began)
    return fastest


def peak_mb(pid: int) -> float:
    """Most resident memory that a process had, in MB (VmHWM: what its parent had before does not count)."""
    (line,) = [line for line in status(pid).splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def status(pid: int) -> str:
    """What Linux says of a process; ``""`` when it is gone."""
    try:
        return Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return ""


def duckdb(job: dict[str, Any]) -> dict[str, float]:
    """Bare DuckDB 2 over a table of the file's own columns and the month, with our memory limit and threads."""
    import duckdb

    columns = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
    config: dict[str, Any] = {"memory_limit": "1GB", "threads": 2, "temp_directory": f"{job['folder']}/bare.tmp"}
    c = duckdb.connect(f"{job['folder']}/bare.duckdb", config=config)
    c.execute(f"CREATE TABLE invoice ({columns}, period DATE)")
    seconds = {}
    insert = f"INSERT INTO invoice SELECT *, date_trunc('month', \"开票日期\")::DATE FROM {typed(Path(job['csv']))}"
    seconds["import_csv"] = best(lambda: c.execute(insert), 1)
    c.execute("CHECKPOINT")
    whole = ", ".join(f'"{name}"' for name in COLUMNS)
    page = f'SELECT {whole} FROM invoice WHERE period = ? ORDER BY "发票代码", "发票号码" LIMIT {PAGE}'
    seconds["page"] = best(lambda: c.execute(page, [job["period"]]).fetchall())
    seconds["totals"] = best(lambda: c.execute(_SQL_TOTALS).fetchall())
    deep = f'SELECT {whole} FROM invoice ORDER BY "发票代码", "发票号码" LIMIT {PAGE} OFFSET {job["rows"] // 2}'
    seconds["deep_page"] = best(lambda: c.execute(deep).fetchall(), 1)
    lookup = f'SELECT {whole} FROM invoice WHERE "发票号码" = ?'
    seconds["lookup"] = best(lambda: c.execute(lookup, [job["number"]]).fetchall())
    seconds["freeze"] = best(lambda: _digest(c, job), 1)
    seconds["open_query"] = best(
        lambda: c.execute('SELECT count(*), sum("金额") FROM invoice WHERE period = ?', [job["period"]]).fetchall()
    )
    return seconds


def _digest(connection: Any, job: dict[str, Any]) -> str:
    file = Path(job["folder"]) / "bare.lines"
    columns = ", ".join(f'"{name}"' for name in COLUMNS)
    connection.execute(
        f"COPY (SELECT concat_ws(chr(31), {columns}) FROM invoice WHERE period = DATE '{job['period']}'"
        f" ORDER BY \"发票代码\", \"发票号码\") TO '{file}' (FORMAT csv, HEADER false, DELIMITER '\x1d', QUOTE '', ESCAPE '')"
    )
    with file.open("rb") as lines:
        return hashlib.file_digest(lines, "sha256").hexdigest()


def calamine(job: dict[str, Any]) -> dict[str, float]:
    """Bare calamine: every cell of the workbook as Python values."""
    from python_calamine import CalamineWorkbook

    def read() -> None:
        book = CalamineWorkbook.from_path(job["xlsx"])
        for name in book.sheet_names:
            for _ in book.get_sheet_by_name(name).iter_rows():
                pass

    return {"import_xlsx": best(read, 3)}


def sqlite(job: dict[str, Any]) -> dict[str, float]:
    """The standard library's sqlite3; amounts as whole fen, an index over code and number."""
    import csv
    import sqlite3

    c = sqlite3.connect(f"{job['folder']}/peer.sqlite")
    c.execute("PRAGMA journal_mode = WAL")
    c.execute("PRAGMA synchronous = NORMAL")
    names = list(COLUMNS)
    money = [place for place, kind in enumerate(COLUMNS.values()) if kind.startswith("DECIMAL")]
    c.execute(f"CREATE TABLE invoice ({', '.join(chr(34) + name + chr(34) for name in names)}, period)")
    day = names.index("开票日期")

    def rows() -> Any:
        with open(job["csv"], encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            next(reader)
            for row in reader:
                cells: list[Any] = list(row)
                for place in money:
                    cells[place] = int(row[place].replace(".", ""))
                yield [*cells, row[day][:7] + "-01"]

    def bring_in() -> None:
        with c:
            c.executemany(f"INSERT INTO invoice VALUES ({', '.join('?' * (len(names) + 1))})", rows())
        c.execute('CREATE INDEX by_key ON invoice ("发票号码", "发票代码")')
        c.execute("CREATE INDEX by_period ON invoice (period)")

    seconds = {"import_csv": best(bring_in, 1)}
    page = f'SELECT * FROM invoice WHERE period = ? ORDER BY "发票代码", "发票号码" LIMIT {PAGE}'
    seconds["page"] = best(lambda: c.execute(page, [job["period"]]).fetchall(), 2)
    seconds["totals"] = best(lambda: c.execute(_SQL_TOTALS).fetchall(), 1)
    seconds["lookup"] = best(
        lambda: c.execute('SELECT * FROM invoice WHERE "发票号码" = ?', [job["number"]]).fetchall()
    )
    seconds["open_query"] = best(
        lambda: c.execute('SELECT count(*), sum("金额") FROM invoice WHERE period = ?', [job["period"]]).fetchall(), 2
    )
    return seconds


def pandas(job: dict[str, Any]) -> dict[str, float]:
    """pandas 3; amounts are floats there, so its sums are not exact."""
    import pandas as pd

    kinds: Any = {name: "float64" if kind.startswith("DECIMAL") else "str" for name, kind in COLUMNS.items()}
    held: dict[str, Any] = {}

    def bring_in() -> None:
        frame = pd.read_csv(job["csv"], dtype=kinds, keep_default_na=False)
        frame["period"] = frame["开票日期"].str.slice(0, 7) + "-01"
        held["frame"] = frame

    seconds = {"import_csv": best(bring_in, 1)}
    frame = held["frame"]

    def month() -> Any:
        return frame[frame["period"] == job["period"]]

    def valid() -> Any:
        return frame[frame["发票状态"] == "正常"]

    seconds["page"] = best(lambda: month().sort_values(["发票代码", "发票号码"]).head(PAGE), 2)
    seconds["totals"] = best(
        lambda: (
            frame.groupby(["发票票种", "period", "税率"]).size(),
            valid().groupby(["发票票种", "period", "税率"])[["金额", "税额"]].sum(),
        ),
        1,
    )
    seconds["lookup"] = best(lambda: frame[frame["发票号码"] == job["number"]], 2)
    seconds["open_query"] = best(lambda: month()["金额"].agg(["count", "sum"]), 2)
    return seconds


def polars(job: dict[str, Any]) -> dict[str, float]:
    """polars 2; amounts as decimals."""
    import polars as pl

    kinds: Any = {
        name: pl.Decimal(18, 2) if kind.startswith("DECIMAL") else pl.Date if kind == "DATE" else pl.String
        for name, kind in COLUMNS.items()
    }
    held: dict[str, Any] = {}

    def bring_in() -> None:
        held["frame"] = pl.read_csv(job["csv"], schema_overrides=kinds).with_columns(
            pl.col("开票日期").dt.truncate("1mo").alias("period")
        )

    seconds = {"import_csv": best(bring_in, 1)}
    frame = held["frame"]
    from datetime import date

    def month() -> Any:
        return frame.filter(pl.col("period") == date.fromisoformat(job["period"]))

    seconds["page"] = best(lambda: month().sort("发票代码", "发票号码").head(PAGE), 3)
    stands = pl.col("发票状态") == "正常"
    seconds["totals"] = best(
        lambda: frame.group_by("发票票种", "period", "税率").agg(
            pl.len(), pl.col("金额").filter(stands).sum(), pl.col("税额").filter(stands).sum()
        ),
        2,
    )
    seconds["lookup"] = best(lambda: frame.filter(pl.col("发票号码") == job["number"]), 3)
    seconds["open_query"] = best(lambda: month().select(pl.len(), pl.col("金额").sum()), 3)
    return seconds


PEERS = {"duckdb": duckdb, "calamine": calamine, "sqlite": sqlite, "pandas": pandas, "polars": polars}


def main() -> None:
    """One peer, one job."""
    peer, job = sys.argv[1], json.loads(Path(sys.argv[2]).read_text("utf-8"))
    seconds = PEERS[peer](job)
    rss = peak_mb(os.getpid())
    print(json.dumps({"seconds": {name: round(value, 6) for name, value in seconds.items()}, "rss_mb": round(rss)}))


if __name__ == "__main__":
    main()
