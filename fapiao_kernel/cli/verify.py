"""``fapiao verify bundle``: needs no agent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fapiao_kernel.cli.output import Done, HomeOption, Json, finding_lines, say, verb


@verb
def bundle(
    file: Annotated[Path, typer.Argument(help="证据包 · the evidence bundle (zip)")],
    key: Annotated[
        str,
        typer.Option(
            "--key", help="签名密钥应有的指纹（64 位十六进制）· the fingerprint that the signing key must have"
        ),
    ] = "",
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """核对证据包（离线，不需要后台程序）· Verify an evidence bundle: offline, needs no agent."""
    from fapiao_kernel.domain.errors import UsageError
    from fapiao_kernel.domain.plain import plain
    from fapiao_kernel.records.proof.signature import ungrouped
    from fapiao_kernel.records.proof.verify import verify_bundle

    mark = ungrouped(key)
    if key and not mark:
        raise UsageError("bundle_key_malformed", given=key)
    found = verify_bundle(file.expanduser().absolute(), mark)
    say("✓ 相符 ok" if found.ok else "✗ 不相符 not ok", as_json=as_json)
    for line in [*finding_lines(found.findings), *(f"  ? {text}" for text in found.not_known)]:
        say(line, as_json=as_json)
    value = {"ok": found.ok, "findings": plain(found.findings), "not_known": plain(found.not_known)}
    raise Done(value, 0 if found.ok else 1)


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    group = typer.Typer(help="核对 · Verify what was handed over.", no_args_is_help=True, rich_markup_mode=None)
    group.command("bundle")(bundle)
    app.add_typer(group, name="verify")
