"""Settings of the home (settings.json): what kind of home it is, which cards it knows, and a practice world's clock."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from fapiao_kernel.agent.distributions import Version
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
    practice_plugin: str = ""
    """Whose practice world this is; empty: ours."""
    authority: str = ""
    backup_folders: tuple[str, ...] = field(default=())
    maintenance: tuple[tuple[str, str, str], ...] = field(default=())
    """Hours in which nothing is confirmed: (from, until, why)."""
    plugins_allowed: tuple[tuple[str, str, str], ...] = field(default=())
    """Strangers' distributions that a production home loads: (name, version, SHA-256 of RECORD)."""


class Settings:
    """A home starts without a kind, and becomes practice or production by its first use; it never changes back."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        known = read_json(path) or {}
        fields: dict[str, Any] = {k: _tuples(v) for k, v in known.items() if k in _Values.__annotations__}
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
    def production(self) -> bool:
        """Whether this home is one of production."""
        return self._values.kind == PRODUCTION

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

    def forget_card(self, address: str) -> None:
        """Remember a card's address no more."""
        with self._lock:
            self._save(replace(self._values, cards=tuple(card for card in self._values.cards if card != address)))

    @property
    def plugins_allowed(self) -> tuple[Version, ...]:
        """Every version of a stranger's distribution that a production home loads; what was miswritten by hand allows nothing."""
        return tuple(Version(*kept) for kept in self._values.plugins_allowed if len(kept) == 3)

    def plugin_allowed(self, name: str) -> Version | None:
        """The version of a stranger's distribution that a production home loads; None when none is."""
        return next((version for version in self.plugins_allowed if version.name == name), None)

    def allow_plugin(self, version: Version) -> None:
        """Let a production home load this version, and no other, of a distribution."""
        with self._lock:
            others = tuple(kept for kept in self._values.plugins_allowed if kept[0] != version.name)
            self._save(
                replace(self._values, plugins_allowed=(*others, (version.name, version.version, version.sha256)))
            )

    def forbid_plugin(self, name: str) -> None:
        """Let no version of a distribution in."""
        with self._lock:
            others = tuple(kept for kept in self._values.plugins_allowed if kept[0] != name)
            self._save(replace(self._values, plugins_allowed=others))

    def practice_made(self, *, clock_offset: float, authority: str, fault: str) -> None:
        """What the practice world says of itself; written when it says something new."""
        with self._lock:
            kept = (self._values.clock_offset, self._values.authority, self._values.fault)
            if kept == (clock_offset, authority, fault):
                return
            self._save(replace(self._values, clock_offset=clock_offset, authority=authority, fault=fault))

    def practice_by(self, plugin: str) -> None:
        """Which practice plugin makes the world."""
        with self._lock:
            if plugin != self._values.practice_plugin:
                self._save(replace(self._values, practice_plugin=plugin))

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


def _tuples(value: Any) -> Any:
    """JSON's lists as tuples, at any depth."""
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value
