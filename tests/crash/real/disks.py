"""Disks of the run's own (磁盘): the home, its journal and one backup folder each on a file system that can really be full.

In a mount namespace of this process and its children: nothing outside sees them, and they vanish with it.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from fapiao_kernel.domain.home import Home

ROOM = 4 << 30
"""Bytes that each may grow to; only what is written takes memory. The agent's own check of free space is content with it."""
_NEW_MOUNTS, _NEW_USER = 0x0002_0000, 0x1000_0000  # CLONE_NEWNS, CLONE_NEWUSER: unshare(2)
_REMOUNT, _RECURSIVE, _PRIVATE = 32, 1 << 14, 1 << 18  # MS_*: mount(2)


def own_disks(home: Path) -> str:
    """Give the home its disks; why that is not possible here, or nothing. Only a process with one thread may ask."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    if libc.unshare(_NEW_MOUNTS | (_NEW_USER if user else 0)):
        return f"no mount namespace: {os.strerror(ctypes.get_errno())}"
    try:
        if user:
            Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
            Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
            Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
        _mount("none", Path("/"), _RECURSIVE | _PRIVATE, "")
        for folder in folders(home).values():
            folder.mkdir(parents=True, exist_ok=True)
            _mount("tmpfs", folder, 0, f"size={ROOM},mode=700")
    except OSError as error:
        return f"no disks of our own: {error.strerror}"
    return ""


def folders(home: Path) -> dict[str, Path]:
    """What lies on which disk, outermost first. The practice world has one too: a full home must not break card and tax side."""
    place = Home(home)
    return {"ledger": home, "journal": place.journal, "backup": place.backups[0], "practice": place.practice}


def fill(folder: Path) -> None:
    """From now on the disk has no page left: its size is what it holds."""
    seen = os.statvfs(folder)
    _mount("tmpfs", folder, _REMOUNT, f"size={max(1, seen.f_blocks - seen.f_bfree) * seen.f_frsize}")


def make_room(folder: Path) -> None:
    """As roomy as it was."""
    _mount("tmpfs", folder, _REMOUNT, f"size={ROOM}")


def _mount(kind: str, folder: Path, flags: int, options: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(kind.encode(), os.fsencode(folder), kind.encode(), flags, options.encode()):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(folder))
