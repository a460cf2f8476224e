"""``fapiao recover``: what state is the card in, by four witnesses, and the two ways out of a wrong one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from fapiao_kernel.cli.output import CardOption, Done, HomeOption, Json, finding_lines, say, verb

if TYPE_CHECKING:
    from fapiao_kernel.api.recovery import SituationView
    from fapiao_kernel.api.runs import RunView

WAYS = {
    "none": "不用恢复 nothing to recover",
    "false_alarm": '设备没有动过 the device did not move: fapiao recover --false-alarm "原因 why"',
    "continue_from_device": "设备走在前面 the device is ahead: fapiao recover --continue",
    "read_back": "结果未知，先读设备 unknown, read the device: fapiao recover --continue",
    "conclude": "设备已清，收尾没做完 cleared, the conclusion waits: fapiao recover --continue",
    "support": "互相矛盾，请支持人员来看 contradictory, call support",
}

UNREAD = "读不到设备，现在是什么状态不知道 the card cannot be read: its state is not known"


@verb
def recover(
    card: CardOption = None,
    go_on: Annotated[
        bool, typer.Option("--continue", help="按设备显示的结果继续 · go on from what the device says")
    ] = False,
    false_alarm: Annotated[
        str | None, typer.Option("--false-alarm", help="误报：为什么以为出了事 · nothing happened: why it was thought")
    ] = None,
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """设备到底是什么状态？先读设备，再说怎么办 · What state is the device in? Reads it first, then says what is left to do.

    不带选项时只看不动；两个选项都以重新读设备为准，什么也不发给设备。
    Without options it only looks; both options go by a fresh reading, and send nothing to the device.

    例 Examples: fapiao recover · fapiao recover --continue · fapiao recover --false-alarm "断电，以为清过了"
    """
    from fapiao_kernel.cli.choose import card_of
    from fapiao_kernel.client import RequestError, connect

    if go_on and false_alarm is not None:
        raise RequestError.of("recover_one_way", exit_code=2)
    with connect(home) as client:
        address = card_of(client, card)
        run: RunView | None = None
        if go_on:
            run = client.continue_from_device(address)
        elif false_alarm is not None:
            run = client.false_alarm(address, false_alarm)
        found = client.look_back(address)
    _tell(found, run, as_json)


def _tell(found: SituationView, run: RunView | None, as_json: bool) -> None:
    from fapiao_kernel.cli.words import next_lines

    for unit in found.units:
        mark = "✓" if unit.agree else "✗"
        say(f"{mark} {unit.name} {unit.period}: {unit.finding.message}", as_json=as_json)
        say(f"    {unit.finding.evidence}", as_json=as_json)
        if unit.finding.remedy and unit.action != "none":
            say(f"    → {unit.finding.remedy}", as_json=as_json)
    if run is not None:
        say(f"{run.id}: {run.state} · {run.verdict}", as_json=as_json)
        for line in next_lines(run.verdict):
            say(line, as_json=as_json)
    for line in finding_lines(found.notes):
        say(line, as_json=as_json)
    if found.readable or found.action != "none":
        say(WAYS[found.action], as_json=as_json)
    else:
        say(UNREAD, as_json=as_json)
    raise Done(_value(found, run), _code(found))


def _code(found: SituationView) -> int:
    if not found.readable:
        return 5
    if found.action == "read_back":
        return 4
    return 0 if found.action == "none" and not found.notes else 1


def _value(found: SituationView, run: RunView | None) -> dict[str, Any]:
    witnesses = ("invoice_type", "period", "device", "ledger", "authority", "journal", "agree", "action")
    keys = ("code", "severity", "message", "evidence", "effect", "remedy", "who")
    return {
        "card": found.card,
        "device_number": found.device_number,
        "read_at": found.read_at,
        "readable": found.readable,
        "agree": found.agree,
        "action": found.action,
        "units": [{key: getattr(unit, key) for key in witnesses} for unit in found.units],
        "findings": [
            {key: getattr(one, key) for key in keys} for one in (*(u.finding for u in found.units), *found.notes)
        ],
        "run": run.id if run is not None else "",
        "verdict": run.verdict if run is not None else "",
    }


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("recover")(recover)
