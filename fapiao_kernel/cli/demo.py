"""``fapiao demo``: one whole clear on a simulated card."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fapiao_kernel.cli.output import Done, HomeOption, Json, finding_lines, say, verb

if TYPE_CHECKING:
    from fapiao_kernel.api.practice import PracticeView
    from fapiao_kernel.api.runs import RunView
    from fapiao_kernel.cli.follow import Steps
    from fapiao_kernel.client import Client


ACCEPTED = "演示：模拟设备，用来看流程 · demo: a simulated device, to see how it goes"
"""The reason with which the demo takes a warning on; on a real device a person gives one."""
CONCLUDING = ("acknowledge", "ledger", "verify", "record", "finish")
"""Steps of a run that the agent does by itself once the device has answered; told apart from the clear."""


def spread(arguments: Sequence[str]) -> list[str]:
    """``--invoices a b c`` as ``--invoices a --invoices b --invoices c``, which is what the option parser takes."""
    given = list(arguments)
    if not given or given[0] != "demo":
        return given
    out: list[str] = []
    taking = False
    for argument in given:
        if argument.startswith("-"):
            taking = argument == "--invoices"
            if not taking:
                out.append(argument)
            continue
        out += ["--invoices", argument] if taking else [argument]
    return out


@verb
def demo(
    invoices: Annotated[
        list[str] | None,
        typer.Option(
            "--invoices",
            help="用自己的发票文件或文件夹代替样例月 · your own files or folders in place of the sample month",
        ),
    ] = None,
    size: Annotated[int, typer.Option("--size", min=1, help="样例月的发票张数 · invoices in the sample month")] = 2000,
    fault: Annotated[str, typer.Option("--fault", help="放入一个练习故障 · drop one practice fault in")] = "",
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """演示：在模拟设备上完整清一次卡 · One whole clear on a simulated card, step by step.

    例 Examples: fapiao demo · fapiao demo --invoices 十月.xlsx 发票文件夹 --home ~/demo · fapiao demo --size 200000 --json
    """
    from fapiao_kernel.cli.follow import Steps
    from fapiao_kernel.client import RequestError, connect, home_folder

    named = home is not None or os.environ.get("FAPIAO_HOME")
    place = home_folder(home) if named else Path(tempfile.mkdtemp(prefix="fapiao-demo-"))
    try:
        connect(place, start=False).close()
        ours = False
    except RequestError:
        ours = True
    begun = time.perf_counter()
    with connect(place) as client:
        steps = Steps(client, as_json=as_json)
        steps.seconds["agent"] = round(time.perf_counter() - begun, 3)
        try:
            practice = _practice(steps, invoices or [], size, fault)
            view = _clear(steps, practice)
            _end(steps, view, place)
        finally:
            _leave(client, ours)


def _practice(steps: Steps, invoices: list[str], size: int, fault: str) -> PracticeView:
    practice = steps.call(
        "practice",
        "准备练习环境 · making the practice world",
        lambda: steps.client.practice_start(invoices=invoices, size=size, fault=fault),
    )
    inside = practice.seconds
    steps.seconds["sample"] = inside.get("sample", 0.0)
    steps.seconds["import"] = round(inside.get("import", 0.0) + inside.get("read", 0.0), 3)
    steps.seconds["practice"] = round(
        max(0.0, steps.seconds["practice"] - steps.seconds["sample"] - steps.seconds["import"]), 3
    )
    steps.told(
        "practice", f"练习环境：{practice.taxpayer_name} · 机器编号 {practice.device_number}（模拟设备 simulated）"
    )
    for file in practice.imports:
        count = file.count or len(file.invoices)
        steps.say(f"✓ 导入 {file.file}: {count} 张（{file.status}）")
        for line in finding_lines(file.findings[:5]):
            steps.say(line)
    _apart(steps)
    return practice


def _apart(steps: Steps) -> None:
    """What is in the ledger and in no clear: fully digital invoices, and those whose card is not known."""
    census = steps.client.census()
    if digital := census["fully_digital"]["count"]:
        steps.say(f"· 其中数电票 {digital} 张：不用清卡，单独列出 · fully digital, apart: {digital}")
    if unknown := census["card_unknown"]["count"]:
        steps.say(f"· 其中 {unknown} 张不知道是哪台设备开的，单独计数 · device unknown, apart: {unknown}")


def _clear(steps: Steps, practice: PracticeView) -> RunView:
    from fapiao_kernel.cli.walk import to_preview
    from fapiao_kernel.cli.words import VERDICT_ZH

    client = steps.client
    view = steps.call("open", "打开清卡", lambda: client.open_run(practice.card))
    view = to_preview(steps, view, pin=lambda: practice.pin, file_return=lambda run: client.file_return(run.id))
    if view.preview is None:
        return view
    typed = view.preview
    with steps.timed("confirm"):
        for warning in view.warnings:
            client.accept(view.id, warning.code, ACCEPTED)
            steps.say(f"! 提醒已承担 warning taken on: {warning.message}")
        confirmed = client.confirm(view.id, typed.revision, typed.confirm_device, typed.confirm_period)
    steps.told("confirm", f"已确认：机器编号后四位 {typed.confirm_device}，征期 {typed.confirm_period}")
    view = steps.act(
        "execute", "清卡", lambda: client.execute(view.id, confirmed.revision, confirmed.token, practice.pin)
    )
    if view.state == "outcome_unknown":
        steps.say("? 结果未知：读取设备 · outcome unknown: reading the device back")
        view = steps.act("read_back", "读取设备", lambda: client.read_back(view.id))
    concluding = round(sum(view.seconds.get(name, 0.0) for name in CONCLUDING), 3)
    steps.seconds["execute"] = round(max(0.0, steps.seconds["execute"] - concluding), 3)
    steps.seconds["conclude"] = concluding
    steps.told("execute", f"清卡：{VERDICT_ZH.get(view.verdict, view.verdict)}")
    if view.state != "outcome_unknown" and view.steps["close"] != "done":
        view = steps.act("conclude", "核验与收尾", lambda: client.conclude(view.id))
    if view.record:
        steps.told("conclude", "已核验，已出清卡记录，已再次备份")
    return view


def _end(steps: Steps, view: RunView, home: Path) -> None:
    from fapiao_kernel.cli.words import VERDICT_CODES, next_lines, outcome_lines, outcome_units, proof_lines

    for line in [*outcome_lines(view), *proof_lines(view), *next_lines(view.verdict, f" --home {home}")]:
        steps.say(line)
    steps.say(f"状态 home: {home}")
    for line in finding_lines(view.findings):
        steps.say(line)
    value: dict[str, Any] = {
        "verdict": view.verdict,
        "units": outcome_units(view),
        "invoices": _counted(view, "count", 0),
        "amounts": _counted(view, "total", "0.00"),
        "record": view.record,
        "bundle": view.bundle,
        "backups": view.backups[-1].copies if view.backups else [],
        "home": str(home),
        "seconds": steps.seconds,
    }
    raise Done(value, VERDICT_CODES.get(view.verdict, 1))


def _counted(view: RunView, field: str, nothing: object) -> dict[str, Any]:
    before, after = view.census_before or {}, view.census_after or view.census_before or {}
    return {
        f"{name}_{when}": census.get(name, {}).get(field, nothing)
        for name in ("open", "cleared", "all")
        for when, census in (("before", before), ("after", after))
    }


def _leave(client: Client, ours: bool) -> None:
    """End what the demo started; the state stays where it is."""
    from fapiao_kernel.cli.agent import end
    from fapiao_kernel.client import RequestError

    if not ours:
        return
    try:
        end(client)
    except RequestError as error:
        say(f"! {error.sentence}", as_json=True)


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("demo")(demo)
