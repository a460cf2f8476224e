"""``fapiao backup``: a backup outside any run."""

from __future__ import annotations

import typer

from fapiao_kernel.cli.output import Done, HomeOption, Json, say, verb


@verb
def backup(home: HomeOption = None, as_json: Json = False) -> None:
    """备份到两个文件夹，加密并读回 · Back up to two folders, encrypted and read back."""
    from fapiao_kernel.client import connect

    with connect(home) as client:
        made = client.make_backup()
        secret = client.recovery_key()
    for copy in made["copies"]:
        say(f"✓ {copy}（{made['size']:,} bytes）", as_json=as_json)
    if secret:
        say(
            "恢复密钥，只显示这一次，请打印并锁好 · recovery key, shown only this once, print it and lock it away:",
            as_json=True,
        )
        say(secret, as_json=True)
    raise Done({"backup": made}, 0 if made["proven"] else 1)


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("backup")(backup)
