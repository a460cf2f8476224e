"""Rehearsals (演练) of this home: one at a time, beside the real card, which is read once and left alone."""

from __future__ import annotations

import logging
import secrets
import threading
from typing import TYPE_CHECKING, Any

from fapiao_kernel.agent import rehearsal_stage
from fapiao_kernel.agent.errors import bug_view, view
from fapiao_kernel.agent.identity import versions
from fapiao_kernel.agent.rehearsal_book import RehearsalBook
from fapiao_kernel.agent.selection import selection_of
from fapiao_kernel.api.rehearsals import RehearsalSummary, RehearsalView
from fapiao_kernel.api.selection import Selecting
from fapiao_kernel.devices.address import parse
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, Refused
from fapiao_kernel.domain.rehearsal import Readout, RehearsalVerdict
from fapiao_kernel.operations.rehearsal import ReadOnlyCard, RealSide, Stage, backup_assumed, read_out, rehearse
from fapiao_kernel.ports import Authority
from fapiao_kernel.records.proof import rehearsal_record

if TYPE_CHECKING:
    from fapiao_kernel.agent.compose import House

log = logging.getLogger("fapiao.agent")

LABEL = "演练"
LABELS = {
    "read": "读取设备",
    "twin": "准备替身",
    "open": "演练：开始",
    "check": "演练：检查",
    "backup": "演练：备份",
    "report": "演练：抄报",
    "file_return": "演练：申报",
    "declaration": "演练：查询申报",
    "preview": "演练：生成预览",
    "confirm": "演练：确认",
    "execute": "演练：清卡",
    "conclude": "演练：核验与收尾",
}


class Rehearsals:
    """Every rehearsal of the home. What it knows of those that ended stands in the journal and in their folders."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._book = RehearsalBook(house.home, house.journal, house.identity.who)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._running = ""
        self._step = ""
        self._stopping = threading.Event()

    # --- for the routes

    def begin(self, request: Selecting) -> RehearsalView:
        """Begin a rehearsal. Raises ``UsageError`` (address, selection), ``Refused`` (``rehearsal_busy``)."""
        selection_of(request)
        card = str(parse(request.card))
        house = self._house
        with self._lock:
            if self._stopping.is_set():
                raise NotReachable("agent_stopping")
            if self._running:
                raise Refused("rehearsal_busy", id=self._running)
            id = f"y{house.clock.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
            self._book.begin(id, card, request)
            self._running, self._step = id, LABEL
            self._thread = threading.Thread(target=self._rehearse, args=(id, card, request), name="rehearsal")
            self._thread.start()
        house.changes.bump()
        return self.view(id)

    def all(self) -> list[RehearsalSummary]:
        """Every rehearsal, oldest first."""
        return self._book.all()

    def view(self, id: str) -> RehearsalView:
        """One rehearsal whole. Raises ``Refused`` (``rehearsal_not_found``)."""
        return self._book.view(id, self._step)

    # --- start and stop

    def settle(self) -> None:
        """At start: rehearsals that a killed agent left are ended, twin and all, and told as broken off."""
        for id in self._book.open():
            try:
                rehearsal_stage.strike(self._house.plugins.only("practice"), self._book.folder(id))
            except FapiaoError as error:  # without its plugin a twin stays; the home's own work goes on
                log.error("the twin of rehearsal %s was not ended", id, exc_info=error)
            self._book.end(id, RehearsalVerdict.BROKEN_OFF, error=view(Refused("rehearsal_broken_off")))

    def close(self) -> None:
        """End the rehearsal under way after its present step; no other begins."""
        with self._lock:
            self._stopping.set()
        self.wait()

    def wait(self) -> None:
        """Until the rehearsal under way has ended; at once when there is none."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    # --- the rehearsal itself

    def _rehearse(self, id: str, card: str, request: Selecting) -> None:
        files, verdict, error = None, RehearsalVerdict.BROKEN_OFF, None
        try:
            facts = self._facts(id, card, request)
            verdict = RehearsalVerdict(facts["verdict"])
            files = rehearsal_record.write(self._book.folder(id), facts)
        except FapiaoError as known:
            verdict, error = RehearsalVerdict.BROKEN_OFF, view(known)
        except Exception as bug:
            log.error("bug in rehearsal %s", id, exc_info=bug)
            verdict, error = RehearsalVerdict.BROKEN_OFF, bug_view(bug)
        try:
            self._book.end(id, verdict, files, error)
        except FapiaoError as unwritable:
            log.error("the end of rehearsal %s could not be written", id, exc_info=unwritable)
        finally:
            with self._lock:
                self._running = ""
            self._house.changes.bump()

    def _facts(self, id: str, card: str, request: Selecting) -> dict[str, Any]:
        house, who = self._house, self._house.identity.who
        begun_at = house.clock.now().isoformat(timespec="seconds")
        with house.worker.job(id, LABEL) as progress:

            def reading(label: str, done: int, total: int) -> None:
                self._going_on()  # a long list is left unread when the agent stops
                progress(label, done, total)

            self._tell("read")
            real = ReadOnlyCard(house.cards.get(card))
            # Once, on the card's own thread; from here on the real card is not used any more.
            readout, profile, evidence = house.worker.call(
                card, lambda: (read_out(real, house.clock, house.ledger, reading), real.profile, dict(real.evidence()))
            )
            self._tell("twin")
            with rehearsal_stage.stage(house, self._book.folder(id), readout, progress) as on:
                facts = rehearse(
                    Stage(
                        on.engine,
                        on.card,
                        on.authority,
                        on.world.pin,
                        selection_of(request),
                        who,
                        going_on=self._going_on,
                        tell=self._tell,
                    ),
                    readout,
                    RealSide(
                        profile,
                        evidence,
                        house.journal,
                        self._authority(card),
                        self._house.policy,
                        self._open_run(readout),
                        places=lambda: on.look_at_places(house.backup_folders),
                    ),
                )
                facts["assumed"] += backup_assumed(on.backups.made)
                records, head = on.journal.head()
        ended_at = house.clock.now().isoformat(timespec="seconds")
        facts["twin"] |= {"journal_records": records, "journal_head": head}
        return {
            **facts,
            "rehearsal": id,
            "card": card,
            "by": who,
            "begun_at": begun_at,
            "ended_at": ended_at,
            "versions": versions(),
        }

    def _open_run(self, readout: Readout) -> str:
        """The clear that is under way on the real card, if any."""
        number = readout.state.identity.device_number
        return next((r.id for r in self._house.engine.runs() if not r.over and r.device_number == number), "")

    def _authority(self, card: str) -> Authority | None:
        try:
            return self._house.authority(card)
        except FapiaoError:
            return None  # none is set: whether the return is filed is then a person's to say

    def _going_on(self) -> None:
        if self._stopping.is_set():
            raise NotReachable("agent_stopping")

    def _tell(self, step: str) -> None:
        self._step = LABELS[step]
        self._house.worker.progress(self._running, self._step, 0, 0)
        self._house.changes.bump()
