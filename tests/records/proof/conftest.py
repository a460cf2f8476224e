"""One whole clear, 专票 and 普票 of 2026-10, as the engine tells it to the journal, and the facts that follow."""

from __future__ import annotations

import copy
import hashlib
import shutil
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fapiao_kernel.domain.home import Home
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import RunFiles
from fapiao_kernel.records.journal.store import FileJournal
from fapiao_kernel.records.proof.recorder import ProofRecorder
from tests.records.conftest import CHINA, FixedClock
from tests.records.proof.forging import Forger

RUN, DEVICE = "20261105-0900-7f3a", "661234567890"
TAXPAYER = "杭州青禾<商贸>有限公司 & 分公司"
SPECIAL, ORDINARY = ({"invoice_type": t, "period": "2026-10"} for t in ("004", "007"))


@dataclass
class Story:
    """A home with a finished run in its journal."""

    home: Home
    journal: FileJournal
    facts: dict[str, Any]
    signer: KnownKey = field(default_factory=lambda: KnownKey(b"k"))
    ledger: HeldLines = field(default_factory=lambda: HeldLines())

    def record(self, **changed: Any) -> RunFiles:
        """Write record and bundle, as the agent does."""
        return self.recorder().write(self.facts["run"], {**self.facts, **changed})

    def recorder(self, *, lines: bool = True) -> ProofRecorder:
        return ProofRecorder(self.home, self.journal, self.signer, self.ledger if lines else None)


class KnownKey:
    """A signing key that is the same in every test."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed * 32)

    @property
    def public(self) -> str:
        return self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    def sign(self, content: bytes) -> str:
        return self._key.sign(content).hex()


class HeldLines:
    """A ledger that holds what the preview was frozen from."""

    def write_lines(self, unit: ClearUnit, watermark: int, file: Path) -> None:
        file.write_bytes(lines_of(unit.invoice_type.value))


def lines_of(kind: str) -> bytes:
    """A unit's canonical lines: its sums stand on the first invoice of each rate, voids and reds among the others."""
    voids, reds, rates = UNITS[kind]
    lines: list[str] = []
    for rate, count, amount, tax in rates:
        for at in range(count):
            sums = (amount, tax, str(Decimal(amount) + Decimal(tax))) if at == 0 else ("0.00",) * 3
            status = "void" if 0 < at <= voids and rate == "0.13" else "normal"
            red = "true" if voids < at <= voids + reds and rate == "0.13" else "false"
            number = f"{len(lines) + 1:08d}"
            buyer = "91330106MA2KYYYY1X\x1f杭州买方有限公司"
            cells = (
                "3300204130",
                number,
                kind,
                "2026-10-12",
                *sums,
                rate,
                status,
                red,
                "",
                "91330106MA2KXXXX7Q",
                buyer,
            )
            lines.append("\x1f".join(cells) + "\n")
    return "".join(lines).encode()


UNITS = {
    "004": (9, 6, [("0.13", 640, "4210380.12", "547349.42"), ("0.06", 172, "640200.00", "38412.00")]),
    "007": (
        14,
        3,
        [
            ("0.13", 900, "1890300.10", "245739.01"),
            ("0.01", 200, "310040.50", "3100.40"),
            ("免税", 78, "248999.00", "0.00"),
        ],
    ),
}
"""Voids, reds, and rate, count, amount, tax."""


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], FixedClock]:
    """The story, told once to a journal: every test starts from a copy."""
    folder = tmp_path_factory.mktemp("told")
    clock = FixedClock(datetime(2026, 11, 5, 9, tzinfo=CHINA), timedelta(seconds=17))
    journal = FileJournal(folder, clock)
    facts = tell(journal)
    journal.close()
    return folder, facts, clock


@pytest.fixture
def story(tmp_path: Path, clock: FixedClock, told: tuple[Path, dict[str, Any], FixedClock]):
    folder, facts, last = told
    clock.time, clock.tick = last.time, last.tick
    home = Home(tmp_path / "home")
    shutil.copytree(folder, home.journal)
    journal = FileJournal(home.journal, clock)
    yield Story(home, journal, copy.deepcopy(facts))
    journal.close()


