"""Settings of the home (settings.json): what kind of home it is, which cards it knows, and a practice world's clock."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from fapiao_kernel.agent.files import read_json, write_json
from fapiao_kernel.domain.errors import Refused

PRACTICE, PRODUCTION = "practice", "production"


@dataclass(frozen=True)
class _Values:
    kind: str = ""
    cards: tuple[str, ...] = ()
    clock_offset: float = 0.0
    practice_ready: bool = False
    practice_since: str = ""
    fault: str = ""
    authority: str = ""
    backup_folders: tuple[str, ...] = field(default=())
    maintenance: tuple[tuple[str, str, str], ...] = field(default=())
    """Hours in which nothing is confirmed: (from, until, why)."""


class Settings:
    """A home starts without a kind, and becomes practice or production by its first use; it never changes back."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        known = read_json(path) or {}
        fields: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in known.items() if k in _Values.__annotations__
        }
        self._values = _Values(**fields)

    @property
    def values(self) -> _Values:
        """What is set now."""
        return self._values

    @property
    def practice(self) -> bool:
        """Whether this home practises."""
        return self._values.kind == PRACTICE

    @property
    def fresh(self) -> bool:
        """Whether nothing has been brought in yet."""
        return not self._values.kind

    def clock_offset(self) -> float:
        """Seconds to add to the machine's clock."""
        return self._values.clock_offset

    def claim(self, kind: str) -> None:
        """Make the home one of this kind. Raises ``Refused`` when it is of the other."""
        with self._lock:
            if self._values.kind not in ("", kind):
                raise Refused(f"home_is_{self._values.kind}")
            if not self._values.kind:
                self._save(replace(self._values, kind=kind))

    def add_card(self, address: str) -> None:
        """Remember a card's address."""
        with self._lock:
            if address not in self._values.cards:
                self._save(replace(self._values, cards=(*self._values.cards, address)))

    def practice_made(self, *, clock_offset: float, authority: str, fault: str) -> None:
        """What the practice world says of itself; written when it says something new."""
        with self._lock:
            kept = (self._values.clock_offset, self._values.authority, self._values.fault)
            if kept == (clock_offset, authority, fault):
                return
            self._save(replace(self._values, clock_offset=clock_offset, authority=authority, fault=fault))

    def practice_filled(self, since: str) -> None:
        """The practice world's invoices are in the ledger; ``since``: the time at which it was ready."""
        with self._lock:
            self._save(replace(self._values, practice_ready=True, practice_since=since))

    def practice_gone(self) -> None:
        """The practice world was given up; the home stays a practice home."""
        with self._lock:
            self._save(replace(self._values, practice_ready=False))

    def _save(self, values: _Values) -> None:
        write_json(self._path, asdict(values))
        self._values = values
