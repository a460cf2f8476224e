"""The practice world (练习环境): card, tax side and sample month in one folder; plugin of the group ``fapiao.practice``.

Card and tax side are processes of their own. Their state outlives them, and practice time stands still while neither runs.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fapiao_kernel.domain.card import CardIdentity
from fapiao_kernel.domain.errors import NotReachable
from fapiao_kernel.domain.practice import PracticeOptions, PracticeWorld
from fapiao_kernel.domain.rehearsal import Readout
from fapiao_kernel.simulator import authority, full_export, processes, twin
from fapiao_kernel.simulator.authority.store import new_state
from fapiao_kernel.simulator.card.details import details_file, write_details
from fapiao_kernel.simulator.card.image import new_image
from fapiao_kernel.simulator.clock import clock_file, last_kept, offset_to
from fapiao_kernel.simulator.faults import Faults, faults_of
from fapiao_kernel.simulator.months import CardMonths, months_of_own, months_of_sample
from fapiao_kernel.simulator.sample_month import sample_month
from fapiao_kernel.simulator.state_file import read_json, write_json
from fapiao_kernel.simulator.totals import with_spare

CARD_ADDRESS = "gb18240+sim://novice"
"""The practice card's lasting address; where it listens just now is ``PracticeWorld.line``."""
CARD_NUMBER = "9999000000000001"
"""Card number of the practice card; 9999 in front marks every simulated card."""
VALID_YEARS = 10
SPARE_NUMBERS = 500
"""Numbers of each type that the practice card can still give out: more than anyone issues by hand."""
WRITING, STARTING = "sample", "world"
"""Progress labels: writing the sample file, and everything else. A benchmark tells the first apart."""
_PIN_DIGITS = 8

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class WorldFolder:
    """Which file of the world lies where."""

    root: Path

    @property
    def card(self) -> Path:
        return self.root / "card.json"

    @property
    def authority(self) -> Path:
        return self.root / "authority.json"

    @property
    def world(self) -> Path:
        """Written last: a folder without it holds no world. Has the PIN, so it is its owner's alone (0600)."""
        return self.root / "world.json"

    @property
    def export(self) -> Path:
        return self.root / "sample" / full_export.NAME


class PracticePlugin:
    """``ports.Practice``. One agent uses one folder; calls from several of its threads wait for each other."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._attached: set[Path] = set()
        """Worlds that this process looks after: their time runs on even while a far end is dead, since ours does."""

    def start(self, folder: Path, options: PracticeOptions, progress: Progress | None = None) -> PracticeWorld:
        """Make the world when the folder has none, start what does not run. Idempotent: a world that is there stays as it is.

        Raises ``Refused`` (``practice_nothing_to_clear``), ``UsageError`` (size, fault name), ``NotReachable``.
        """
        with self._lock:
            place = WorldFolder(folder.resolve())
            if not place.world.exists():
                _make(place, options, progress)
            return self._run(place)

    def attach(self, folder: Path) -> PracticeWorld | None:
        """The world in the folder with both processes running; None when there is none."""
        with self._lock:
            place = WorldFolder(folder.resolve())
            return self._run(place) if place.world.exists() else None

    def twin(self, folder: Path, readout: Readout) -> PracticeWorld:
        """A card's twin (替身) and its tax side, running; see ``ports.Practice``. Raises ``Refused`` (``twin_not_possible``)."""
        with self._lock:
            place = WorldFolder(folder.resolve())
            if not place.world.exists():
                place.root.mkdir(parents=True, exist_ok=True, mode=0o700)
                write_json(place.world, twin.write(place.card, place.authority, readout))
            self._attached.add(place.root)  # its clocks are as they were read: nothing winds them
            return self._run(place)

    def stop(self, folder: Path) -> None:
        """End both processes; the state stays, and practice time stands still."""
        with self._lock:
            place = WorldFolder(folder.resolve())
            self._attached.discard(place.root)
            processes.end(place.card)
            processes.end(place.authority)

    def _run(self, place: WorldFolder) -> PracticeWorld:
        world = _run(place, go_on=place.root in self._attached)
        self._attached.add(place.root)
        return world


