"""``fapiao plugins``: what is installed, and what a production home loads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fapiao_kernel.cli.output import Done, HomeOption, Json, finding_lines, say, verb

if TYPE_CHECKING:
    from fapiao_kernel.api.plugins import PackageView, PluginsView

HELP = """插件：装了哪些，正式环境允许哪些 · Plugins: what is installed, and what a production home loads.

正式环境只载入本程序自己的插件和你允许的版本；换了版本或文件就不再载入，要重新允许。练习环境都载入，好让人试用。
· A production home loads our own plugins and the versions that you allow, and stops at a changed one; practice loads all.
"""

Name = Annotated[str, typer.Argument(metavar="NAME", help="插件包的名称 · name of the distribution, as pip shows it")]


@verb
def every(home: HomeOption = None, as_json: Json = False) -> None:
    """装了哪些插件包 · Which distributions with plugins are installed.

    每个包给出版本和文件清单（RECORD）的 SHA-256 · Each with its version and the SHA-256 of its list of files (RECORD).
    """
    from fapiao_kernel.client import connect

    with connect(home) as client:
        _told(client.plugins(), as_json)


@verb
def allow(name: Name, home: HomeOption = None, as_json: Json = False) -> None:
    """允许现在装的这个版本 · Let a production home load the version that is installed now.

    先核实来源：插件能看到设备和口令。可编辑安装没有文件清单可对，不能允许。
    Make sure of its source first: a plugin sees devices and PINs. An editable installation has no list of files, and cannot be allowed.

    例 Example: fapiao plugins allow acme-fapiao-driver
    """
    from fapiao_kernel.client import connect

    with connect(home) as client:
        _told(client.allow_plugin(name), as_json)


@verb
def forbid(name: Name, home: HomeOption = None, as_json: Json = False) -> None:
    """不再允许 · Let no version of it in any more. 正在清卡时用着的不能停用 · refused while an open clear uses it."""
    from fapiao_kernel.client import connect

    with connect(home) as client:
        _told(client.forbid_plugin(name), as_json)


def _told(found: PluginsView, as_json: bool) -> None:
    for package in found.packages:
        say(f"{package.name} {package.version} · {_standing(package, found.production)}", as_json=as_json)
        if not package.ours:
            say(f"  RECORD SHA-256 {package.sha256 or '—'}", as_json=as_json)
        for entry in package.entries:
            say(f"  {'✓' if entry.loaded else '✗'} {entry.group}:{entry.id} · {entry.value}", as_json=as_json)
    for line in finding_lines(found.findings):
        say(line, as_json=as_json)
    raise Done(found.model_dump())


def _standing(package: PackageView, production: bool) -> str:
    if package.ours:
        return "本程序自带 ours"
    if package.allowed:
        return "已允许 allowed"
    if package.allowed_version:
        return f"变了，允许的是 changed, allowed is {package.allowed_version}"
    return (
        "没有允许 not allowed"
        if production
        else "没有允许，练习时也载入 not allowed; loaded while this is no production home"
    )


def register(app: typer.Typer) -> None:
    """Add the verbs to the command line."""
    group = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode=None)
    for name, function in (("list", every), ("allow", allow), ("forbid", forbid)):
        group.command(name)(function)
    app.add_typer(group, name="plugins")
