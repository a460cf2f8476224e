"""What a recovered run leaves holds together: the record says that nothing was sent, and the bundle verifies offline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fapiao_kernel.domain.clearing import Event, Run
from fapiao_kernel.domain.errors import message
from fapiao_kernel.domain.home import Home
from fapiao_kernel.operations.diagnosis import Answer, diagnose
from fapiao_kernel.operations.diagnosis.timeline import timeline
from fapiao_kernel.records.journal.store import FileJournal
from fapiao_kernel.records.journal.verify import verify
from fapiao_kernel.records.proof.recorder import ProofRecorder
from fapiao_kernel.records.proof.verify import verify_bundle
from tests.operations import elsewhere
from tests.operations.fakes import SPECIAL
from tests.operations.world import World


class Key:
    """A signing key of the test's own."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
        self.public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    def sign(self, content: bytes) -> str:
        return self._key.sign(content).hex()


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[World]:
    """A world whose journal is on the disk and whose recorder is the one that ships."""
    world = World(tmp_path)
    home = Home(tmp_path / "home")
    journal = FileJournal(home.journal, world.clock)
    world.journal = journal  # type: ignore[assignment]  # the port, by the real store
    world.recorder = ProofRecorder(home, journal, Key())  # type: ignore[assignment]  # the port, by the real recorder
    world.start()
    yield world
    journal.close()


def recover(world: World, stage: str) -> Run:
    if stage != "none":
        getattr(world, stage)()
    elsewhere.cleared(world)
    return world.engine.continue_from_device(world.card.address, "王会计")


@pytest.mark.parametrize("stage", ["none", "opened", "backed_up", "reported", "previewed"])
def test_the_bundle_of_a_recovered_run_verifies(kept: World, stage: str) -> None:
    run = recover(kept, stage)
    check = verify_bundle(Path(run.facts[Event.RECORDED]["bundle"]))
    assert (check.ok, check.findings) == (True, ())


def test_the_bundle_of_a_part_verifies(kept: World) -> None:
    kept.declared()
    elsewhere.cleared(kept, SPECIAL)
    run = kept.engine.continue_from_device(kept.card.address)
    check = verify_bundle(Path(run.facts[Event.RECORDED]["bundle"]))
    assert (check.ok, check.findings) == (True, ())


def test_the_record_tells_the_recovery_and_no_clear(kept: World) -> None:
    run = recover(kept, "declared")
    page = Path(run.facts[Event.RECORDED]["record"]).read_text("utf-8")
    assert "设备原已清卡" in page
    assert "按设备读数补做" in page
    assert "已发送设备" not in page


def test_the_false_alarm_of_a_run_stands_in_its_story(kept: World) -> None:
    run, token = kept.confirmed()
    kept.engine.false_alarm(kept.card.address, "以为断电时清过", "王会计")
    run = kept.engine.execute(run.id, run.revision, token, "13572468")
    page = Path(run.facts[Event.RECORDED]["record"]).read_text("utf-8")
    assert "以为断电时清过" in page
    assert verify_bundle(Path(run.facts[Event.RECORDED]["bundle"])).ok


def test_the_timeline_says_that_the_device_told(kept: World) -> None:
    run = recover(kept, "declared")
    rows = timeline(kept.journal.records(run=run.id), run.id)
    (found,) = [row for row in rows if row["kind"] == Event.RECOVERED]
    assert (found["lane"], "2026-12-17" in found["text"]) == ("device", True)


def test_the_journal_of_a_recovery_verifies(kept: World, tmp_path: Path) -> None:
    recover(kept, "none")
    kept.engine.false_alarm(kept.card.address, "再确认一次", "王会计")
    assert verify(tmp_path / "home" / "journal").ok


# --- the answer to "is it cleared?"


def answer(world: World) -> Answer:
    (run,) = world.engine.runs()
    return diagnose(run=run, card=world.card.read_state(), records=world.journal.records())


def test_the_diagnosis_of_a_recovered_run_says_cleared_by_the_device(kept: World) -> None:
    recover(kept, "declared")
    told = answer(kept)
    assert told.cleared is True
    assert any("2026-11-17" in line and "2026-12-17" in line for line in told.ground)


def test_the_next_month_being_due_does_not_contradict_a_recovery(kept: World) -> None:
    recover(kept, "none")
    kept.clock.forward(days=30)
    assert answer(kept).cleared is False


def test_a_card_restored_after_a_recovery_contradicts_it(kept: World) -> None:
    recover(kept, "declared")
    elsewhere.restored(kept)
    told = answer(kept)
    assert (told.cleared, told.answer_en) == (
        None,
        message("diagnosis_contradiction").en.format(journal="cleared", device="not cleared"),
    )
