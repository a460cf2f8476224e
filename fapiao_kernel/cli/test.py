"""``fapiao test``: every check and every test, which come with the checkout."""

from __future__ import annotations

from pathlib import Path

import typer

from fapiao_kernel.cli.output import Done, Json, verb

START = "start.py"


@verb
def test(context: typer.Context, as_json: Json = False) -> None:
    """运行全部检查和测试（在源码目录里）· Run every check and test (in the checkout). 其余参数交给 pytest · others go to pytest.

    --hardware-lab：不用真实设备，只测操作系统的 USB、串口和 PC/SC 层 · the USB, serial and PC/SC layers alone, down to the kernel.
    """
    import subprocess
    import sys

    from fapiao_kernel.client import RequestError

    checkout = find_checkout(Path.cwd())
    if checkout is None:
        raise RequestError.of("tests_not_here", exit_code=2, folder=Path.cwd())
    command = [sys.executable, START, "test", *context.args]
    code = subprocess.run(command, cwd=checkout, check=False, stdout=sys.stderr if as_json else None).returncode
    raise Done({"exit_code": code}, code)


def find_checkout(folder: Path) -> Path | None:
    """The checkout that the folder lies in; None outside one (an installation has no tests)."""
    for place in (folder, *folder.parents):
        project = place / "pyproject.toml"
        if (place / START).is_file() and project.is_file() and 'name = "fapiao-kernel"' in project.read_text("utf-8"):
            return place
    return None


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    settings = {"allow_extra_args": True, "ignore_unknown_options": True}
    app.command("test", context_settings=settings)(test)
