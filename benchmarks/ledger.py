"""The ledger beside its peers, on the same files in one run: import, preview, totals, digest, close, history.

    python benchmarks/ledger.py [--rows 1000000] [--json] [--folder DIR]

Goals stand for 10,000,000 rows; at other sizes the same rows are printed, without goals. Ours is measured through client and agent.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import ledger_data as data
from benchmarks import ledger_ours as ours
from benchmarks.form import Goal, Report
from benchmarks.ledger_data import Month
from benchmarks.ledger_peers import best, peak_mb

GOAL_ROWS = 10_000_000
SHEET = 100_000
OFDS = 1_500
WARM = 100
PEERS = ("duckdb", "calamine", "polars", "pandas", "sqlite")
LIMIT = 3_600


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure everything once; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="invoices in the ledger (default 1,000,000)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--folder", type=Path, help="where files and ledgers go: 12 GB at 10,000,000 rows")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="fapiao-bench-", dir=options.folder) as folder:
        report = measure(Path(folder), options.rows)
    return report.finish(as_json=options.json)


def measure(folder: Path, rows: int) -> Report:
    """The whole run."""
    bench = Bench(folder, rows)
    bench.peers()
    bench.year()
    bench.sheet()
    bench.history()
    bench.closing()
    bench.files()
    return bench.report()


class Bench:
    """One run's files and figures. ``seconds``: (who, work) → s."""

    def __init__(self, folder: Path, rows: int) -> None:
        self.folder, self.rows = folder, rows
        self.year_of = Month(rows, 12)
        self.seconds: dict[tuple[str, str], float] = {}
        self.rss: dict[str, float] = {}
        self.extra: dict[str, float] = {}
        self.why: dict[str, str] = {}
        _say(f"writing {rows:,} invoices")
        self.csv = data.write_csv(folder / "year.csv", self.year_of)
        self.xlsx = data.write_xlsx(folder / "sheet.xlsx", self.csv, min(SHEET, rows))
        # An agent runs all day: what it does at its very first import (opening rooms, making the ledger) is done beforehand.
        self.warm = data.write_csv(folder / "warm.csv", Month(WARM, 1), first=rows + 5)
        self.number = f"{(rows * 4 // 5 - 1) % 1_000_000:08d}"

    def peers(self) -> None:
        """Each in a process of its own, one after the other."""
        job = self.folder / "job.json"
        facts = {"csv": str(self.csv), "xlsx": str(self.xlsx), "period": self.year_of.last, "number": self.number}
        job.write_text(json.dumps({**facts, "rows": self.rows, "folder": str(self.folder)}), "utf-8")
        for peer in PEERS:
            _say(peer)
            command = [sys.executable, "-m", "benchmarks.ledger_peers", peer, str(job)]
            root = Path(__file__).resolve().parent.parent
            done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, cwd=root)
            if done.returncode:
                self.why[peer] = (done.stderr.strip().splitlines() or ["no answer"])[-1][:200]
                continue
            told = json.loads(done.stdout)
            self.seconds |= {(peer, work): seconds for work, seconds in told["seconds"].items()}
            self.rss[peer] = told["rss_mb"]
            for left in (*self.folder.glob("bare.*"), *self.folder.glob("peer.*")):
                left.unlink()

    def year(self) -> None:
        """A year in one file, through client and agent; then its last month frozen."""
        home = self.folder / "year"
        _say("ours: a year")
        with ours.agent(home) as client:
            ours.bring_in(client, self.warm, WARM)
            self.seconds["ours", "import_csv"] = ours.bring_in(client, self.csv, self.rows)
            for work, seconds in ours.queries(client, self.year_of, self.number).items():
                self.seconds["ours", work] = seconds
            self.rss["ours"] = peak_mb(client.pid)
        with ours.opened(home) as ledger:
            self.seconds["ours", "freeze"] = ours.freeze(ledger, self.year_of.last)
        _drop(home)

    def sheet(self) -> None:
        """A workbook into a fresh home; the least of three, as the bare reading counts its least of three."""
        _say("ours: a workbook")
        took = []
        for place in range(3):
            with ours.agent(self.folder / f"sheet{place}") as client:
                ours.bring_in(client, self.warm, WARM)
                took.append(ours.bring_in(client, self.xlsx, min(SHEET, self.rows)))
                if not place:
                    small = best(client.totals, ours.MANY)
                    self.extra["fixed_ms"] = small * 1e3
        self.seconds["ours", "import_xlsx"] = min(took)

    def history(self) -> None:
        """Months of one size: with 1, 12 and 120 of them in the ledger, all but the last cleared or none."""
        _say("ours: ten years")
        share = max(self.rows // 120, 1)
        for months in (1, 12, 120):
            home, span = self.folder / f"months{months}", Month(share * months, months)
            file = data.write_csv(self.folder / f"months{months}.csv", span)
            with ours.agent(home) as client:
                ours.bring_in(client, file, span.rows)
                view = ours.of_month(span.last)
                who = f"ours, {months} months"
                self.seconds[who, "page"] = best(partial(client.grid_page, view), ours.MANY)
                self.seconds[who, "open_query"] = best(partial(client.grid_totals, view), ours.MANY)
                self.rss["ours"] = max(self.rss["ours"], peak_mb(client.pid))
            with ours.opened(home) as ledger:
                for place in range(months - 1):
                    ours.close(ledger, span.period(place), f"run{place}")
            with ours.agent(home) as client:
                assert ours.open_invoices(client) == share
                self.seconds[f"{who}, all but one cleared", "open_query"] = best(
                    partial(ours.open_invoices, client), ours.MANY
                )
            _drop(home)
            file.unlink()

    def closing(self) -> None:
        """A month of a thousand invoices, and one of a tenth of the rows (1,000,000 at 10,000,000)."""
        for rows in (1_000, self.rows // 10):
            _say(f"ours: closing {rows:,}")
            home, span = self.folder / f"close{rows}", Month(rows, 1)
            file = data.write_csv(self.folder / f"close{rows}.csv", span)
            with ours.agent(home) as client:
                ours.bring_in(client, file, rows)
            with ours.opened(home) as ledger:
                self.seconds[f"ours, month of {rows:,}", "close"] = ours.close(ledger, span.last, "run")
            _drop(home)

    def files(self) -> None:
        """A folder of OFD files, the agent held to one core."""
        from benchmarks.ofd_files import write_ofds

        _say("ours: OFD")
        folder = self.folder / "ofd"
        folder.mkdir()
        write_ofds(folder, OFDS)
        with ours.agent(self.folder / "ofds") as client:
            ours.one_core(client.pid)
            answer: list[Any] = []
            seconds = ours.timed(lambda: answer.append(client.import_files([folder])))
            assert [f.status for f in answer[0].files] == ["imported"] * OFDS
        self.extra["ofd_files_a_second"] = OFDS / seconds
        self.seconds["ours", f"import {OFDS:,} OFD"] = seconds

    def report(self) -> Report:
        """Figures and goals."""
        work = {"rows": self.rows, "months": 12, "ours": "client, agent, all checks", "peers": ", ".join(PEERS)}
        report = Report(work={**work, **{f"{peer} failed": why for peer, why in self.why.items()}})
        for (who, what), seconds in self.seconds.items():
            bare = self.seconds.get(("calamine" if what == "import_xlsx" else "duckdb", what))
            ratio = round(seconds / bare, 3) if bare and who.startswith("ours") else None
            report.rows.append({"who": who, "work": what, "ms": round(seconds * 1e3, 3), "times bare": ratio})
        report.rows += [{"who": who, "work": "peak memory, MB", "ms": round(mb)} for who, mb in self.rss.items()]
        if self.rows == GOAL_ROWS:
            report.goals += self.goals()
        return report

    def goals(self) -> list[Goal]:
        """One a figure of the issue."""
        month = f"ours, month of {self.rows // 10:,}"
        return [
            self.ratio("preview_page_times_bare", ("ours", "page"), ("duckdb", "page"), 1.15),
            self.ratio("totals_times_bare", ("ours", "totals"), ("duckdb", "totals"), 1.15),
            Goal("fixed_ms_a_call", self.extra.get("fixed_ms"), 2.0),
            self.ratio("csv_import_times_bare", ("ours", "import_csv"), ("duckdb", "import_csv"), 1.5),
            self.ratio("xlsx_import_times_calamine", ("ours", "import_xlsx"), ("calamine", "import_xlsx"), 1.3),
            Goal("close_month_of_1000000_ms", self.seconds[month, "close"] * 1e3, 50.0),
            Goal("close_month_of_1000_ms", self.seconds["ours, month of 1,000", "close"] * 1e3, 50.0),
            self.ratio("preview_120_months_times_12", ("ours, 120 months", "page"), ("ours, 12 months", "page"), 1.1),
            Goal("ofd_files_a_second_a_core", self.extra.get("ofd_files_a_second"), 300.0, "higher"),
            Goal("peak_memory_mb", self.rss.get("ours"), 1536.0),
            self.ratio("totals_times_faster_than_pandas", ("pandas", "totals"), ("ours", "totals"), 20.0, "higher"),
            self.ratio("totals_times_faster_than_sqlite", ("sqlite", "totals"), ("ours", "totals"), 40.0, "higher"),
        ]

    def ratio(
        self, name: str, over: tuple[str, str], under: tuple[str, str], goal: float, better: str = "lower"
    ) -> Goal:
        """One figure over another; not measured when either is missing."""
        lacking = [" ".join(key) for key in (over, under) if key not in self.seconds]
        value = None if lacking else round(self.seconds[over] / self.seconds[under], 3)
        return Goal(name, value, goal, better, f"not measured: {', '.join(lacking)}" if lacking else "")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _drop(home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
