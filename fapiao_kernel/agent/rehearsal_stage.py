"""The stage of a rehearsal (演练台): twin, ports and engine of its own, all below one folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fapiao_kernel.agent.identity import versions
from fapiao_kernel.devices.address import parse
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.home import Home
from fapiao_kernel.domain.practice import PracticeWorld
from fapiao_kernel.domain.rehearsal import Readout
from fapiao_kernel.operations.clearing.engine import Engine
from fapiao_kernel.operations.rehearsal import RehearsedBackups, RehearsedLedger, RehearsedPolicy
from fapiao_kernel.ports import Authority, Card, Practice
from fapiao_kernel.records.journal.store import FileJournal

if TYPE_CHECKING:
    from fapiao_kernel.agent.compose import House

TWIN, SCRATCH = "twin", "backups"
"""Folders of a rehearsal that go when it ends: the twin; trial backups, and a clear record that nobody may take for a real one."""

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Set:
    """What stands on the stage."""

    world: PracticeWorld
    card: Card
    authority: Authority
    engine: Engine
    journal: FileJournal
    backups: RehearsedBackups

    def look_at_places(self, folders: Sequence[str]) -> tuple[Finding, ...]:
        """What is not well with the real places, for a backup as large as the one made here."""
        from fapiao_kernel.records.backup.trial import look_at

        return look_at([Path(folder).expanduser() for folder in folders], self.backups.largest)


@contextmanager
def stage(house: House, folder: Path, readout: Readout, tell: Tell) -> Iterator[Set]:
    """Twin and engine over it; both ended, and what they needed alone removed, on the way out."""
    from fapiao_kernel.records.backup.keys import KeyBox
    from fapiao_kernel.records.proof.recorder import ProofRecorder

    practice: Practice = house.plugins.only("practice")
    with ExitStack() as on_the_way_out:
        on_the_way_out.callback(strike, practice, folder)
        backups = RehearsedBackups(house.backups, house.trial_backups(folder / SCRATCH))
        # A throwaway key: nothing that a rehearsal writes may carry the home's own signature.
        signer, _ = KeyBox.ensure(folder / SCRATCH / "keys")
        journal = FileJournal(Home(folder).journal, house.clock)
        on_the_way_out.callback(journal.close)
        world = practice.twin(folder / TWIN, readout)
        card = _twin_card(house, world)
        on_the_way_out.callback(card.close)
        authority: Authority = house.plugins.only("authorities").open(world.authority)
        on_the_way_out.callback(_close, authority)
        engine = Engine(
            journal=journal,
            ledger=RehearsedLedger(house.ledger),
            backups=backups,
            recorder=ProofRecorder(Home(folder / SCRATCH), journal, signer),
            clock=house.clock,
            card=lambda address: card,
            authority=lambda address: authority,
            progress=lambda run, label, done, total: tell(label, done, total),
            versions=versions(),
            disk_free=lambda: shutil.disk_usage(house.home.root).free,
            policy=RehearsedPolicy(house.policy),
        )
        yield Set(world, card, authority, engine, journal, backups)


def strike(practice: Practice, folder: Path) -> None:
    """Clear the stage: the twin's processes end, twin and trial backups go. Journal and report stay."""
    practice.stop(folder / TWIN)
    for name in (TWIN, SCRATCH):
        shutil.rmtree(folder / name, ignore_errors=True)


def _twin_card(house: House, world: PracticeWorld) -> Card:
    """The twin through the shipped driver; not among the home's cards, where a production home would refuse it."""
    link = house.plugins.get("links", world.link).open(world.line)
    card: Card = house.plugins.get("drivers", parse(world.card).driver).open(link, world.card)
    return card


def _close(authority: Any) -> None:
    """Let the connection go, where the plugin's tax side keeps one."""
    close = getattr(authority, "close", None)
    if close is not None:
        close()
