"""The recovery flow (恢复流程): four witnesses side by side, what they mean, and the one button that is left."""

from __future__ import annotations

from fapiao_kernel.api.recovery import SituationView, UnitSituationView
from fapiao_kernel.api.shapes import FindingView
from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import blocks
from fapiao_widgets.viewmodels.formats import moment, unit, word
from fapiao_widgets.viewmodels.trouble import finding_items

ELSEWHERE = frozenset({"cleared_elsewhere", "void_card", "changed_since_preview", "nothing_to_clear", "other_card"})
"""Refusals after which a person asks what state the device is in."""

_WITNESSES = ("device", "ledger", "authority", "journal")


def offer(card: str) -> blocks.Block:
    """The button that looks, and only looks."""
    return blocks.form([blocks.button("look-back", say("recover.look"), tone="second", card=card)])


def situation(found: SituationView) -> list[blocks.Block]:
    """What each witness says of each unit, the findings, and the action that is left."""
    answer = found.action if found.readable else "unread"
    shown = [blocks.text(say(f"recover.answer.{answer}", time=moment(found.read_at)), _tone(found))]
    if found.notes:
        shown.append(finding_items(say("recover.ground"), list(found.notes)))
    if found.units:
        columns = ["", *(say(f"witness.{name}") for name in _WITNESSES), say("col.agrees")]
        shown.append(blocks.table(say("recover.table"), columns, [_row(u) for u in found.units]))
        shown.append(finding_items(say("recover.ground"), _findings(found)))
    act = _act(found)
    return [*shown, act] if act else shown


def _row(entry: UnitSituationView) -> list[str]:
    said = [word(f"said.{name}", getattr(entry, name)) for name in _WITNESSES]
    return [unit(entry), *said, "✓ " + say("preview.agrees") if entry.agree else "✕ " + say("preview.differs")]


def _findings(found: SituationView) -> list[FindingView]:
    return list({(u.finding.code, u.finding.message): u.finding for u in found.units}.values())


def _act(found: SituationView) -> blocks.Block | None:
    """``read_back``, ``continue_from_device`` and ``conclude`` are one button: all go on from what the device shows."""
    if found.action in ("read_back", "continue_from_device", "conclude"):
        label = say("recover.continue", device=found.device_number)
        return blocks.form([blocks.button("continue-from-device", label, card=found.card)])
    if found.action == "false_alarm":
        reason = blocks.field("statement", say("recover.statement"), hint=say("recover.statement.hint"))
        label = say("recover.false_alarm", device=found.device_number)
        return blocks.form([blocks.button("false-alarm", label, card=found.card)], [reason])
    return None if found.readable else offer(found.card)


def _tone(found: SituationView) -> str:
    return "" if found.action == "none" and found.readable else "warning"
