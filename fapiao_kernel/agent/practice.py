"""The practice world (练习环境) of this home: made when asked, its far ends started again when they are gone."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from fapiao_kernel.agent.cards import Cards
from fapiao_kernel.agent.importing import Importing
from fapiao_kernel.agent.plugins import Plugins
from fapiao_kernel.agent.settings import PRACTICE, Settings
from fapiao_kernel.agent.worker import Worker
from fapiao_kernel.api.ledger import FileView
from fapiao_kernel.api.practice import PracticeRequest, PracticeView
from fapiao_kernel.domain.errors import NotReachable, Refused, UsageError
from fapiao_kernel.domain.practice import PracticeOptions, PracticeWorld
from fapiao_kernel.ports import Journal, Practice, Progress, Reading

WORLD = "world"
"""Progress label of the plugin once the sample file is written: the file's time is told apart."""


class PracticeRoom:
    """Where the world lies, and who is in it."""

    def __init__(self, folder: Path, plugins: Plugins, settings: Settings, journal: Journal) -> None:
        self._folder = folder
        self._plugins = plugins
        self._settings = settings
        self._journal = journal
        self._lock = (
            threading.Lock()
        )  # around calls of the plugin; the card's thread takes it while a world is being filled
        self._making = threading.Lock()

    def line(self, card: str) -> tuple[str, str]:
        """By which link, and where, the practice card listens just now. Raises ``NotReachable`` (``no_practice``,
        ``no_practice_card`` for an address that is another)."""
        world = self.world()
        if card != world.card:
            raise NotReachable("no_practice_card", card=card, known=world.card)
        return world.link, world.line

    def world(self) -> PracticeWorld:
        """The world, its far ends running. Raises ``NotReachable`` (``no_practice``) when this home has none."""
        with self._lock:
            world = self._plugin.attach(self._folder) if self._settings.practice else None
            if world is not None:
                self._settings.practice_made(
                    clock_offset=world.clock_offset, authority=world.authority, fault=world.fault
                )
        if world is None:
            raise NotReachable("no_practice")
        return world

    def stop(self) -> None:
        """End the far ends; their state stays."""
        with self._lock:
            if self._settings.practice:
                self._plugin.stop(self._folder)

    def discard(self, cards: Cards) -> None:
        """Give the world up: its far ends end and their state goes. Ledger, journal and records stay."""
        with self._making:
            cards.forget()
            with self._lock:
                self._plugin.stop(self._folder)
                self._settings.practice_gone()
                shutil.rmtree(self._folder)

    def start(
        self, request: PracticeRequest, importing: Importing, cards: Cards, worker: Worker, who: str
    ) -> PracticeView:
        """Make the world and bring its invoices in, or attach the one that is there.

        Raises ``Refused`` (``home_is_production``), ``UsageError`` (``nothing_imported``), ``NotReachable`` (``no_plugin``).
        """
        with self._making, worker.job("practice", "准备练习环境") as progress:
            if self._settings.values.practice_ready:
                return self._view(self.world(), fresh=False)
            if not self._settings.practice and not self._settings.fresh:
                raise Refused("home_is_production")
            spent = _Stopwatch(progress)
            readings, files = importing.read(request.invoices, spent.phase("read"))
            if request.invoices and not any(reading.invoices for reading in readings):
                raise UsageError("nothing_imported")
            self._named(request.plugin)
            self._settings.claim(PRACTICE)
            self._settings.practice_by(request.plugin)
            options = PracticeOptions(
                size=request.size,
                seed=request.seed,
                invoices=[invoice for reading in readings for invoice in reading.invoices],
                fault=request.fault,
            )
            with self._lock:
                world = self._plugin.start(self._folder, options, spent.phase("practice"))
            self._settings.practice_made(clock_offset=world.clock_offset, authority=world.authority, fault=world.fault)
            self._settings.add_card(world.card)
            if request.invoices:
                files += self._fill(readings, importing, cards, who, spent.phase("import"))
            else:
                files += importing.bring(world.files, who, spent.phase("import"))
            started = self._journal.append("practice.started", _said(world, request), who=who)
            self._settings.practice_filled(started.time)
            return self._view(world, fresh=True, files=files, seconds=spent.seconds())

    def _fill(
        self, readings: Sequence[Reading], importing: Importing, cards: Cards, who: str, progress: Progress
    ) -> list[FileView]:
        volumes = cards.volumes()
        return [importing.add(reading, volumes, None, who, progress) for reading in readings]

    @property
    def _plugin(self) -> Practice:
        return self._named(self._settings.values.practice_plugin)

    def _named(self, name: str) -> Practice:
        """The practice plugin of this name; ours for none. Raises ``NotReachable`` (``no_plugin``)."""
        plugin: Practice = self._plugins.get("practice", name) if name else self._plugins.only("practice")
        return plugin

    def view(self) -> PracticeView:
        """The world as it is. Raises ``NotReachable`` (``no_practice``)."""
        return self._view(self.world(), fresh=False)

    def _view(
        self,
        world: PracticeWorld,
        *,
        fresh: bool,
        files: Sequence[FileView] = (),
        seconds: dict[str, float] | None = None,
    ) -> PracticeView:
        return PracticeView(
            card=world.card,
            authority=world.authority,
            taxpayer_id=world.taxpayer_id,
            taxpayer_name=world.taxpayer_name,
            device_number=world.device_number,
            files=[str(file) for file in world.files],
            pin=world.pin,
            fault=world.fault,
            fresh=fresh,
            imports=list(files),
            seconds=seconds or {},
        )


class _Stopwatch:
    """Seconds by phase; writing the sample file is told apart from the phase it happens in."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._spent: dict[str, float] = {}
        self._phase = ""
        self._since = time.monotonic()

    def phase(self, name: str) -> Progress:
        """Enter a phase; gives the progress callback for whoever works in it."""
        self._enter(name)

        def told(label: str, done: int, total: int) -> None:
            self._enter("sample" if name == "practice" and label != WORLD else name)
            self._progress(label, done, total)

        return told

    def _enter(self, name: str) -> None:
        if name != self._phase:
            now = time.monotonic()
            if self._phase:
                self._spent[self._phase] = self._spent.get(self._phase, 0.0) + now - self._since
            self._phase, self._since = name, now

    def seconds(self) -> dict[str, float]:
        self._enter("")
        return {name: round(spent, 3) for name, spent in self._spent.items()}


def _said(world: PracticeWorld, request: PracticeRequest) -> dict[str, object]:
    """What the journal keeps of a world: never its PIN."""
    return {
        "card": world.card,
        "authority": world.authority,
        "taxpayer_id": world.taxpayer_id,
        "taxpayer_name": world.taxpayer_name,
        "device_number": world.device_number,
        "files": [str(file) for file in world.files],
        "clock_offset": world.clock_offset,
        "fault": world.fault,
        "size": request.size,
        "seed": request.seed,
        "own_invoices": len(request.invoices),
    }
