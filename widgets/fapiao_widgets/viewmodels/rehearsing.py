"""The rehearsal (先行尝试): the same clear on a twin of this card; the real one is only read."""

from __future__ import annotations

from typing import Any

from fapiao_kernel.api.rehearsals import RehearsalView
from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import blocks
from fapiao_widgets.viewmodels.formats import amount, count, place, type_name, word

_MARKS = {"done": ("✓", "good"), "stopped": ("✕", "bad"), "broken": ("?", "bad"), "not_reached": ("○", "quiet")}
_TONES = {"would_clear": "", "would_be_partial": "warning", "would_be_refused": "warning", "broken_off": "warning"}


def offer(card: str, device: str) -> blocks.Block:
    """The button that rehearses."""
    button = blocks.button("rehearse", say("rehearse.button", device=device), tone="second", card=card)
    return blocks.form([button], note=say("rehearse.note"))


def rehearsal(view: RehearsalView) -> list[blocks.Block]:
    """What is under way, or how it ended: verdict, steps, what a real clear still needs, the report."""
    if view.state == "running":
        return [blocks.progress(say("rehearse.running", step=view.step or say("rehearse.begins")), 0, 0)]
    shown = [blocks.text(say(f"rehearse.{view.verdict or 'broken_off'}"), _TONES.get(view.verdict, "warning"))]
    shown.append(blocks.text(say("rehearse.untouched"), "quiet"))
    if view.error is not None:
        shown.append(blocks.text(f"{view.error.sentence} {view.error.remedy}", "warning"))
    facts = view.facts or {}
    if facts.get("units"):
        shown.append(_units(facts["units"]))
    inner = [_steps(facts["steps"])] if facts.get("steps") else []
    inner += [blocks.facts([(say("rehearse.report"), place(view.report))])] if view.report else []
    if facts.get("needs"):
        shown.append(_needs(facts["needs"]))
    return [*shown, blocks.more(say("rehearse.more"), inner)] if inner else shown


def _units(units: list[dict[str, Any]]) -> blocks.Block:
    columns = [say(f"col.{name}") for name in ("type", "period", "count", "total")] + [say("done.outcome")]
    rows = [
        [
            type_name(str(u["invoice_type"])),
            str(u["period"]),
            count(u.get("count")),
            amount(str(u.get("total") or "")),
            word("outcome", str(u.get("outcome") or "")),
        ]
        for u in units
    ]
    return blocks.table(say("rehearse.units"), columns, rows, numeric=[2, 3])


def _steps(steps: list[dict[str, Any]]) -> blocks.Block:
    entries = []
    for step in steps:
        icon, tone = _MARKS.get(str(step["outcome"]), ("?", "bad"))
        said = "；".join(str(f[key]) for f in step.get("findings", ()) for key in ("message", "evidence") if f.get(key))
        entries.append(blocks.item(icon, "", tone, word("rehearse.step", str(step["name"])), said))
    return blocks.items(say("rehearse.steps"), entries)


def _needs(needs: list[dict[str, Any]]) -> blocks.Block:
    icons = {"blocker": ("✕", "bad"), "warning": ("!", "warning"), "unknown": ("?", "bad")}
    entries = []
    for need in needs:
        icon, tone = icons.get(str(need["severity"]), ("i", "quiet"))
        entries.append(
            blocks.item(icon, word("check", str(need["severity"])), tone, str(need["message"]), "", str(need["remedy"]))
        )
    return blocks.items(say("rehearse.needs"), entries)
