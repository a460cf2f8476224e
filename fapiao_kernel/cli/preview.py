"""``fapiao preview``: as far as the frozen preview."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fapiao_kernel.cli.output import CardOption, Done, HomeOption, Json, finding_lines, say, verb
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
    from fapiao_kernel.api.runs import RunView
    from fapiao_kernel.client import RequestError

PinOption = Annotated[bool, typer.Option("--pin-stdin", help="从标准输入读设备口令 · read the PIN from stdin")]


@verb
def preview(
    card: CardOption = None,
    report: Annotated[
        bool, typer.Option("--report", help="需要时抄报（会改变设备）· report if needed; this changes the device")
    ] = False,
    preset: PresetOption = "",
    kinds: KindsOption = "",
    types: TypesOption = "",
    periods: PeriodsOption = "",
    first_day: FromOption = "",
    last_day: ToOption = "",
    invoice: InvoiceOption = None,
    whole: WholeOption = False,
    pin_stdin: PinOption = False,
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """检查、备份并冻结预览 · Check, back up, and freeze the preview that a clear will name.

    已经开始的清卡接着走；选择只在新开一次时有用（先用 fapiao select 看会清什么）。
    An open clear goes on; a selection counts only for a new one (fapiao select shows what it comes to).

    例 Examples: fapiao preview · fapiao preview --preset last_month --kinds ordinary --whole --report
    """
    from fapiao_kernel.cli.choose import card_of, open_runs
    from fapiao_kernel.cli.follow import Steps
    from fapiao_kernel.cli.walk import to_preview
    from fapiao_kernel.client import RequestError, connect

    with connect(home) as client:
        address = card_of(client, card)
        steps = Steps(client, as_json=as_json)
        known = open_runs(client, address)
        wanted = asked(preset, kinds, types, periods, first_day, last_day, invoice, whole=whole)
        if known and wanted and known[-1].verdict != "unknown":  # that one ends below, as unknown
            raise RequestError.of("run_open", exit_code=3, run=known[-1].id)
        begin = partial(client.open_run, address, **wanted)
        view = client.run(known[-1].id) if known else steps.call("open", "打开清卡", begin)
        view = to_preview(steps, view, pin=pin(pin_stdin) if report else None, again=True)
    if view.preview is None:
        waits = _waits_for(view)
        if waits is not None:
            raise waits
    _tell(view, as_json)


def pin(from_stdin: bool) -> Callable[[], str]:
    """How the PIN is asked for: never as an argument, which other processes could read. Where nobody can type one it is empty,
    and that is never shown to a card (``pin_missing``)."""

    def ask() -> str:
        if from_stdin:
            import sys

            return sys.stdin.readline().rstrip("\r\n")
        import getpass
        import warnings

        with warnings.catch_warnings():
            # Without a terminal ``getpass`` warns and takes the next line of stdin, whatever that was meant for.
            warnings.simplefilter("error", getpass.GetPassWarning)
            try:
                return getpass.getpass("设备口令 PIN: ")
            except (EOFError, getpass.GetPassWarning):
                return ""

    return ask


def _waits_for(view: RunView) -> RequestError | None:
    from fapiao_kernel.client import RequestError

    return RequestError.of("waits_for_report", exit_code=3) if view.state in ("backed_up", "summarised") else None


def _tell(view: RunView, as_json: bool) -> None:
    from fapiao_kernel.cli.differing import difference_line
    from fapiao_kernel.cli.words import finding_objects

    frozen = view.preview
    gates = [gate.finding for gate in frozen.gates if gate.finding.severity not in ("ok", "info")] if frozen else []
    findings = [*view.findings, *gates, *(frozen.findings if frozen else ())]
    units: list[dict[str, Any]] = []
    if frozen is not None:
        say(f"预览 revision {frozen.revision}", as_json=as_json)
        if view.state in ("previewed", "awaiting", "confirmed"):
            typed = f"{frozen.confirm_device}, {frozen.confirm_period}"
            say(f'  确认时输入 to confirm: --confirm "{typed}"', as_json=as_json)
        for unit in frozen.units:
            say(f"  {unit.name} {unit.period}: {unit.count} 张 · {unit.total} 元 · {unit.digest}", as_json=as_json)
            units.append({key: getattr(unit, key) for key in ("invoice_type", "period", "count", "total", "digest")})
        for entry in [] if as_json else frozen.differences:
            say(difference_line(entry))
    for line in finding_lines(findings):
        say(line, as_json=as_json)
    for warning in view.warnings:
        say(f'  承担后才能确认 take it on first: fapiao accept {warning.code} --reason "…"', as_json=as_json)
    held = any(f.severity in ("blocker", "unknown") for f in findings)
    value = {
        "revision": frozen.revision if frozen else "",
        "units": units,
        "verdict": "clearable" if frozen and not held else "blocked",
        "findings": finding_objects(findings),
    }
    if view.verdict == "unknown":
        say("结果未知，先看设备 outcome unknown, look at the device: fapiao recover", as_json=as_json)
        raise Done(value, 4)
    raise Done(value, 3 if frozen is None else 1 if held else 0)


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("preview")(preview)
