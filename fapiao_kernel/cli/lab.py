"""``fapiao lab``: JupyterLab on the guided notebooks."""

from __future__ import annotations

from typing import Annotated

import typer

from fapiao_kernel.cli.output import Done, HomeOption, Json, verb


@verb
def lab(
    context: typer.Context,
    home: HomeOption = None,
    port: Annotated[int | None, typer.Option("--port", help="端口 · port")] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="打开浏览器 · open a browser")] = True,
    as_json: Json = False,
) -> None:
    """打开引导笔记本（JupyterLab）· Open the guided notebooks. 其余参数交给 JupyterLab · other options go to JupyterLab."""
    import contextlib
    import sys

    from fapiao_kernel.jupyter.lab import PORT, launch

    with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
        code = launch(home, PORT if port is None else port, browser, list(context.args))
    raise Done({"exit_code": code}, code)


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    settings = {"allow_extra_args": True, "ignore_unknown_options": True}
    app.command("lab", context_settings=settings)(lab)
