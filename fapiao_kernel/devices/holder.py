"""Who has a device (占用者) when it is not one of us: the system's own tables, read without asking or touching the device.

Linux alone tells this; elsewhere the answer is that it is not known. Program names carry no arguments: those may hold secrets.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

PROC = Path("/proc")
UUCP_FOLDERS = (Path("/var/lock"), Path("/run/lock"), Path("/var/spool/lock"))
"""Where programs that know no ``flock`` put ``LCK..ttyUSB0`` (Filesystem Hierarchy Standard 3.0, 5.9)."""

_PYTHON = re.compile(r"pythonw?[\d.]*(\.exe)?")
_VALUE_OPTIONS = frozenset({"-W", "-X", "--check-hash-based-pycs"})


@dataclass(frozen=True)
class Owner:
    """A process that has a device: its number, its program's name, and since when (ISO 8601, UTC; empty: not known)."""

    pid: int
    program: str
    since: str = ""


def program(argv: Sequence[str]) -> str:
    """What a command line runs, by name alone: ``fapiao agent``, ``pytest``, ``minicom``. Never an argument of it."""
    if not argv or not argv[0]:
        return "?"
    name = _name(argv[0])
    if not _PYTHON.fullmatch(name):
        return name
    rest = iter(argv[1:])
    for word in rest:
        if word in _VALUE_OPTIONS:
            next(rest, None)
        elif word == "-m":
            return _module(next(rest, "?"))
        elif not word.startswith("-"):
            path = PurePath(word)
            return _module(".".join(path.parent.parts[-2:])) if path.name == "__main__.py" else _name(word)
        elif word.startswith("-c"):
            break
    return name


def _name(path: str) -> str:
    return re.split(r"[\\/]", path)[-1] or "?"


def _module(name: str) -> str:
    """``fapiao_kernel.agent`` is ``fapiao agent`` to people."""
    return re.sub(r"^.*fapiao_kernel\.", "fapiao ", name).replace(".__main__", "").replace(".", " ")


def alive(pid: int) -> bool:
    """Whether a process of this number runs. Without that, a device would stay busy with a program that was killed."""
    if _tells():
        return (PROC / str(pid)).exists()
    if sys.platform == "win32":
        return _alive_on_windows(pid)
    try:
        os.kill(pid, 0)  # no signal, but the check of one
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # another user's
    return True


def _alive_on_windows(pid: int) -> bool:
    """``os.kill`` with 0 would be Ctrl-C there."""
    kernel: Any = getattr(ctypes, "windll").kernel32  # noqa: B009 - typed as absent elsewhere
    synchronize, denied, signalled = 0x0010_0000, 5, 0
    handle = kernel.OpenProcess(synchronize, False, pid & 0xFFFF_FFFF)
    if not handle:
        return bool(kernel.GetLastError() == denied)
    try:
        return int(kernel.WaitForSingleObject(handle, 0)) != signalled
    finally:
        kernel.CloseHandle(handle)


def _tells() -> bool:
    return (PROC / "self").exists()


def holder(path: str) -> Owner | None:
    """The process, other than this one, that has the device node ``path`` locked or open. None: nobody, or not to be seen."""
    if not _tells():
        return None
    node = os.path.realpath(path)
    for pid in (*_flocks(node), *_uucp(node), *_opened(node)):
        if pid != os.getpid() and alive(pid):
            return Owner(pid, _told(pid))
    return None


def _told(pid: int) -> str:
    with suppress(OSError):  # another user's process may hide its command line, or just have ended
        argv = os.fsdecode((PROC / str(pid) / "cmdline").read_bytes()).split("\0")
        if argv[0]:
            return program(argv)
    with suppress(OSError):
        return (PROC / str(pid) / "comm").read_text(errors="replace").strip()
    return "?"


def _flocks(node: str) -> Iterator[int]:
    """Holders of a ``flock`` on the node, of whatever user (proc(5), ``/proc/locks``)."""
    with suppress(OSError):
        stat = os.stat(node)
        key = f"{os.major(stat.st_dev):02x}:{os.minor(stat.st_dev):02x}:{stat.st_ino}"
        for line in (PROC / "locks").read_text().splitlines():
            fields = line.split()
            if "->" not in fields and len(fields) > 5 and fields[5] == key and int(fields[4]) > 0:
                yield int(fields[4])


def _uucp(node: str) -> Iterator[int]:
    for folder in UUCP_FOLDERS:
        with suppress(OSError, ValueError, IndexError):  # no such lock, or its content is no number, or it has none yet
            yield int((folder / f"LCK..{PurePath(node).name}").read_text(encoding="ascii").split()[0])


def _opened(node: str) -> Iterator[int]:
    """Processes with the node open, as far as this user may look."""
    with suppress(OSError):
        for process in PROC.iterdir():
            if process.name.isdigit():
                with suppress(OSError):  # another user's, or gone meanwhile
                    if any(os.readlink(entry.path) == node for entry in os.scandir(process / "fd")):
                        yield int(process.name)