@pytest.fixture
def bundle(story: Story) -> Path:
    """The story's bundle, on the disk."""
    return story.record().bundle


@pytest.fixture
def stranger() -> KnownKey:
    """A key that is not the company's."""
    return KnownKey(b"s")


@pytest.fixture
def pack(story: Story):
    """Put a changed bundle together with the company's own key."""
    return Forger(story.signer).pack


@pytest.fixture
def change(story: Story):
    """Edit one part of a bundle, likewise."""
    return Forger(story.signer).change


def tell(journal: FileJournal) -> dict[str, Any]:
    before, after = _card("2026-11-17", "2026-10-01"), _card("2026-12-15", "2026-11-01")
    preview = _preview()
    statistics = preview["statistics"]
    first = _backup("00000004-20261105-090051", "清卡前")
    second = _backup("00000019-20261105-090446", "清卡后")
    checks = [
        _check("lock_date", "锁死日期前移", "专票、普票都由 2026-11-17 移到 2026-12-15"),
        _check("report_start", "抄报起始前移", "专票、普票都由 2026-10-01 移到 2026-11-01"),
        _check("ledger", "发票库前后合计", "全部 2,000 张、价税合计不变；清卡单元已关闭"),
        _check("journal", "操作日志", "逐条校验通过，没有断链"),
        _check("authority", "税局回执", "税局已确认清卡结果"),
    ]
    receipts = [
        {"units": [SPECIAL], "receipt": "QK20261105000071"},
        {"units": [ORDINARY], "receipt": "QK20261105000072"},
    ]
    census_before = _census(1990, "8134520.55", 0, "0.00")
    census_after = _census(0, "0.00", 1990, "8134520.55")
    declaration = {"filed": True, "compared": True, "sentence": "2026-10 增值税已申报，票表比对通过", "source": "read"}
    journal.append("agent.started", {"version": "0.1.0"})

    def add(kind: str, data: dict[str, Any]) -> int:
        return journal.append(kind, data, run=RUN, who="李会计").seq

    opening = {
        "card": "gb18240+sim://novice",
        "device_number": DEVICE,
        "taxpayer_name": TAXPAYER,
        "taxpayer_id": "91330106MA2KXXXX7Q",
        "groups": [[SPECIAL], [ORDINARY]],
        "simulated": True,
    }
    opened = journal.append("run.opened", opening, run=RUN, who="李会计")
    uploads = ["CB20261105000033"]
    digests = [
        {"units": [unit], "sha256": hashlib.sha256(repr(unit).encode()).hexdigest()} for unit in (SPECIAL, ORDINARY)
    ]
    revision = preview["revision"]
    add("run.checked", {"checks": [], "card": before, "verdict": "not_reported", "seconds": 0.2})
    add("run.backed_up", first)
    add("report.intent", {"groups": [[SPECIAL], [ORDINARY]], "card": before})
    add("report.result", {"groups": [], "already": False, "card": before, "seconds": 0.4})
    add("report.uploaded", {"receipts": uploads, "seconds": 0.1})
    journal.append("import.done", {"file": "别家公司.xlsx"}, run="", who="王会计")
    journal.append("run.opened", {"taxpayer_name": "别家公司"}, run="other-run", who="王会计")
    add("declaration.seen", declaration)
    add("run.backed_up", second)
    add("preview.frozen", preview)
    add("run.confirmed", {"revision": revision, "device_tail": "7890", "period": "2026-10"})
    add("execution.begun", {"revision": revision})
    add("authorisation.fetched", {"revision": revision, "digests": digests, "seconds": 0.1})
    intent = {"revision": revision, "groups": [[SPECIAL], [ORDINARY]], "card": before, "census": census_before}
    add("clear.intent", intent)
    for unit in (SPECIAL, ORDINARY):
        add("unit.sent", {"units": [unit]})
        add(
            "unit.answered", {"units": [unit], "outcome": "cleared", "status": "9000", "sentence": "", "source": "read"}
        )
    add("clear.cleared", {"card": after})
    add("clear.acknowledged", {"receipts": receipts, "seconds": 0.1})
    add("ledger.closed", {"rows": 2, "census": census_after, "seconds": 0.1})
    last = add("run.verified", {"checks": checks, "card": after, "ok": True, "seconds": 0.3})
    return {
        "run": RUN,
        "taxpayer_name": TAXPAYER,
        "taxpayer_id": "91330106MA2KXXXX7Q",
        "device_number": DEVICE,
        "simulated": True,
        "opened_by": "李会计",
        "opened_at": opened.time,
        "finished_at": "2026-11-05T09:05:57+08:00",
        "verdict": "cleared",
        "units": [
            {
                **{k: unit[k] for k in ("invoice_type", "period", "count", "total", "digest")},
                "name": "专票" if unit["invoice_type"] == "004" else "普票",
                "outcome": "cleared",
                "lock_date_before": "2026-11-17",
                "lock_date_after": "2026-12-15",
                "report_start_before": "2026-10-01",
                "report_start_after": "2026-11-01",
            }
            for unit in preview["units"]
        ],
        "preview": preview,
        "card_before": before,
        "card_after": after,
        "statistics": statistics,
        "verification": checks,
        "authority": {"upload": uploads, "receipts": receipts},
        "declaration": declaration,
        "census_before": census_before,
        "census_after": census_after,
        "backups": [first, second],
        "journal_first": opened.seq,
        "journal_last": last,
        "versions": {"fapiao-kernel": "0.1.0", "gb18240": "1", "Python": "3.11.7"},
    }


