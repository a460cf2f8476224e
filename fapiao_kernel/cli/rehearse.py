"""``fapiao rehearse``: the whole clear on a twin of the card, ending in a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from fapiao_kernel.cli.output import CardOption, Done, HomeOption, Json, say, verb
from fapiao_kernel.cli.select import (
    FromOption,
    InvoiceOption,
    KindsOption,
    PeriodsOption,
    PresetOption,
    ToOption,
    TypesOption,
    WholeOption,
    asked,
)

if TYPE_CHECKING:
    from fapiao_kernel.api.rehearsals import RehearsalView

CODES = {"would_clear": 0, "would_be_partial": 1, "would_be_refused": 3, "broken_off": 5}
"""Exit code by verdict (DESIGN §10); one that broke off with an error has the error's own."""
WORDS = {
    "would_clear": "会清卡 would clear",
    "would_be_partial": "会部分清卡 would clear in part",
    "would_be_refused": "会被拒绝 would be refused",
    "broken_off": "演练中断 broken off",
}
MARKS = {"done": "✓", "stopped": "✗", "broken": "?", "not_reached": "·"}


@verb
def rehearse(
    card: CardOption = None,
    preset: PresetOption = "",
    kinds: KindsOption = "",
    types: TypesOption = "",
    periods: PeriodsOption = "",
    first_day: FromOption = "",
    last_day: ToOption = "",
    invoice: InvoiceOption = None,
    whole: WholeOption = False,
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """演练一次清卡：真实设备只读取，不改动 · Rehearse a clear; the real device is only read.

    例 Examples: fapiao rehearse · fapiao rehearse --card gb18240+serial:///dev/ttyUSB0 --json
    """
    from fapiao_kernel.cli.choose import card_of
    from fapiao_kernel.client import connect

    told: set[str] = set()

    def tell(view: RehearsalView) -> None:
        if view.step not in told:
            told.add(view.step)
            say(f"  {view.step}", as_json=as_json)

    with connect(home) as client:
        wanted = asked(preset, kinds, types, periods, first_day, last_day, invoice, whole=whole)
        view = client.rehearse(card_of(client, card), **wanted)
        view = client.wait_rehearsal(view.id, tell)
    _tell(view, as_json)


def _tell(view: RehearsalView, as_json: bool) -> None:
    facts: dict[str, Any] = view.facts or {"steps": [], "units": [], "needs": []}
    say(f"{WORDS[view.verdict]} · 真实设备没有改动 the real device was not changed", as_json=as_json)
    for step in facts["steps"]:
        said = "；".join(f["message"] + (f"（{f['evidence']}）" if f.get("evidence") else "") for f in step["findings"])
        say(f"  {MARKS[step['outcome']]} {step['name']}" + (f" · {said}" if said else ""), as_json=as_json)
    for need in facts["needs"]:
        remedy = f" → {need['remedy']}" if need["remedy"] else ""
        evidence = f"（{need['evidence']}）" if need.get("evidence") else ""
        say(f"  ! {need['message']}{evidence}{remedy}", as_json=as_json)
    if view.error is not None:
        say(f"  ✗ {view.error.sentence} → {view.error.remedy}", as_json=as_json)
    say(f"报告 report: {view.report or '—'}", as_json=as_json)
    unit_keys = ("invoice_type", "period", "count", "total", "digest", "outcome")
    value = {
        "rehearsal": view.id,
        "verdict": view.verdict,
        "units": [{key: unit.get(key) for key in unit_keys} for unit in facts["units"]],
        "steps": [{"name": s["name"], "outcome": s["outcome"], "seconds": s["seconds"]} for s in facts["steps"]],
        "findings": [
            {key: need[key] for key in ("code", "severity", "message", "effect", "remedy", "who")}
            for need in facts["needs"]
        ],
        "report": view.report,
        "sha256": view.sha256,
    }
    raise Done(value, view.error.exit_code if view.error is not None else CODES[view.verdict])


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("rehearse")(rehearse)
