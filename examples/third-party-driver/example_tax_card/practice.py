"""Practice plugin ``example-classroom``: the example card and fapiao-kernel's practice tax side, each a process of its own."""

from __future__ import annotations

import csv
import secrets
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from fapiao_kernel.domain.errors import Refused, UsageError
from fapiao_kernel.domain.invoice import Invoice, InvoiceStatus, InvoiceType
from fapiao_kernel.domain.money import fen
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.practice import PracticeOptions, PracticeWorld
from fapiao_kernel.domain.rehearsal import Readout
from fapiao_kernel.ports import Progress
from fapiao_kernel.simulator import authority, processes
from fapiao_kernel.simulator.authority.store import new_state
from fapiao_kernel.simulator.clock import CHINA, offset_to
from fapiao_kernel.simulator.state_file import read_json, write_json

ADDRESS = "example-tlv+sim://classroom"
FAULTS = ("", "lost-reply")
TAXPAYER = ("91999999000077770X", "示例学堂（练习）")
DEVICE = "999900007777"
LOCK_DAY = 17


class Classroom:
    """``ports.Practice``. State in the folder; time runs on while nothing runs."""

    def start(self, folder: Path, options: PracticeOptions, progress: Progress | None = None) -> PracticeWorld:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (folder / "world.json").exists():
            self._make(folder, options)
        world = self.attach(folder)
        assert world is not None
        return world

    def attach(self, folder: Path) -> PracticeWorld | None:
        told = read_json(folder / "world.json")
        if told is None:
            return None
        card, bureau = folder.resolve() / "card.json", folder.resolve() / "authority.json"
        card_at = processes.running(card) or processes.launch(
            "示例卡", "example_tax_card.simulator", ["--state", str(card)], folder / "card.log"
        )
        bureau_at = processes.running(bureau) or processes.launch(
            "模拟税局", authority.__name__, ["--state", str(bureau)], folder / "authority.log"
        )
        files = tuple(folder / name for name in told.pop("files"))
        return PracticeWorld(
            card=ADDRESS, line=card_at["line"], authority=bureau_at["url"], link="example-socket", files=files, **told
        )

    def twin(self, folder: Path, readout: Readout) -> PracticeWorld:
        raise Refused("twin_not_possible", what="the example card has no twin")

    def stop(self, folder: Path) -> None:
        for name in ("card.json", "authority.json"):
            processes.end(folder.resolve() / name)

    def _make(self, folder: Path, options: PracticeOptions) -> None:
        if options.fault not in FAULTS:
            raise UsageError("practice_fault_unknown", fault=options.fault, known="、".join(filter(None, FAULTS)))
        invoices = [i for i in options.invoices or _sample(options.size) if not i.fully_digital]
        if not invoices:
            raise Refused("practice_nothing_to_clear", digital=len(options.invoices))
        files = [] if options.invoices else [_write(folder / "sample.csv", invoices)]
        first, last = min(i.period for i in invoices), max(i.period for i in invoices)
        now = datetime(last.next().year, last.next().month, 5, 9, tzinfo=CHINA)
        taxpayer = (invoices[0].seller_id or TAXPAYER[0], invoices[0].seller_name or TAXPAYER[1])
        device, key, pin = (
            invoices[0].machine_number or DEVICE,
            secrets.token_bytes(32),
            f"{secrets.randbelow(10**8):08d}",
        )
        types = sorted({i.invoice_type for i in invoices})
        dates = {
            "lock": f"{now.replace(day=LOCK_DAY):%Y%m%d}", "start": f"{first.first_day:%Y%m%d}",
            "end": f"{last.last_day:%Y%m%d}", "last": f"{last.first_day:%Y%m%d}",
        }  # fmt: skip
        fresh = {"reported": False, "random": "", "sealed": "", "cleared": ""}
        offset = offset_to(now)
        card = {
            "device": device, "card": "9999000000007777", "taxpayer": taxpayer[0], "name": taxpayer[1], "tries": 8, "pin": pin,
            "valid_until": "20361231", "clock_offset": offset, "key": key.hex(), "fault": options.fault,
            "records": [{"type": each, **dates, **fresh} for each in types],
            "totals": [_totals(invoices, each, month) for each in types for month in _months(first, last)],
        }  # fmt: skip
        write_json(folder / "card.json", card)
        new_state(
            folder / "authority.json", device_number=device, taxpayer_id=taxpayer[0], taxpayer_name=taxpayer[1], types=types,
            clock_offset=offset, shared_key=key,
        )  # fmt: skip
        told = {
            "taxpayer_id": taxpayer[0],
            "taxpayer_name": taxpayer[1],
            "device_number": device,
            "clock_offset": offset,
        }
        write_json(folder / "world.json", {**told, "files": files, "pin": pin, "fault": options.fault})


def _totals(invoices: Sequence[Invoice], kind: InvoiceType, month: Period) -> dict[str, Any]:
    mine = [i for i in invoices if (i.invoice_type, i.period) == (kind, month)]
    void = [i for i in mine if i.status is InvoiceStatus.VOID]
    blue, red = ([i for i in mine if i.red is red and i not in void] for red in (False, True))
    counts = [len(blue), len([i for i in void if not i.red]), len(red), len([i for i in void if i.red])]
    sums = [
        sum(fen(value) for value in column)
        for some in (blue, red)
        for column in ([i.amount for i in some], [i.total - i.amount for i in some])
    ]
    return {"type": kind, "month": f"{month.year:04d}{month.month:02d}", "counts": counts, "sums": sums}


def _months(first: Period, last: Period) -> list[Period]:
    return [first.shift(n) for n in range((last.year - first.year) * 12 + last.month - first.month + 1)]


def _sample(size: int) -> list[Invoice]:
    net, tax, kind = Decimal("100.00"), Decimal("13.00"), InvoiceType.SPECIAL
    numbered = ((f"{70_000_001 + n}", date(2026, 10, n % 31 + 1)) for n in range(size))
    return [
        Invoice("9900267130", number, kind, day, net, tax, net + tax, *TAXPAYER, machine_number=DEVICE)
        for number, day in numbered
    ]


def _write(path: Path, invoices: Sequence[Invoice]) -> str:
    head = [
        "发票代码",
        "发票号码",
        "开票日期",
        "发票票种",
        "金额",
        "税额",
        "价税合计",
        "机器编号",
        "销方识别号",
        "销方名称",
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(head)
        for i in invoices:
            sums = (i.amount, i.tax, i.total)
            table.writerow((i.code, i.number, i.issue_date, "增值税专用发票", *sums, DEVICE, *TAXPAYER))
    return path.name


PRACTICE = Classroom()
