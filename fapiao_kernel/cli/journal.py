"""``fapiao journal verify`` and ``fapiao journal search``: both need no agent."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Any

import typer

from fapiao_kernel.cli.output import Done, HomeOption, Json, say, verb

_SHOWN = 160
"""Characters of a record's data on the screen; ``--json`` has them whole."""


@verb
def check(
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--key", help="本单位签名密钥的指纹（可多个）· the fingerprint of a key that is ours", show_default=False
        ),
    ] = None,
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """核对操作日志的完整性和月度签名（不需要后台程序）· Verify the journal's chain and its signed heads; needs no agent."""
    from fapiao_kernel.client.place import home_folder
    from fapiao_kernel.domain.errors import UsageError
    from fapiao_kernel.domain.home import Home
    from fapiao_kernel.domain.plain import plain
    from fapiao_kernel.records.journal.verify import verify
    from fapiao_kernel.records.proof.signature import ungrouped

    for one in key or ():
        if not ungrouped(one):
            raise UsageError("bundle_key_malformed", given=one)
    found = verify(Home(home_folder(home)).journal, tuple(ungrouped(one) for one in key or ()))
    value = {"ok": found.ok, "records": found.records, "first_bad": plain(found.first_bad)}
    bad = value["first_bad"]
    say(
        f"✓ 现有记录首尾相连 these records chain: {found.records}"
        if found.ok
        else f"✗ {bad['file']}:{bad['line']} {bad['reason']}",
        as_json=as_json,
    )
    if found.signed:
        say(f"  月度签名 signed: {', '.join(found.signed)}", as_json=as_json)
    for unknown in found.not_known:
        say(f"  ? 不能判断 not known: {unknown}", as_json=as_json)
    raise Done(value, 0 if found.ok else 1)


@verb
def find(
    text: Annotated[str, typer.Argument(help="要找的文字 · text to look for")] = "",
    kind: Annotated[str, typer.Option("--kind", help="记录种类 · kind of record, such as unit or unit.sent")] = "",
    run: Annotated[str, typer.Option("--run", help="某一次清卡 · records of one run")] = "",
    since: Annotated[str, typer.Option("--since", help="从哪一天 · from this day, YYYY-MM-DD")] = "",
    until: Annotated[str, typer.Option("--until", help="到哪一天 · to this day, YYYY-MM-DD")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="最多显示几条 · records shown at most")] = 100,
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """在操作日志中查找，新的在前（不需要后台程序）· Search the journal, newest first; needs no agent."""
    from fapiao_kernel.client.place import home_folder
    from fapiao_kernel.domain.home import Home
    from fapiao_kernel.records.journal.search import search

    days = {"since": _day(since), "until": _day(until)}
    found = search(Home(home_folder(home)).journal, text, kind=kind, run=run, limit=limit, **days)
    for record in found.records:
        say(_line(record), as_json=as_json)
    if not found.records:
        say("没有找到 nothing found", as_json=as_json)
    if found.more:
        say(f"… 还有 {found.more} 条 more（--limit）", as_json=as_json)
    if found.torn:
        say(f"! 最后一行没有写完，未查 last line torn, not searched: {found.torn}", as_json=as_json)
    raise Done({"records": found.records, "more": found.more, "torn": found.torn or None})


def _day(text: str) -> date | None:
    from fapiao_kernel.domain.errors import UsageError

    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UsageError("journal_day_wrong", day=text) from None


def _line(record: dict[str, Any]) -> str:
    data = json.dumps(record["data"], ensure_ascii=False)
    data = data if len(data) <= _SHOWN else data[:_SHOWN] + "…"
    return "  ".join(
        part
        for part in (str(record["seq"]), record["time"], record["kind"], record["run"], record["who"], data)
        if part
    )


def register(app: typer.Typer) -> None:
    """Add the verbs to the command line."""
    group = typer.Typer(help="操作日志 · The journal.", no_args_is_help=True, rich_markup_mode=None)
    group.command("verify")(check)
    group.command("search")(find)
    app.add_typer(group, name="journal")
