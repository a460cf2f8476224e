"""Start JupyterLab on the guided notebooks (打开界面), with a simulated card where the home has none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from fapiao_kernel.client import RequestError, connect
from fapiao_kernel.domain.errors import english
from fapiao_kernel.domain.home import Home
from fapiao_kernel.jupyter.notebooks import bring, shipped

PORT = 8888


def default_home() -> Path:
    """The home that ``lab`` uses when none is named: a practice home of its own, apart from any real one."""
    named = os.environ.get("FAPIAO_HOME")
    if named:
        return Path(named).expanduser().absolute()
    import platformdirs  # only a caller who names no home needs it

    return platformdirs.user_data_path("fapiao-kernel", appauthor=False) / "practice"


def launch(
    home: Path | str | None = None,
    port: int = PORT,
    open_browser: bool = True,
    extra: Sequence[str] = (),
    *,
    practice: bool = True,
) -> int:
    """Run JupyterLab until it ends; its exit code. ``extra``: further arguments for Jupyter.

    Jupyter's token stays on: the address it prints carries it. With ``practice``, a home without any card gets the practice world.
    """
    place = Home(Path(home).expanduser().absolute() if home is not None else default_home())
    copied = bring(shipped(), place.notebooks)
    _tell(f"状态目录：{place.root}", f"State lies in {place.root}")
    for name in copied.kept:
        _tell(f"您改过的笔记本保留原样：{name}", f"Kept as you changed it: {name}")
    if practice:
        _make_practice(place.root)
    if _root():
        _tell("注意：正以 root 身份运行。", "Note: running as root.")
    _tell("正在启动 JupyterLab，按 Ctrl+C 结束。", "Starting JupyterLab; Ctrl+C ends it.")
    process = subprocess.Popen(command(place, port, open_browser, extra), env=environment(place), cwd=place.notebooks)
    return _wait(process)


def command(home: Home, port: int, open_browser: bool, extra: Sequence[str]) -> list[str]:
    """The command line of JupyterLab: our notebooks as its root, no news, no terminals, no extension shop."""
    return [
        sys.executable,
        "-P",
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={home.notebooks}",
        f"--ServerApp.port={port}",
        "--ServerApp.terminals_enabled=False",
        "--LabApp.default_url=/lab/tree/start.ipynb",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        "--MultiKernelManager.default_kernel_name=fapiao",
        *([] if open_browser else ["--no-browser"]),
        *(["--allow-root"] if _root() else []),
        *extra,
    ]


def _root() -> bool:
    """Whether the superuser runs us: Jupyter wants that said aloud (a fresh virtual machine often has no other user)."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def environment(home: Home) -> dict[str, str]:
    """The environment: the home, and Lab's own memory (open tabs, settings) kept in it, so that homes do not mix."""
    own = home.root / "jupyter"
    return {
        **os.environ,
        "FAPIAO_HOME": str(home.root),
        "JUPYTERLAB_SETTINGS_DIR": str(own / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(own / "workspaces"),
    }


def _make_practice(home: Path) -> None:
    """A fresh home gets its simulated card now; a real one is left as it is; trouble is said and does not stop the Lab."""
    try:
        client = connect(home)
        if any(not card.simulated for card in client.status().cards):
            return
        world = client.practice_start()
    except RequestError as error:
        _tell(f"练习环境没有备好：{error.sentence}", f"No practice world: {error.sentence}")
        return
    _tell(
        f"模拟税控盘已备好：{world.taxpayer_name}，机器编号 {world.device_number}",
        f"The simulated card is ready: {world.taxpayer_name}, device {world.device_number}",
    )


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Wait; Ctrl+C is Jupyter's to answer (it asks whether it is meant), a request to end is handed on to it."""
    main = threading.current_thread() is threading.main_thread()
    old = signal.signal(signal.SIGTERM, lambda *_: process.terminate()) if main else None
    try:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue
    finally:
        if main:
            signal.signal(signal.SIGTERM, old)


def _tell(zh: str, en: str) -> None:
    print(en if english() else zh, flush=True)