def _preview() -> dict[str, Any]:
    units = []
    for unit in (SPECIAL, ORDINARY):
        voids, reds, rates = UNITS[unit["invoice_type"]]
        count = sum(number for _, number, _, _ in rates)
        amount, tax = sum(Decimal(a) for _, _, a, _ in rates), sum(Decimal(t) for *_, t in rates)
        units.append(
            {
                **unit,
                "count": count,
                "voids": voids,
                "reds": reds,
                "amount": f"{amount:.2f}",
                "tax": f"{tax:.2f}",
                "total": f"{amount + tax:.2f}",
                "digest": hashlib.sha256(lines_of(unit["invoice_type"])).hexdigest(),
                "watermark": 1,
                "rates": [{"rate": r, "count": c, "amount": a, "tax": t} for r, c, a, t in rates],
            }
        )
    statistics = [
        {
            **{k: unit[k] for k in ("invoice_type", "period")},
            "card_count": unit["count"],
            "card_total": unit["total"],
            "ledger_count": unit["count"],
            "ledger_total": unit["total"],
            "agrees": True,
        }
        for unit in units
    ]
    return {"revision": "r1-5c20e1", "units": units, "statistics": statistics, "findings": [], "seconds": 0.2}


def _card(lock: str, start: str) -> dict[str, Any]:
    monitoring = [
        {"invoice_type": t, "lock_date": lock, "report_start": start, "report_end": start[:8] + "28", "reported": False}
        for t in ("004", "007")
    ]
    identity = {"device_number": DEVICE, "card_number": "9999000012345678", "simulated": True}
    return {"identity": identity, "clock": "2026-11-05T09:03:02+08:00", "monitoring": monitoring, "pin_tries": 8}


def _backup(name: str, reason: str) -> dict[str, Any]:
    copies = [
        {"path": f"{folder}/{name}.tar.zst.age", "sha256": hashlib.sha256(name.encode()).hexdigest(), "size": 3_482_113}
        for folder in ("D:/fapiao/backups/a", "E:/备份")
    ]
    return {
        "id": name,
        "time": "2026-11-05T09:01:25+08:00",
        "copies": copies,
        "files": 9,
        "journal_head": "a" * 64,
        "proven": True,
        "reason": reason,
    }


def _check(name: str, title: str, message: str) -> dict[str, Any]:
    return {
        "name": name,
        "title": title,
        "finding": {"code": name, "severity": "ok", "message": message, "evidence": ""},
    }


def _census(open_count: int, open_total: str, cleared_count: int, cleared_total: str) -> dict[str, Any]:
    tallies = {"open": (open_count, open_total), "cleared": (cleared_count, cleared_total), "all": (1990, "8134520.55")}
    return {name: {"count": count, "total": total} for name, (count, total) in tallies.items()}
