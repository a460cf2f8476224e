"""Composition (组装): the three halls meet here, and only here."""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
from dataclasses import asdict
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING, cast

from fapiao_kernel.agent.cards import Cards
from fapiao_kernel.agent.changes import Changes
from fapiao_kernel.agent.clock import PracticeClock
from fapiao_kernel.agent.distributions import Version
from fapiao_kernel.agent.errors import bug_view, view
from fapiao_kernel.agent.exports import Exports
from fapiao_kernel.agent.identity import Identity, versions
from fapiao_kernel.agent.importing import Importing
from fapiao_kernel.agent.issuing import LedgerBooks
from fapiao_kernel.agent.lazy import Lazy, Stand
from fapiao_kernel.agent.plugins import Plugins
from fapiao_kernel.agent.policy import HousePolicy
from fapiao_kernel.agent.practice import PracticeRoom
from fapiao_kernel.agent.rehearsing import Rehearsals
from fapiao_kernel.agent.settings import PRODUCTION, Settings
from fapiao_kernel.agent.statements import StatementKeeper
from fapiao_kernel.agent.worker import Worker
from fapiao_kernel.api.shapes import ErrorView
from fapiao_kernel.domain.errors import FapiaoError, Refused
from fapiao_kernel.domain.home import Home
from fapiao_kernel.operations.clearing.engine import Engine
from fapiao_kernel.operations.issuing.engine import Issuing
from fapiao_kernel.ports import Authority, BackupStore, Intake, Ledger, Recorder
from fapiao_kernel.ports.statements import Statements
from fapiao_kernel.records.journal.store import FileJournal

if TYPE_CHECKING:
    from fapiao_kernel.records.backup.backup import Backups
    from fapiao_kernel.records.backup.keys import KeyBox
    from fapiao_kernel.records.ledger.ledger import DuckLedger

log = logging.getLogger("fapiao.agent")


