"""``fapiao doctor``: what is wrong with this installation and home."""

from __future__ import annotations

import typer

from fapiao_kernel.cli.output import Done, HomeOption, Json, finding_lines, say, verb


@verb
def doctor(home: HomeOption = None, as_json: Json = False) -> None:
    """体检：插件、日志、磁盘、版本 · Check plugins, journal, disk, versions."""
    from fapiao_kernel.api.shapes import FindingView
    from fapiao_kernel.client import connect

    with connect(home) as client:
        told = client.doctor()
    for found in map(FindingView.model_validate, told["findings"]):
        for line in (*finding_lines([found]), *([f"    {found.evidence}"] if found.evidence else [])):
            say(line, as_json=as_json)
    for group, ids in told["plugins"].items():
        say(f"  {group}: {', '.join(ids) or '—'}", as_json=as_json)
    for allowed in told["allowed"]:
        say(f"  允许 allowed: {allowed['name']} {allowed['version']}", as_json=as_json)
    bad = any(f["severity"] in ("warning", "blocker", "unknown") for f in told["findings"])
    raise Done(told, 1 if bad else 0)


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("doctor")(doctor)
