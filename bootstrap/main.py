"""The verbs of start.py: ``lab``, ``demo`` and every other verb go to ``fapiao``, ``test`` runs every check."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bootstrap import checks, environment, hardware
from bootstrap.say import Trouble, say

ROOT = Path(__file__).resolve().parent.parent

HELP = """\
fapiao-kernel · 清卡向导

  python3 start.py lab     打开 JupyterLab 里的清卡向导（没有设备也可以先用模拟卡走一遍）
                           open the guided notebooks in JupyterLab, with a simulated card
  python3 start.py demo    不开浏览器，把同一次清卡在命令行里走完
                           the same clear without a browser   [--json] [--invoices PATH...] [--home DIR] [--size N]
  python3 start.py test    运行全部检查和测试
                           every check and every test         [pytest arguments]
  python3 start.py test --hardware-lab
                           不用真实设备，测到操作系统的 USB、串口和 PC/SC 层（Debian 上以 root 运行）
                           USB, serial and PC/SC down to the kernel, without hardware (Debian, as root)

其他命令原样交给 fapiao，例如：  any other verb goes to fapiao, for example:
  python3 start.py status | import FILE... | doctor | agent stop | --version
  python3 start.py fapiao --help      列出全部命令  lists them all

第一次运行会在 .venv 里安装所需的包（约一分钟），以后直接启动。
The first call installs what is needed into .venv (about a minute); later calls start at once.
"""

# The console script's own work, without its shebang: a checkout may have been moved. -P: the current folder is the user's.
FAPIAO = "import sys; from fapiao_kernel.cli.main import main; sys.argv[0] = 'fapiao'; sys.exit(main())"


def main(arguments: Sequence[str]) -> int:
    """Run one verb; returns the exit code where the process is not replaced by the verb's own."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(HELP, end="")
        return 0
    verb, rest = arguments[0], list(arguments[1:])
    try:
        python = environment.ready(ROOT)
        if verb == "test":
            if hardware.OPTION in rest:
                return hardware.run(ROOT, python, [each for each in rest if each != hardware.OPTION])
            return checks.run(ROOT, python, rest)
        return become([str(python), "-P", "-c", FAPIAO, *(rest if verb == "fapiao" else [verb, *rest])])
    except Trouble as trouble:
        say(trouble.zh)
        say(trouble.en)
        return trouble.exit_code
    except KeyboardInterrupt:
        say("已中断。", "Interrupted.")
        return 130


def become(command: list[str]) -> int:
    """Replace this process by the command; where a system cannot (Windows), wait for it and give its exit code."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name != "nt":
        os.execv(command[0], command)
    child = subprocess.Popen(command)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:  # Ctrl-C reaches the child too, which ends in its own way
            continue
