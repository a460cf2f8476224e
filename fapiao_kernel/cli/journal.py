"""``fapiao journal verify``: needs no agent."""

from __future__ import annotations

import typer

from fapiao_kernel.cli.output import Done, HomeOption, Json, say, verb


@verb
def check(home: HomeOption = None, as_json: Json = False) -> None:
    """核对操作日志的完整性（不需要后台程序）· Verify the journal's chain; needs no agent."""
    from fapiao_kernel.client.place import home_folder
    from fapiao_kernel.domain.home import Home
    from fapiao_kernel.domain.plain import plain
    from fapiao_kernel.records.journal.verify import verify

    found = verify(Home(home_folder(home)).journal)
    value = {"ok": found.ok, "records": found.records, "first_bad": plain(found.first_bad)}
    bad = value["first_bad"]
    say(
        f"✓ 完整 whole: {found.records}" if found.ok else f"✗ {bad['file']}:{bad['line']} {bad['reason']}",
        as_json=as_json,
    )
    raise Done(value, 0 if found.ok else 1)


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    group = typer.Typer(help="操作日志 · The journal.", no_args_is_help=True, rich_markup_mode=None)
    group.command("verify")(check)
    app.add_typer(group, name="journal")
