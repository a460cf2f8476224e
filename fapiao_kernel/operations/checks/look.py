"""Looking (查看): read once what the checks need. What could not be read is kept as its error, never as a guess."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fapiao_kernel.domain.card import CardState, MonthStatistics, Volume
from fapiao_kernel.domain.errors import FapiaoError
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.issuing.acts import Act
from fapiao_kernel.ports import Authority, Backup, BackupStore, Card, Census, Clock, Declaration, Journal, Ledger


@dataclass(frozen=True)
class Seen:
    """What was read for one run. A value that is None could not be read, and ``errors`` says why, keyed as the field.

    ``device_number``/``taxpayer_id``: whom the run is about. ``card_unknown``: sheets of unknown card per period.
    ``closed``: units that the ledger holds as closed, with the run that closed them. ``disk_free`` in bytes.
    ``declaration`` is asked for once anything is reported. ``sellers``: taxpayer id → sheets of these units.
    ``maintenance``: the sentence of the window that ``now`` lies in, ``""`` outside of any. ``issuing``: acts of issuing (开票) on this
    card whose outcome is open, or which the ledger has still to learn of.
    """

    now: datetime
    device_number: str
    taxpayer_id: str
    units: tuple[ClearUnit, ...]
    card: CardState | None = None
    statistics: tuple[MonthStatistics, ...] | None = None
    volumes: tuple[Volume, ...] | None = None
    authority_time: datetime | None = None
    declaration: Declaration | None = None
    census: Census | None = None
    card_unknown: Mapping[Period, int] | None = None
    closed: Mapping[ClearUnit, str] | None = None
    backup: Backup | None = None
    journal: Journal | None = None
    issuing: tuple[Act, ...] | None = None
    disk_asked: bool = False
    disk_free: int | None = None
    sellers: Mapping[str, int] | None = None
    maintenance: str | None = None
    errors: Mapping[str, FapiaoError] = field(default_factory=dict)

    @property
    def declared(self) -> bool | None:
        """Whether the tax side has the return, compared; None when that is not known."""
        return None if self.declaration is None else self.declaration.seen


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
    unsettled: Callable[[str], tuple[Act, ...]],
    disk_free: Callable[[], int] | None = None,
    maintenance: Callable[[datetime], str] | None = None,
    only: Collection[str] | None = None,
) -> Seen:
    """Read card, tax side, ledger, backups and disk, each for itself: one that fails does not hide the others.

    ``only``: names of the fields to read; all without it. What was not read stands as None: unknown, like what failed.
    """
    now = clock.now()
    errors: dict[str, FapiaoError] = {}
    values: dict[str, object] = {}

    def keep(name: str, read: Callable[[], object]) -> None:
        if only is not None and name not in only:
            return
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
        keep("declaration", lambda: authority().declaration(state.identity, periods))
    keep("census", ledger.census)
    keep("card_unknown", lambda: {p: ledger.card_unknown(p) for p in sorted({u.period for u in units})})
    keep("closed", lambda: {u: run for u in units if (run := ledger.closed(u)) is not None})
    keep("backup", backups.latest)
    keep("issuing", lambda: unsettled(device_number))
    keep("sellers", lambda: ledger.sellers(units))
    if maintenance is not None:
        keep("maintenance", lambda: maintenance(now))
    if disk_free is not None:
        keep("disk_free", disk_free)
    return Seen(
        now=now,
        device_number=device_number,
        taxpayer_id=taxpayer_id,
        units=tuple(units),
        journal=journal,
        disk_asked=disk_free is not None,
        errors=errors,
        **values,  # type: ignore[arg-type]  # each value stands under its own field's name
    )
