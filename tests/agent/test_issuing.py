"""Issuing through a real agent on the practice card: after all of it, card and ledger agree to the cent."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fapiao_kernel.api.issuing import LineShape, RequestShape
from fapiao_kernel.api.practice import PracticeView
from fapiao_kernel.cli.agent import end
from fapiao_kernel.client import Client, RequestError, connect
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.money import from_fen
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.records.ledger.ledger import DuckLedger

NOVEMBER = Period(2026, 11)
SPAN = {"start": "2026-11-01", "end": "2026-11-30", "lock_date": "2026-12-17", "last_report": "2026-11-05"}
BUYER = {"buyer_name": "北京样例有限公司", "buyer_id": "91110000600037341L"}


def request(id: str, amount: str = "100.00", kind: str = "004") -> RequestShape:
    return RequestShape(
        id=id, invoice_type=kind, lines=[LineShape(item="轴承", amount=amount, rate="0.13")], **BUYER
    )  # fmt: skip


def card_file(home: Path) -> Path:
    return home / "practice" / "card.json"


def with_card(client: Client, home: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the simulated card's memory while it is switched off; its next use switches it on."""
    client.practice_stop()
    state = json.loads(card_file(home).read_text(encoding="utf-8"))
    change(state)
    card_file(home).write_text(json.dumps(state), encoding="utf-8")


def fault(client: Client, home: Path, at: str, do: str, **more: Any) -> None:
    entry = {"nth": 1, "times": 1, "type": "", "status": "6985", "seconds": 0, "seen": 0, "at": at, "do": do, **more}
    with_card(client, home, lambda state: state.update(faults=[entry]))


def records(home: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for file in sorted((home / "journal").glob("*.jsonl")) for line in file.open()]


@pytest.fixture
def practice(client: Client, home: Path) -> PracticeView:
    """A practice card whose span is the month that it is: it issues."""
    made = client.practice_start(size=20)
    with_card(client, home, lambda state: [record.update(SPAN) for record in state["records"]])
    return made


def statistics(home: Path) -> dict[str, tuple[Any, ...]]:
    """By type: sheets, voids, standing reds, amount and tax of November, as the card's own memory has them."""
    told = {}
    for row in json.loads(card_file(home).read_text(encoding="utf-8"))["totals"]:
        if row["month"] == str(NOVEMBER):
            (blue, blue_void, red, red_void), sums = row["counts"], [from_fen(fen) for fen in row["amounts"]]
            told[row["type"]] = (
                blue + blue_void + red + red_void, blue_void + red_void, red, sums[0] + sums[2], sums[1] + sums[3],
            )  # fmt: skip
    return told


def ledger(home: Path, device: str, types: list[str]) -> dict[str, tuple[Any, ...]]:
    """The same as a preview of these units counts them."""
    duck = DuckLedger(home / "ledger.duckdb", practice=True)
    try:
        found = duck.preview([ClearUnit(device, InvoiceType(kind), NOVEMBER) for kind in types])
    finally:
        duck.close()
    return {p.unit.invoice_type.value: (p.count, p.voids, p.reds, p.amount, p.tax) for p in found}


def test_card_and_ledger_agree_after_issuing_voiding_taking_back_a_lost_answer_and_a_kill(
    home: Path, client: Client, practice: PracticeView
) -> None:
    card, pin = practice.card, practice.pin
    with pytest.raises(RequestError) as refusal:
        client.void_invoice(card, "4200261130", "00000001", "0000", pin)
    assert (refusal.value.code, refusal.value.exit_code) == ("void_not_confirmed", 3)
    assert client.issue(card, [request("no PIN")]).verdict == "refused"
    assert not any(record["kind"].startswith(("issue.", "void.")) for record in records(home))

    one = client.issue(card, [request("one")], pin)
    assert (one.verdict, one.invoices[0].total, one.invoices[0].entered) == ("done", "113.00", True)
    batch = [request(f"b{n}", f"{n}0.00", kind) for n, kind in enumerate(("004", "007", "007", "004", "007"), 1)]
    assert client.issue(card, batch, pin).verdict == "done"
    voided = client.void_invoice(card, one.invoices[0].code, one.invoices[0].number, one.invoices[0].number[-4:], pin)
    assert voided.verdict == "done"
    blue = client.issue(card, [batch[1]], pin).invoices[0]
    assert blue.outcome == "again"
    assert client.issue(card, [client.red_request(card, blue.code, blue.number)], pin).verdict == "done"

    fault(client, home, "issue", "lose_reply_after_commit")
    lost = client.issue(card, [request("lost"), request("after")], pin)
    assert (lost.verdict, [i.outcome for i in lost.invoices]) == ("unknown", ["unknown", "not_begun"])
    assert lost.invoices[0].error is not None and lost.invoices[0].error.exit_code == 4
    assert [i.outcome for i in client.settle_issue(card).invoices] == ["done"]

    fault(client, home, "issue", "delay", seconds=3)
    asking = threading.Thread(target=lambda: _ignored(lambda: client.issue(card, [request("killed")], pin)))
    asking.start()
    since = client.changes(-1).changes
    while not any(r["kind"] == "issue.intent" and r["data"]["id"] == "killed" for r in records(home)):
        since = client.changes(since).changes
    os.kill(client.pid, signal.SIGKILL)
    asking.join()
    with connect(home) as again:
        with_card(again, home, lambda state: state.update(faults=[]))
        again.settle_issue(card)
        assert again.unsettled_issues(card).unknown == []
        assert "issue.settled" in [r["kind"] for r in records(home) if r["data"].get("id") == "killed"]
        assert again.issue(card, [request("killed")], pin).verdict == "done"
        assert again.find_invoice(card, blue.number, blue.code).agree
        again.practice_stop()
        assert end(again)
    told = statistics(home)
    assert told["004"][:3] == (5, 1, 0) and told["007"][:3] == (4, 0, 1)
    assert ledger(home, practice.device_number, sorted(told)) == told
    text = "".join(json.dumps(record, ensure_ascii=False) for record in records(home))
    assert pin not in text


def _ignored(call: Callable[[], object]) -> None:
    try:
        call()
    except RequestError:  # the agent was killed under it: that is the test
        return
