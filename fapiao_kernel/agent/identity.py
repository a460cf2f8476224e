"""Who this agent is: its home, its start (boot), its version."""

from __future__ import annotations

import getpass
import os
import platform
import secrets
from dataclasses import dataclass, field
from importlib import metadata

from fapiao_kernel.domain.home import Home


@dataclass
class Identity:
    """``boot_id`` differs with every start; ``url`` is known once the socket listens; ``who``: the user of the machine."""

    home: Home
    boot_id: str = field(default_factory=lambda: secrets.token_hex(8))
    url: str = ""
    pid: int = field(default_factory=os.getpid)
    version: str = field(default_factory=lambda: metadata.version("fapiao-kernel"))
    who: str = field(default_factory=getpass.getuser)


def versions() -> dict[str, str]:
    """What runs here, for records and support."""
    named = ("fapiao-kernel", "duckdb", "fastapi", "uvicorn", "pyserial", "cryptography")
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        **{name: metadata.version(name) for name in named},
    }
