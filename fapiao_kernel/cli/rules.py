"""``fapiao devices install-rules``: let the person at the machine use its devices (udev, Linux). Needs no agent and no home."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from fapiao_kernel.cli.output import Done, Json, say, verb


@verb
def install_rules(
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", metavar="FOLDER", help="规则放在哪个文件夹（默认 /etc/udev/rules.d）· where the rule goes"
        ),
    ] = None,
    only_print: Annotated[bool, typer.Option("--print", help="只输出，不写文件 · print it, write nothing")] = False,
    as_json: Json = False,
) -> None:
    """Linux：让登录的用户不用管理员权限也能打开设备 · Linux: let whoever is logged in open the devices without being administrator.

    写一个 udev 规则文件，要管理员权限；原来不同的文件留一份 .bak。写完重新插一次设备。Windows 和 macOS 不需要。
    Writes one udev rule, which takes an administrator; another one in its place is kept as .bak. Plug the device in anew afterwards.
    Windows and macOS need none.

    例 Examples: sudo fapiao devices install-rules · fapiao devices install-rules --print
    """
    from fapiao_kernel.client import RequestError
    from fapiao_kernel.devices.rules import RULE_FOLDER, install, rule

    if only_print:
        if not as_json:
            print(rule(), end="")
        raise Done({"file": "", "rule": rule(), "written": False, "kept": "", "commands": []})
    if not sys.platform.startswith("linux"):
        say(RequestError.of("rules_not_needed", system=sys.platform).sentence, as_json=as_json)
        raise Done({"file": "", "rule": "", "written": False, "kept": "", "commands": []})
    done = install(to.absolute() if to is not None else RULE_FOLDER)
    say(f"{done.path} · {'已写 written' if done.changed else '本来就有 there already'}", as_json=as_json)
    if done.kept is not None:
        say(f"  原来的 the one before: {done.kept}", as_json=as_json)
    for command in done.commands:
        say(f"  还要运行 run this too: sudo {command}", as_json=as_json)
    say("重新插一次设备 plug the device in anew", as_json=as_json)
    kept = str(done.kept) if done.kept is not None else ""
    commands = list(done.commands)
    raise Done({"file": str(done.path), "rule": rule(), "written": done.changed, "kept": kept, "commands": commands})