class House:
    """Everything that one home's agent is made of."""

    def __init__(self, home: Home, plugins: Plugins | None = None) -> None:
        home.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.home = home
        self.identity = Identity(home)
        self.settings = Settings(home.settings)
        self.clock = PracticeClock(self.settings.clock_offset)
        self.plugins = plugins or Plugins(settings=self.settings, note=self._note_plugin)
        self.changes = Changes(self.identity.boot_id)
        self.exports = Exports()
        self._recovery = ""
        self.keys = Lazy(self._open_keys)
        self.journal = FileJournal(home.journal, self.clock, self._signer)
        self.worker = Worker(self.changes, self.note_refusal)
        self.practice = PracticeRoom(home.practice, self.plugins, self.settings, self.journal)
        self.statements = StatementKeeper(self._kept_statements, self.clock)
        self.cards = Cards(
            self.plugins,
            self.settings,
            self.worker,
            self.changes,
            self.clock,
            self.practice.line,
            lambda device: self.duck.get().mark_simulated([device]),
            self.statements.told,
        )
        self._authorities: dict[str, Authority] = {}
        self._authorities_lock = threading.Lock()
        self.duck = Lazy(self._open_ledger)
        self._backups = Lazy(self._open_backups)
        self.ledger = cast(Ledger, Stand(self.duck))
        self.backups = cast(BackupStore, Stand(self._backups))
        self.intake = cast(Intake, Stand(Lazy(self._open_intake)))
        self.importing = Importing(
            self.intake, self.ledger, self.journal, self.cards, self.worker, self.settings, self.clock
        )
        self.policy = HousePolicy(self.settings)
        self.engine = Engine(
            journal=self.journal,
            ledger=self.ledger,
            backups=self.backups,
            recorder=cast(Recorder, Stand(Lazy(self._open_recorder))),
            clock=self.clock,
            card=self.cards.get,
            authority=self.authority,
            progress=self.worker.progress,
            versions=versions(),
            disk_free=lambda: shutil.disk_usage(home.root).free,
            policy=self.policy,
        )
        self.issuing = Issuing(
            journal=self.journal,
            books=LedgerBooks(self.ledger, self._ledger_there, self.intake, self.importing),
            clock=self.clock,
            card=self.cards.get,
            holding=self.engine.holding,
            runs=self.engine.runs,
        )
        self.rehearsals = Rehearsals(self)
        self.settle_error: ErrorView | None = None

    # --- rooms opened at their first use

    def _open_keys(self) -> KeyBox:
        from fapiao_kernel.records.backup.keys import KeyBox

        box, secret = KeyBox.ensure(self.home.keys)
        self._recovery = secret or ""
        return box

    def _signer(self) -> KeyBox | None:
        """Who signs the journal's monthly heads; no key is made for that alone."""
        return self.keys.get() if self.keys.made or self.home.keys.exists() else None

    def _open_ledger(self) -> DuckLedger:
        from fapiao_kernel.records.ledger.ledger import DuckLedger

        if self.settings.fresh:
            self.settings.claim(PRODUCTION)
        return DuckLedger(self.home.ledger, practice=self.settings.practice)

    def _ledger_there(self) -> DuckLedger | None:
        """The ledger; None while this home has none."""
        return self.duck.get() if self.duck.made or self.home.ledger.exists() else None

    def _open_backups(self) -> Backups:
        from fapiao_kernel.records.backup.backup import Backups

        stores = [self.plugins.get("backup_stores", "folder").open(folder) for folder in self.backup_folders]
        return Backups(self.home, self.clock, self.keys.get(), stores, self._copy_ledger, self._devices)

    @property
    def backup_folders(self) -> tuple[str, ...]:
        """Where backups go: as the settings name it, or the home's own two folders."""
        return self.settings.values.backup_folders or tuple(str(folder) for folder in self.home.backups)

    def trial_backups(self, scratch: Path) -> BackupStore:
        """Backups of this home as they really are, but into a scratch folder (演练)."""
        from fapiao_kernel.records.backup.trial import TrialBackups

        return TrialBackups(self.home, self.clock, self.keys.get(), scratch, self._copy_ledger, self._devices)

    def _open_intake(self) -> Intake:
        from fapiao_kernel.records.intake.intake import FileIntake

        return FileIntake(self.home.intake, self.plugins.live("importers"))

    def _open_recorder(self) -> Recorder:
        from fapiao_kernel.records.proof.recorder import ProofRecorder

        return ProofRecorder(self.home, self.journal, self.keys.get(), cast("DuckLedger", self.ledger))

    def _note_plugin(self, group: str, entry: EntryPoint, version: Version) -> None:
        """A stranger's code comes into a production home: the journal has it before it is used."""
        said = {"group": group, "id": entry.name, "value": entry.value, **asdict(version)}
        self.journal.append("plugin.loaded", said, who=self.identity.who)

    def _copy_ledger(self, path: Path) -> None:
        """A copy for the backup; none when there is no ledger yet."""
        if self.duck.made or self.home.ledger.exists():
            self.duck.get().copy_to(path)

    def _kept_statements(self) -> Statements | None:
        """Where statements are kept; None when there is no ledger yet."""
        return self.duck.get().statements if self.duck.made or self.home.ledger.exists() else None

    def _devices(self) -> tuple[str, ...]:
        """Machine numbers in the ledger that a backup copies; none when there is no ledger yet."""
        return self.duck.get().devices() if self.duck.made or self.home.ledger.exists() else ()

    def authority(self, card: str) -> Authority:
        """The tax side of a card: the world's for the practice card, else the one that the settings name."""
        url = self.practice.world().authority if self.settings.practice else self.settings.values.authority
        with self._authorities_lock:
            if url not in self._authorities:
                self._authorities[url] = self.plugins.only("authorities").open(url)
            return self._authorities[url]

    def renew_practice(self) -> None:
        """Practice from the start: a new world needs a ledger in which its invoices are not cleared yet.

        Originals, journal, records and backups stay. Raises ``Refused`` (``home_is_production``) in a home that does not practise.
        """
        if not self.settings.practice:
            raise Refused("home_is_production")
        self.practice.discard(self.cards)
        self.statements.settle()
        ledger = self.duck.forget()
        if ledger is not None:
            ledger.close()
        for file in self.home.root.glob(f"{self.home.ledger.name}*"):
            file.unlink()

    def recovery_key(self) -> str:
        """The recovery key's secret half, once; ``""`` when it was shown, or made by an earlier start."""
        self.keys.get()
        secret, self._recovery = self._recovery, ""
        return secret

    @property
    def recovery_waits(self) -> bool:
        """Whether the recovery key was made by this start and not shown yet."""
        return bool(self._recovery)

    # --- start and stop

    def start(self) -> None:
        """Say so in the journal, then settle what an earlier agent left open: beside the first requests, before the first act."""
        identity = self.identity
        if self.settings.values.practice_ready:
            # Practice time stands still while nobody practises: the world says what its clock shows now.
            with contextlib.suppress(FapiaoError):  # whoever uses the card is told
                self.practice.world()
        self.journal.append(
            "agent.started",
            {"boot_id": identity.boot_id, "pid": identity.pid, "version": identity.version, "url": identity.url},
            who=identity.who,
        )
        self.rehearsals.settle()
        if any(not run.over for run in self.engine.runs()) or self.issuing.unsettled():
            threading.Thread(target=self._settle, name="settle").start()
        else:
            self.worker.settled()

    def _settle(self) -> None:
        try:
            self.engine.settle_open()
            self.issuing.settle_open()
        except FapiaoError as error:
            self.settle_error = view(error)
        except Exception as error:
            log.error("settling open runs failed", exc_info=error)
            self.settle_error = bug_view(error)
        finally:
            self.worker.settled()
            for run in self.engine.runs():
                self.changes.bump(run.id)

    def ending(self) -> None:
        """Nobody is kept waiting by long polls and exports once the agent ends."""
        self.changes.close()
        self.exports.close()

    def close(self, *, world_too: bool = False) -> bool:
        """Let the act under way end, then close everything. The practice world lives on, unless a person ends it too. False when
        a device hangs and left a thread behind, which would keep the process."""
        self.changes.close()
        self.rehearsals.close()
        ended = self.worker.close()
        self.statements.close()
        self.cards.close()
        if world_too:
            with contextlib.suppress(FapiaoError):  # its state is on the disk whether it ends now or later
                self.practice.stop()
        self.journal.append("agent.stopped", {"boot_id": self.identity.boot_id}, who=self.identity.who)
        if self.duck.made:
            self.duck.get().close()
        self.journal.close()
        return ended

    def note_refusal(self, run: str, act: str, error: ErrorView) -> None:
        """Keep a refusal of a run's act in the journal, for diagnosis and result sheets."""
        if error.code == "conclusion_waits":
            return  # the engine noted the cause itself
        told = {key: value for key, value in error.model_dump().items() if key != "exit_code"}
        try:
            self.journal.append("refusal.noted", {"run": run, "act": act, "error": told}, who=self.identity.who)
        except FapiaoError as unwritable:
            # A full disk is often why the act was refused: the refusal itself still has to reach the person.
            log.error("a refusal (%s) could not be noted in the journal: %s", error.code, unwritable.code)