def _make(place: WorldFolder, options: PracticeOptions, progress: Progress | None) -> None:
    """The files of a new world, ``world.json`` last. What a broken start left behind is made anew."""
    tell = progress or _silent
    tell(STARTING, 0, 0)
    place.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    files: list[Path] = []
    if options.invoices:
        months = months_of_own(options.invoices)
        faults = faults_of(options.fault, months.types)
    else:
        sample = sample_month(options.size, options.seed)
        months = months_of_sample(sample)
        faults = faults_of(options.fault, months.types)
        place.export.parent.mkdir(exist_ok=True)
        tell(WRITING, 0, 0)
        full_export.write(place.export, sample.exported, lambda _sheet, done, total: tell(WRITING, done, total))
        tell(STARTING, 0, 0)
        files.append(place.export)
        tell("world", 0, 0)
    for state in (place.card, place.authority):
        processes.end(state)
    clock_file(place.authority).unlink(missing_ok=True)
    key, pin = secrets.token_bytes(32), "".join(secrets.choice("0123456789") for _ in range(_PIN_DIGITS))
    offset = offset_to(months.start)
    _new_card(place, months, faults, key, pin, offset)
    new_state(
        place.authority,
        device_number=months.device_number,
        taxpayer_id=months.taxpayer_id,
        taxpayer_name=months.taxpayer_name,
        types=months.types,
        clock_offset=offset,
        shared_key=key,
        faults=faults.authority,
    )
    write_json(
        place.world,
        {
            "version": 1,
            "card": CARD_ADDRESS,
            "taxpayer_id": months.taxpayer_id,
            "taxpayer_name": months.taxpayer_name,
            "device_number": months.device_number,
            "files": [str(file.relative_to(place.root)) for file in files],
            "clock_offset": offset,
            "start": months.start.isoformat(),
            "pin": pin,
            "fault": options.fault,
        },
    )


def _new_card(place: WorldFolder, months: CardMonths, faults: Faults, key: bytes, pin: str, offset: float) -> None:
    write_details(details_file(place.card), months.invoices)
    volumes, unused = with_spare(months.volumes, SPARE_NUMBERS)
    valid_until = months.last.last_day.replace(year=months.last.year + VALID_YEARS, day=28)
    new_image(
        place.card,
        identity=CardIdentity(
            months.device_number, CARD_NUMBER, months.taxpayer_id, months.taxpayer_name, valid_until, simulated=True
        ),
        pin=pin,
        clock_offset=offset,
        monitoring=months.monitoring(faults.not_uploaded),
        statistics=months.statistics,
        volumes=volumes,
        shared_key=key,
        faults=list(faults.card),
        unused=unused,
    )


def _run(place: WorldFolder, *, go_on: bool) -> PracticeWorld:
    """Start what does not run. When nothing does, practice time goes on from where it was last kept, unless it ran on meanwhile."""
    world = _read(place.world)
    card, bureau = processes.running(place.card), processes.running(place.authority)
    if card is None and bureau is None and not go_on:
        world = _wind(place, world)
    if bureau is None:
        bureau = processes.launch(
            "模拟税局", authority.__name__, ["--state", str(place.authority)], place.root / "authority.log"
        )
    if card is None:
        card = processes.launch(
            "模拟卡", "fapiao_kernel.simulator.card", ["--image", str(place.card)], place.root / "card.log"
        )
    return PracticeWorld(
        card=world["card"],
        line=card["line"],
        authority=bureau["url"],
        taxpayer_id=world["taxpayer_id"],
        taxpayer_name=world["taxpayer_name"],
        device_number=world["device_number"],
        files=tuple(place.root / file for file in world["files"]),
        clock_offset=world["clock_offset"],
        pin=world["pin"],
        fault=world["fault"],
    )


def _wind(place: WorldFolder, world: dict[str, Any]) -> dict[str, Any]:
    """Set every clock of the world to the time that it had reached (its start, when it never ran)."""
    reached = last_kept(place.authority) or datetime.fromisoformat(world["start"])
    offset = offset_to(reached)
    for file in (place.card, place.authority, place.world):
        state = _read(file)
        state["clock_offset"] = offset
        write_json(file, state)
    return {**world, "clock_offset": offset}


def _read(file: Path) -> dict[str, Any]:
    state = read_json(file)
    if state is None:
        raise NotReachable("practice_state_damaged", file=file.name)
    return state


def _silent(_label: str, _done: int, _total: int) -> None:
    """No progress asked for."""


PRACTICE = PracticePlugin()
