"""Memory of a process that sleeps most of its life (内存): one arena for all threads, and after work what is free goes back.

Having glibc trim at every chance instead (M_TRIM_THRESHOLD) cost an import an eighth of its speed.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any

_M_ARENA_MAX = -8
"""Parameter of mallopt(3), glibc's malloc.h."""


def one_arena() -> None:
    """At the start: each arena keeps freed memory of its own. Anything but glibc is left as it is."""
    if (mallopt := _glibc("mallopt")) is not None:
        mallopt(_M_ARENA_MAX, 1)


def give_back() -> None:
    """After work: freed memory goes to the system (malloc_trim(3)); an import frees hundreds of megabytes."""
    if (trim := _glibc("malloc_trim")) is not None:
        trim(0)


@cache
def _glibc(name: str) -> Any:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform.startswith("linux") else None
