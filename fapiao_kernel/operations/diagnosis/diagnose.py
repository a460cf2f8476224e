"""「设备到底清了没有？」: the answer, from the device's dates and the journal, and how we know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fapiao_kernel.domain.card import CardState
from fapiao_kernel.domain.clearing import Event, Outcome, Run, State
from fapiao_kernel.domain.errors import FapiaoError, english, message
from fapiao_kernel.domain.verdict import Verdict, judge_type
from fapiao_kernel.operations.diagnosis.timeline import timeline
from fapiao_kernel.ports import Record

OUTCOME_ZH = {
    Outcome.CLEARED: "已清卡",
    Outcome.ALREADY_CLEARED: "此前已清卡",
    Outcome.REFUSED: "被拒绝，没有改动",
    Outcome.NOT_SENT: "没有发送",
    Outcome.UNKNOWN: "结果未知",
}


@dataclass(frozen=True)
class Answer:
    """``cleared``: True, False, or None when it is not known or only in part. ``ground``: how we know, a sentence each."""

    answer: str
    answer_en: str
    remedy: str
    cleared: bool | None
    ground: tuple[str, ...]
    timeline: tuple[dict[str, Any], ...]


def diagnose(
    *,
    run: Run | None,
    card: CardState | None,
    records: Sequence[Record] = (),
    problem: FapiaoError | None = None,
) -> Answer:
    """Answer from the card as just read (None when it could not be, ``problem`` says why) and its latest run with its records."""
    device = _by_device(run, card)
    journal = _by_journal(run)
    code, cleared, facts = _decide(run, card, device, journal)
    return Answer(
        message(code).zh.format_map({k: zh for k, (zh, _) in facts.items()}),
        message(code).en.format_map({k: en for k, (_, en) in facts.items()}),
        message(code).remedy({}),
        cleared,
        tuple(_ground(run, card, problem)),
        tuple(timeline(records, run.id if run else "")),
    )


def _by_device(run: Run | None, card: CardState | None) -> bool | None:
    """What the dates say of the run's types (all, without a run): all cleared, none, or None for some or not read."""
    if card is None or not card.monitoring:
        return None
    mine = {unit.invoice_type for unit in run.units} if run else set()
    own = [m for m in card.monitoring if m.invoice_type in mine or not mine]
    verdicts = {judge_type(m, card.clock.date(), None) is Verdict.CLEARED for m in own}
    return verdicts.pop() if len(verdicts) == 1 else None


def _by_journal(run: Run | None) -> str:
    """The run's verdict; ``none`` when no clear was ever sent, nor found done on the device."""
    if run is None or not _has_basis(run):
        return "none"
    return run.verdict


Facts = Mapping[str, tuple[str, str]]

_SAYS = {True: ("已清", "cleared"), False: ("未清", "not cleared")}


def _decide(
    run: Run | None, card: CardState | None, device: bool | None, journal: str
) -> tuple[str, bool | None, Facts]:
    """The message code, the answer and its facts. Where device and journal differ we say so, and answer neither."""
    done = journal in ("cleared", "already_cleared")
    if journal in ("unknown", "open"):
        return "diagnosis_unknown", None, {}
    if journal == "partial" and run is not None:
        closed = [u for u in run.units if run.outcomes.get(u, Outcome.UNKNOWN).closed]
        left = [u for u in run.units if u not in closed]
        told, rest = "、".join(map(str, closed)), "、".join(map(str, left))
        if device is True:
            return "diagnosis_cleared", True, {}
        return "diagnosis_partial", None, {"done": (told, told), "left": (rest, rest)}
    if device is None:
        if journal == "none":
            return "diagnosis_nothing", None, {}
        return "diagnosis_only_journal", done, {"journal": _SAYS[done]}
    if done and not device and _stands_still(run, card):
        return "diagnosis_contradiction", None, {"journal": _SAYS[True], "device": _SAYS[False]}
    if not device:
        return "diagnosis_not_cleared", False, {}
    if run is not None and done and run.state is not State.FINISHED:
        return "diagnosis_cleared_waiting", True, {}
    return "diagnosis_cleared", True, {}


def _stands_still(run: Run | None, card: CardState | None) -> bool:
    """Whether a lock date is still the one of before that run's clear. Once it moved, a later month being due is rightful."""
    if run is None or card is None:
        return False
    mine = [m for m in card.monitoring if m.invoice_type in {unit.invoice_type for unit in run.units}]
    if (
        "card_now" in run.basis
    ):  # a recovery: the lock date had moved when it was read, so only an older one contradicts
        then = {m["invoice_type"]: m["lock_date"] for m in run.basis["card_now"]["monitoring"]}
        return any(m.lock_date.isoformat() < then[m.invoice_type] for m in mine)
    before = {m["invoice_type"]: m["lock_date"] for m in run.basis["card"]["monitoring"]}
    return any(m.lock_date.isoformat() <= before[m.invoice_type] for m in mine)


def _has_basis(run: Run) -> bool:
    return any(event in run.facts for event in (Event.CLEAR_INTENT, Event.RECOVERED, Event.RECOVERED_PARTLY))


def _ground(run: Run | None, card: CardState | None, problem: FapiaoError | None) -> list[str]:
    lines = []
    if card is None:
        if problem is not None:
            lines.append(message("ground_card_away").sentence({"why": problem.sentence}))
    else:
        for m in card.monitoring:
            declared = True if run is not None and Event.DECLARED in run.facts else None
            verdict = judge_type(m, card.clock.date(), declared)
            word = verdict.value if english() else verdict.zh
            facts = {"type": m.invoice_type.zh, "clock": f"{card.clock:%Y-%m-%d}", "lock_date": m.lock_date}
            facts |= {"start": m.report_start, "verdict": word}
            lines.append(message("ground_dates").sentence(facts))
    if run is None or not _has_basis(run):
        lines.append(message("ground_no_intent").sentence({}))
        return lines
    for unit, outcome in run.outcomes.items():
        word = outcome.value if english() else OUTCOME_ZH[outcome]
        lines.append(message("ground_unit").sentence({"unit": unit, "outcome": word}))
    if run.undecided:
        units = "、".join(map(str, run.undecided))
        lines.append(message("ground_sent_no_answer").sentence({"units": units}))
    if card is not None:
        for before in run.basis["card"]["monitoring"]:
            now = next((m for m in card.monitoring if m.invoice_type == before["invoice_type"]), None)
            if now is not None:
                moved = {"before": before["lock_date"], "after": now.lock_date, "type": now.invoice_type.zh}
                lines.append(message("ground_moved").sentence(moved))
    if Event.ACKNOWLEDGED in run.facts:
        receipts = "、".join(run.facts[Event.ACKNOWLEDGED]["receipts"])
        lines.append(message("ground_receipts").sentence({"receipts": receipts}))
    return lines
