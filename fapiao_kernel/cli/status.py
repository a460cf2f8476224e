"""``fapiao status``: where everything stands."""

from __future__ import annotations

import typer

from fapiao_kernel.cli.output import Done, HomeOption, Json, say, verb


@verb
def status(home: HomeOption = None, as_json: Json = False) -> None:
    """现在的状态：设备、清卡 · Where everything stands: devices and clears."""
    from fapiao_kernel.client import connect

    with connect(home) as client:
        now = client.status()
    say(f"后台程序 agent: {now.agent.url} · pid {now.agent.pid} · {now.agent.version} · {now.home}", as_json=as_json)
    for card in now.cards:
        mark = "（模拟 simulated）" if card.simulated else ""
        say(
            f"  {card.address}{mark} {card.taxpayer_name} · {card.device_number} · {card.verdict}"
            f" · 锁死日期 lock date {card.lock_date}",
            as_json=as_json,
        )
        if card.problem is not None:
            say(f"    ✗ {card.problem.sentence} → {card.problem.remedy}", as_json=as_json)
    for run in now.runs:
        say(f"  {run.id} · {run.state} · {run.verdict} · {run.opened_at}", as_json=as_json)
    keys = ("address", "device_number", "taxpayer_id", "verdict", "lock_date", "simulated")
    value = {
        "agent": now.agent.model_dump(),
        "cards": [{key: getattr(card, key) for key in keys} for card in now.cards],
        "runs": [run.model_dump() for run in now.runs],
    }
    raise Done(value)


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("status")(status)
