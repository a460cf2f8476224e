"""Memory of a process that sleeps most of its life (内存): glibc is asked to give freed memory back to the system."""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_ARENA_MAX = -1, -8
"""Parameters of mallopt(3), glibc's malloc.h."""

KEPT = 64 * 1024
"""Bytes of free heap that may stay: an import frees hundreds of megabytes, after which the agent idles for days."""


def keep_little() -> None:
    """One arena for all threads, trimmed at once. Anything but glibc is left as it is."""
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_TRIM_THRESHOLD, KEPT)
