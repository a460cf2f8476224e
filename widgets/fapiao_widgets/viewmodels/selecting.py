"""Selecting (自动、手动): a person asks for a part, and sees the whole units that the device would really close."""

from __future__ import annotations

from typing import Any

from fapiao_kernel.api.selection import SelectedUnitView, SelectedView
from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import blocks
from fapiao_widgets.viewmodels.formats import amount, count, unit, units, word

PRESETS = (("last_month", ()), ("last_month", ("ordinary",)), ("last_month", ("special",)), ("quarter", ()))
"""自动: periods by name, each alone or with one kind of invoice."""


def ways(card: str) -> blocks.Block:
    """Automatic by name, or manual by period, kind and days; every button only looks."""
    automatic = [
        blocks.button("select", _named(preset, kinds), tone="second", card=card, preset=preset, kinds=list(kinds))
        for preset, kinds in PRESETS
    ]
    fields = [
        blocks.field("periods", say("select.periods"), hint=say("select.periods.hint")),
        blocks.field("kinds", say("select.kinds"), hint=say("select.kinds.hint")),
        blocks.field("first_day", say("select.from"), hint=say("select.day.hint")),
        blocks.field("last_day", say("select.to")),
    ]
    manual = blocks.button("select", say("select.manual"), tone="second", card=card)
    return blocks.more(
        say("select.question"),
        [
            blocks.form(automatic, note=say("select.automatic")),
            blocks.form([manual], fields, note=say("select.by_hand")),
        ],
    )


def asked(inputs: dict[str, Any]) -> dict[str, Any]:
    """A click's payload and what was typed, as the fields of a selection; only those that say something."""
    kinds = inputs.get("kinds") or ()
    if isinstance(kinds, str):
        kinds = [KINDS.get(part, part) for part in _parts(kinds)]
    told = {
        "preset": str(inputs.get("preset", "")),
        "kinds": list(kinds),
        "periods": _parts(str(inputs.get("periods", ""))),
        "first_day": str(inputs.get("first_day", "")).strip(),
        "last_day": str(inputs.get("last_day", "")).strip(),
    }
    return {name: value for name, value in told.items() if value}


KINDS = {"专用": "special", "专票": "special", "普通": "ordinary", "普票": "ordinary"}
"""What a clerk types for a kind."""


def selected(found: SelectedView) -> list[blocks.Block]:
    """What was asked for beside what would close."""
    columns = ["", say("select.closes"), say("select.asked"), say("select.along")]
    rows = [[unit(u), _tally(u.count, u.total), _tally(u.asked_count, u.asked_total), _along(u)] for u in found.units]
    told = say("select.exact") if found.exact else say("select.wider")
    shown = [blocks.text(told, "" if found.exact else "warning")]
    if found.missing:
        shown.append(blocks.text(say("select.missing", n=found.missing), "warning"))
    shown.append(blocks.table(say("select.table"), columns, rows, numeric=[1, 2]))
    return shown


def check(found: SelectedView) -> blocks.Block:
    """The button that asks for the whole units, and names them."""
    label = say("select.check" if found.exact else "select.whole", units=units(found.units))
    return blocks.button("check-selected", label, card=found.card)


def _named(preset: str, kinds: tuple[str, ...]) -> str:
    kind = word("select.kind", kinds[0]) if kinds else say("select.kind.both")
    return f"{say(f'select.preset.{preset}')} · {kind}"


def _along(entry: SelectedUnitView) -> str:
    return say(f"select.along.{entry.along}") if entry.along else say("none")


def _tally(number: int, total: str) -> str:
    return f"{say('unit.count', n=count(number))} · {amount(total)}"


def _parts(text: str) -> list[str]:
    return [part for part in text.replace("、", ",").replace("，", ",").replace(" ", ",").split(",") if part]
