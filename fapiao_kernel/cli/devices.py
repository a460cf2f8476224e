"""``fapiao devices list``: the cards of this home."""

from __future__ import annotations

import typer

from fapiao_kernel.cli.output import Done, HomeOption, Json, say, verb


@verb
def every(home: HomeOption = None, as_json: Json = False) -> None:
    """这里的设备 · The devices of this home."""
    from fapiao_kernel.client import connect

    with connect(home) as client:
        cards = client.status().cards
    for card in cards:
        say(f"{card.address} · {card.device_number} · {card.taxpayer_name} · {card.verdict}", as_json=as_json)
    if not cards:
        say("还没有设备 none yet", as_json=as_json)
    raise Done({"devices": [card.model_dump() for card in cards]})


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    group = typer.Typer(help="设备 · Devices.", no_args_is_help=True, rich_markup_mode=None)
    group.command("list")(every)
    app.add_typer(group, name="devices")
