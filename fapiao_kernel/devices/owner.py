"""One owner a device (独占): a lock on this machine that all our programs, of all its users, ask before they open a device.

The lock is the system's (``flock``), so it ends with its owner, however that ends. Beside it lies who has it, for all to read.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import sys
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from fapiao_kernel.devices.holder import Owner, alive, holder, program
from fapiao_kernel.domain.errors import NotReachable

__all__ = ["Claim", "Owner", "busy", "claim", "holder", "seen"]

FOLDER = "fapiao-kernel"
SHARED = ("/run/lock", "/tmp")
"""Folders that every user of the machine may write to: the first that is one holds ours."""


class Claim:
    """A device that is ours until ``close``, or until this process ends."""

    def __init__(self, lock: FileLock, told: Path) -> None:
        self._lock = lock
        self._told = told

    def close(self) -> None:
        """Give it up. Twice is once."""
        if self._lock.is_locked:
            with suppress(OSError):  # somebody tidied it away: the lock is what counts
                self._told.unlink(missing_ok=True)
            self._lock.release()


def claim(where: str, folder: Path | None = None) -> Claim:
    """Have the device at ``where`` for us alone: a path (a link to it is the same device), a COM port, or ``usb:BUS-ADDRESS``.

    Raises ``NotReachable`` (``NOT_SENT``): ``device_busy_by`` with ``program`` and ``pid``, ``device_busy`` when the owner cannot
    be told, ``device_lock_denied`` when the lock itself cannot be had.
    """
    try:
        base = _base(where, folder)
        lock = FileLock(f"{base}.lock", timeout=0, mode=0o666, thread_local=False)
        lock.acquire()
    except Timeout:
        raise busy(where, _owner(base)) from None
    except OSError as error:
        raise NotReachable("device_lock_denied", original=f"OSError {error.errno}", where=where) from error
    told = Path(f"{base}.json")
    with suppress(OSError):  # it only helps others to name us; that must not keep us from the device
        _tell(told, os.getpid(), program(sys.orig_argv))
    return Claim(lock, told)


def seen(where: str, folder: Path | None = None) -> Owner | None:
    """Which of our programs has the device, without trying to have it: a look must not stand in the way of an opening."""
    try:
        return _told(_base(where, folder))
    except OSError:
        return None


def busy(where: str, owner: Owner | None) -> NotReachable:
    """The error that names who has the device."""
    if owner is None:
        return NotReachable("device_busy", where=where)
    return NotReachable("device_busy_by", where=where, program=owner.program, pid=owner.pid)


def _base(where: str, folder: Path | None) -> Path:
    return (folder or _shared_folder()) / _name(where)


def _name(where: str) -> str:
    """The same for every spelling of one device, and fit for a file name."""
    if sys.platform == "win32":
        where = re.sub(r"^[\\/]{2}\.[\\/]", "", where).upper()
    elif where.startswith(("/", ".")):
        where = os.path.realpath(where)
    if sys.platform == "darwin":
        where = where.replace("/dev/tty.", "/dev/cu.")  # two nodes of one port
    short = re.sub(r"[^A-Za-z0-9]+", "-", where).strip("-")[-40:]
    return f"{short}-{hashlib.sha256(os.fsencode(where)).hexdigest()[:12]}"


def _shared_folder() -> Path:
    """Ours, made when missing. Not sticky: under a sticky bit the lock that one user left could be no other user's."""
    parents = [Path(path) for path in SHARED if sys.platform != "win32" and _for_all(path)]
    folder = (parents[0] if parents else Path(tempfile.gettempdir())) / FOLDER
    if not folder.is_dir():
        fresh = Path(tempfile.mkdtemp(prefix=f"{FOLDER}-", dir=folder.parent))
        fresh.chmod(0o777)
        try:
            fresh.rename(folder)
        except OSError:  # another of us was faster, or there is something else: opening the lock tells
            fresh.rmdir()
    return folder


def _for_all(path: str) -> bool:
    try:
        return bool(os.stat(path).st_mode & stat.S_IWOTH)
    except OSError:
        return False


def _tell(told: Path, pid: int, name: str) -> None:
    descriptor, fresh = tempfile.mkstemp(prefix=f"{told.name}-", dir=told.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"pid": pid, "program": name, "since": _since(fresh)}, file)
        os.chmod(fresh, 0o644)
        os.replace(fresh, told)
    except OSError:
        os.unlink(fresh)
        raise


def _since(path: str) -> str:
    """When a file was made, by the file system's clock: now, for one just made."""
    return datetime.fromtimestamp(os.stat(path).st_mtime, UTC).isoformat(timespec="seconds")


def _owner(base: Path) -> Owner | None:
    """Who says that it has the lock; when that is nobody alive, who is seen to have it."""
    return _told(base) or holder(f"{base}.lock")


def _told(base: Path) -> Owner | None:
    try:
        told = json.loads(Path(f"{base}.json").read_bytes())
        owner = Owner(int(told["pid"]), str(told["program"]), str(told["since"]))
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None  # it has the lock and has not told yet, or what is there is not ours
    return owner if alive(owner.pid) else None
