"""Looking (查看): read once what the checks need. What could not be read is kept as its error, never as a guess."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fapiao_kernel.domain.card import CardState, MonthStatistics, Volume
from fapiao_kernel.domain.errors import FapiaoError
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import Authority, Backup, BackupStore, Card, Census, Clock, Journal, Ledger


@dataclass(frozen=True)
class Seen:
    """What was read for one run. A value that is None could not be read, and ``errors`` says why, keyed as the field.

    ``device_number``/``taxpayer_id``: whom the run is about. ``card_unknown``: sheets of unknown card per period.
    ``closed``: units that the ledger holds as closed, with the run that closed them. ``disk_free`` in bytes.
    """

    now: datetime
    device_number: str
    taxpayer_id: str
    units: tuple[ClearUnit, ...]
    card: CardState | None = None
    statistics: tuple[MonthStatistics, ...] | None = None
    volumes: tuple[Volume, ...] | None = None
    authority_time: datetime | None = None
    declared: bool | None = None
    census: Census | None = None
    card_unknown: Mapping[Period, int] | None = None
    closed: Mapping[ClearUnit, str] | None = None
    backup: Backup | None = None
    journal: Journal | None = None
    disk_asked: bool = False
    disk_free: int | None = None
    errors: Mapping[str, FapiaoError] = field(default_factory=dict)


def look(
    *,
    card: Callable[[], Card],
    authority: Callable[[], Authority],
    ledger: Ledger,
    journal: Journal,
    backups: BackupStore,
    clock: Clock,
    units: Sequence[ClearUnit],
    device_number: str,
    taxpayer_id: str,
    disk_free: Callable[[], int] | None = None,
) -> Seen:
    """Read card, tax side, ledger, backups and disk, each for itself: one that fails does not hide the others."""
    errors: dict[str, FapiaoError] = {}
    values: dict[str, object] = {}

    def keep(name: str, read: Callable[[], object]) -> None:
        try:
            values[name] = read()
        except FapiaoError as error:
            errors[name] = error
        except OSError as error:
            errors[name] = FapiaoError("check_unreadable", what=type(error).__name__)

    keep("card", lambda: card().read_state())
    if "card" in values:
        keep("statistics", lambda: card().read_statistics())
        keep("volumes", lambda: card().read_volumes())
    keep("authority_time", lambda: authority().time())
    state = values.get("card")
    if isinstance(state, CardState) and any(m.reported for m in state.monitoring):
        periods = tuple(sorted({unit.period for unit in units}))
        keep("declared", lambda: authority().declaration(state.identity, periods).seen)
    keep("census", ledger.census)
    keep("card_unknown", lambda: {p: ledger.card_unknown(p) for p in sorted({u.period for u in units})})
    keep("closed", lambda: {u: run for u in units if (run := ledger.closed(u)) is not None})
    keep("backup", backups.latest)
    if disk_free is not None:
        keep("disk_free", disk_free)
    return Seen(
        now=clock.now(),
        device_number=device_number,
        taxpayer_id=taxpayer_id,
        units=tuple(units),
        journal=journal,
        disk_asked=disk_free is not None,
        errors=errors,
        **values,  # type: ignore[arg-type]  # each value stands under its own field's name
    )
