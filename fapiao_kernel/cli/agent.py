"""``fapiao agent start|stop|run|openapi``: the background process itself."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import typer

from fapiao_kernel.cli.output import Done, HomeOption, Json, say, verb

if TYPE_CHECKING:
    from fapiao_kernel.client import Client

PATIENCE = 120.0
"""Seconds to wait for an agent that was told to stop: an act under way on a card is brought to its end first."""


@verb
def start(home: HomeOption = None, as_json: Json = False) -> None:
    """启动后台程序（已在运行则直接返回）· Start the agent, or find the one that runs."""
    from fapiao_kernel.client import connect

    with connect(home) as client:
        version = client.health()["version"]
        say(f"后台程序运行中 running: {client.url} · pid {client.pid} · {client.home}", as_json=as_json)
        value = {"url": client.url, "pid": client.pid, "version": version, "home": str(client.home)}
    raise Done(value)


@verb
def stop(home: HomeOption = None, as_json: Json = False) -> None:
    """停止后台程序（没有运行也算完成）· Stop the agent; done also when none runs."""
    from fapiao_kernel.client import RequestError, connect

    try:
        client = connect(home, start=False)
    except RequestError as error:
        if error.code != "agent_not_running":
            raise
        say("后台程序没有运行 none runs", as_json=as_json)
        raise Done({"stopped": False, "running": False}) from None
    with client:
        ended = end(client)
    say("后台程序已停止 stopped" if ended else "后台程序仍在结束当前操作 still finishing", as_json=as_json)
    raise Done({"stopped": ended, "running": not ended}, 0 if ended else 5)


def end(client: Client) -> bool:
    """Ask the agent to stop and wait until it is gone; False when it still works after ``PATIENCE``."""
    from fapiao_kernel.domain.home import Home

    boot_id, file = client.boot_id, Home(client.home).agent
    client.stop()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if json.loads(file.read_text(encoding="utf-8")).get("boot_id") != boot_id:
                return True
        except (OSError, ValueError):
            return True
        time.sleep(0.02)  # the file's going is the agent's last act; there is no event across processes for it
    return False


@verb
def run(home: HomeOption = None, as_json: Json = False) -> None:
    """在前台运行后台程序 · Run the agent in this terminal, until it is stopped."""
    from fapiao_kernel.client import home_folder

    command = [sys.executable, "-P", "-m", "fapiao_kernel.agent", "--home", str(home_folder(home))]
    raise typer.Exit(subprocess.run(command, check=False).returncode)


@verb
def openapi(home: HomeOption = None, as_json: Json = False) -> None:
    """输出接口文档（OpenAPI JSON）· Print the API's document."""
    code = "import json, sys; from fapiao_kernel.agent.app import document; json.dump(document(), sys.stdout, ensure_ascii=False)"
    done = subprocess.run([sys.executable, "-P", "-c", code], check=True, stdout=subprocess.PIPE, encoding="utf-8")
    document = json.loads(done.stdout)
    if not as_json:
        print(json.dumps(document, ensure_ascii=False, indent=1))
    raise Done(document)


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    group = typer.Typer(help="后台程序 · The background process.", no_args_is_help=True, rich_markup_mode=None)
    for name, function in (("start", start), ("stop", stop), ("run", run), ("openapi", openapi)):
        group.command(name)(function)
    app.add_typer(group, name="agent")
