"""The three ticks (三方核对): what device, ledger and tax side say after the clear, judged from the facts alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fapiao_kernel.records.proof.words import joined, unit_name, word

CLOSED = ("cleared", "already_cleared")


@dataclass(frozen=True)
class Witness:
    """``state``: yes | no | ask (not known is never yes)."""

    name: str
    state: str
    sentence: str


def witnesses(facts: Mapping[str, Any]) -> tuple[Witness, Witness, Witness]:
    """The three that must agree: device, ledger, tax side."""
    return _device(facts), _ledger(facts), _authority(facts)


def closed(facts: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Units that the device has closed."""
    return [unit for unit in facts["units"] if unit["outcome"] in CLOSED]


def _device(facts: Mapping[str, Any]) -> Witness:
    if facts["card_after"] is None or not closed(facts):
        return Witness("device", "ask", word("device.ask"))
    stuck = [unit for unit in closed(facts) if not moved(unit)]
    if stuck:
        return Witness("device", "no", word("device.no", units=joined([unit_name(unit) for unit in stuck])))
    if all(unit["outcome"] == "already_cleared" for unit in closed(facts)):
        return Witness("device", "yes", word("device.already"))
    return Witness("device", "yes", word("device.yes", n=len({unit["invoice_type"] for unit in closed(facts)})))


def moved(unit: Mapping[str, Any]) -> bool:
    """Whether the device's dates of a closed unit stand as they must after a clear."""
    lock, start = str(unit["lock_date_after"]), str(unit["report_start_after"])
    if unit["outcome"] == "already_cleared":
        return bool(lock) and start[:7] > str(unit["period"])
    return lock > str(unit["lock_date_before"]) and start > str(unit["report_start_before"])


def _ledger(facts: Mapping[str, Any]) -> Witness:
    before, after = facts["census_before"], facts["census_after"]
    due = [(int(u["count"]), Decimal(u["total"])) for u in closed(facts)]
    count, total = sum(c for c, _ in due), sum((t for _, t in due), Decimal(0))
    gone = before["open"]["count"] - after["open"]["count"]
    come = after["cleared"]["count"] - before["cleared"]["count"]
    sums = Decimal(after["cleared"]["total"]) - Decimal(before["cleared"]["total"])
    same = before["all"] == after["all"]
    if same and gone == come == count and sums == total:
        whole = money(after["all"]["total"])
        return Witness("ledger", "yes", word("ledger.yes", n=count, all=after["all"]["count"], total=whole))
    totals = {"before": money(before["all"]["total"]), "after": money(after["all"]["total"])}
    return Witness("ledger", _graver(facts), word("ledger.no", n=come, due=count, **totals))


def _graver(facts: Mapping[str, Any]) -> str:
    """An import between intent and close moves the numbers rightfully; the check then warns only, and we do not know more."""
    said = [c["finding"]["severity"] for c in facts["verification"] if c["name"].startswith("ledger")]
    return "ask" if said and "warning" in said and not {"blocker", "unknown"} & set(said) else "no"


def _authority(facts: Mapping[str, Any]) -> Witness:
    found = list(_texts((facts["authority"] or {}).get("receipts")))
    if not found:
        return Witness("authority", "ask", word("authority.ask"))
    return Witness("authority", "yes", word("authority.yes", receipts=joined(found)))


def _texts(value: Any) -> Iterator[str]:
    """Receipt numbers, whether they stand alone, in a list, or beside the units they are for."""
    if isinstance(value, Mapping):
        yield from _texts(value.get("receipt", value.get("receipts", ())))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    elif value:
        yield str(value)


def money(value: str) -> str:
    """Yuan with separators and two decimals."""
    return f"{Decimal(value):,.2f}"
