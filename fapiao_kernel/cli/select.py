"""``fapiao select``: what a selection comes to on the card, before anything is opened; and its options for other verbs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fapiao_kernel.cli.output import CardOption, Done, HomeOption, Json, say, verb

if TYPE_CHECKING:
    from fapiao_kernel.api.selection import SelectedView

PresetOption = Annotated[str, typer.Option("--preset", help="last_month 上个月 · quarter 本季度")]
KindsOption = Annotated[str, typer.Option("--kinds", help="special 专用, ordinary 普通；逗号分开 · with commas")]
TypesOption = Annotated[str, typer.Option("--types", help="票种代码 · invoice types: 004,007")]
PeriodsOption = Annotated[str, typer.Option("--periods", help="征期 · periods: 2026-09,2026-10")]
FromOption = Annotated[str, typer.Option("--from", help="开票日期起 · first day of issue: 2026-10-01")]
ToOption = Annotated[str, typer.Option("--to", help="开票日期止 · last day of issue: 2026-10-31")]
InvoiceOption = Annotated[
    list[str] | None, typer.Option("--invoice", help="代码:号码，可重复 · code:number, may be repeated")
]
WholeOption = Annotated[
    bool, typer.Option("--whole", help="连同带上的一起清（设备只能整单元清）· whole units, with what comes along")
]

ALONG = {
    "other_type": "同组的别的票种，一起清 another type of the group",
    "other_month": "同一期的别的月份，一起清 another month of the span",
    "rest": "这个单元的其余发票，一起清 the rest of the unit",
}


@verb
def select(
    preset: PresetOption = "",
    kinds: KindsOption = "",
    types: TypesOption = "",
    periods: PeriodsOption = "",
    first_day: FromOption = "",
    last_day: ToOption = "",
    invoice: InvoiceOption = None,
    card: CardOption = None,
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """想清的和设备真会清的 · What was asked for, beside what the device would really close. 只看不动 changes nothing.

    例 Examples: fapiao select --preset last_month --kinds ordinary · fapiao select --from 2026-10-01 --to 2026-10-15
    """
    from fapiao_kernel.cli.choose import card_of
    from fapiao_kernel.client import connect

    with connect(home) as client:
        found = client.select(
            card_of(client, card), **asked(preset, kinds, types, periods, first_day, last_day, invoice, whole=False)
        )
    _tell(found, as_json)


def asked(
    preset: str,
    kinds: str,
    types: str,
    periods: str,
    first_day: str,
    last_day: str,
    invoice: list[str] | None,
    *,
    whole: bool,
) -> dict[str, Any]:
    """The options as the fields of a selection; only those that were given."""
    fields: dict[str, Any] = {
        "preset": preset.replace("-", "_"),
        "kinds": _list(kinds),
        "types": _list(types),
        "periods": _list(periods),
        "first_day": first_day,
        "last_day": last_day,
        "invoices": [tuple(one.replace("：", ":").partition(":")[::2]) for one in invoice or ()],
        "whole": whole,
    }
    return {name: value for name, value in fields.items() if value}


def _list(text: str) -> list[str]:
    return [part.strip() for part in re.split("[,，、]", text) if part.strip()]


def _tell(found: SelectedView, as_json: bool) -> None:
    for unit in found.units:
        along = f" · {ALONG[unit.along]}" if unit.along else ""
        say(
            f"{unit.name} {unit.period}: 会清 closes {unit.count} 张 {unit.total} 元，"
            f"其中想清 asked {unit.asked_count} 张 {unit.asked_total} 元{along}",
            as_json=as_json,
        )
    if found.missing:
        say(f"! {found.missing} 张不在这些单元里 picked invoices are in none of these units", as_json=as_json)
    if any(unit.along for unit in found.units):
        say("设备只能整单元清。仍要清，加 --whole · the device closes whole units; add --whole", as_json=as_json)
    value = found.model_dump()
    raise Done(value, 0 if found.exact else 1)


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("select")(select)
