"""Imports (导入): files in, through intake, into the ledger; what became of each file is told and journalled."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from fapiao_kernel.agent.cards import Cards
from fapiao_kernel.agent.settings import PRODUCTION, Settings
from fapiao_kernel.agent.views import file_view
from fapiao_kernel.agent.worker import Worker
from fapiao_kernel.api.ledger import FileView, ImportAnswer
from fapiao_kernel.domain.card import Volume
from fapiao_kernel.domain.errors import Cancelled, Refused, finding
from fapiao_kernel.domain.finding import Severity
from fapiao_kernel.domain.period import Period
from fapiao_kernel.ports import Added, Clock, Intake, Journal, Ledger, Progress, Reading

TOGETHER = 500
"""Files of few invoices that come in in one transaction: each for itself would wait for the disk."""
JOB = "import"
_NOTHING = Added(0, 0, 0, ())


class Importing:
    """One import at a time: the ledger has one writer."""

    def __init__(
        self,
        intake: Intake,
        ledger: Ledger,
        journal: Journal,
        cards: Cards,
        worker: Worker,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self._intake = intake
        self._ledger = ledger
        self._journal = journal
        self._cards = cards
        self._worker = worker
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._under_way = threading.Lock()
        self._stop: threading.Event | None = None
        """Set to stop the import under way; None while there is none."""

    def run(self, paths: Sequence[str], card: str | None, who: str, period: Period | None = None) -> ImportAnswer:
        """Import what a person gave. Bad input is a finding of its file, never an exception.

        Raises ``Refused`` (``import_busy``) while another import is under way: its progress and its cancelling are its own.
        """
        if not self._under_way.acquire(blocking=False):
            raise Refused("import_busy")
        self._stop = stop = threading.Event()
        try:
            with self._worker.job(JOB, "导入") as told:
                return self._run(paths, card, who, period, _stoppable(told, stop))
        finally:
            self._stop = None
            self._under_way.release()

    def cancel(self) -> bool:
        """Ask the import under way to stop (取消); False when there is none.

        What is in stays in, each file whole; of the file under way nothing comes in.
        """
        stop = self._stop
        if stop is None:
            return False
        stop.set()
        return True

    def _run(
        self, paths: Sequence[str], card: str | None, who: str, period: Period | None, progress: Progress
    ) -> ImportAnswer:
        views = [_missing(path) for path in paths if not Path(path).exists()]
        found = [Path(path) for path in paths if Path(path).exists()]
        if found and self._settings.fresh:
            self._settings.claim(PRODUCTION)
        volumes = self._cards.volumes() if found else {}
        waiting: list[Reading] = []
        try:
            files = self._intake.files(found, progress) if found else ()
            for place, reading in enumerate(self._intake.read_many(files, progress), 1):
                progress(Path(reading.file).name, place, len(files))
                if reading.sheets is None:
                    waiting.append(reading)
                if reading.sheets is not None or len(waiting) >= TOGETHER:
                    views += self._flush(waiting, volumes, card, who, period, progress)
                if reading.sheets is not None:
                    views += self._bring([reading], volumes, card, who, period, progress)
            views += self._flush(waiting, volumes, card, who, period, progress)
        except Cancelled:
            return ImportAnswer(files=views, cancelled=True)
        return ImportAnswer(files=views)

    def _flush(
        self,
        waiting: list[Reading],
        volumes: Mapping[str, Sequence[Volume]],
        card: str | None,
        who: str,
        period: Period | None,
        progress: Progress,
    ) -> list[FileView]:
        readings = list(waiting)
        waiting.clear()
        return self._bring(readings, volumes, card, who, period, progress) if readings else []

    def read(self, paths: Sequence[str], progress: Progress) -> tuple[list[Reading], list[FileView]]:
        """Read files without adding them, every invoice by itself; the views are of the paths that are not there."""
        missing = [_missing(path) for path in paths if not Path(path).exists()]
        found = [Path(path) for path in paths if Path(path).exists()]
        readings = self._intake.read_many(self._intake.files(found, progress), progress)
        return [self._intake.whole(reading, progress) for reading in readings], missing

    def bring(self, paths: Sequence[Path], who: str, progress: Progress) -> list[FileView]:
        """Bring in files of the program's own making: a practice world's."""
        volumes = self._cards.volumes()
        readings = self._intake.read_many(self._intake.files(paths), progress)
        return [self.add(reading, volumes, None, who, progress) for reading in readings]

    def add(
        self,
        reading: Reading,
        volumes: Mapping[str, Sequence[Volume]],
        card: str | None,
        who: str,
        progress: Progress | None = None,
    ) -> FileView:
        """Bring one file's invoices into the ledger, and say what became of the file."""
        (view,) = self._bring([reading], volumes, card, who, None, progress)
        return view

    def _bring(
        self,
        readings: Sequence[Reading],
        volumes: Mapping[str, Sequence[Volume]],
        card: str | None,
        who: str,
        period: Period | None,
        progress: Progress | None,
    ) -> list[FileView]:
        with self._lock:
            try:
                brought = self._ledger.take(
                    readings, at=self._clock.now(), cards=volumes, card=card, period=period, progress=progress
                )
            except Refused as refusal:  # the ledger takes none of this file; the others still come in
                if len(readings) == 1:
                    refused = replace(_NOTHING, findings=(refusal.finding(),))
                    return [self._told(readings[0], refused, "rejected", who)]
                brought = ()
            if brought:
                return [
                    self._told(r, added, status_of(r, added), who) for r, added in zip(readings, brought, strict=True)
                ]
        return [view for reading in readings for view in self._bring([reading], volumes, card, who, period, progress)]

    def _told(self, reading: Reading, added: Added, status: str, who: str) -> FileView:
        findings = [*reading.findings, *added.findings]
        if not added.count and not findings:
            findings.append(finding("intake_no_invoice"))
        self._journal.append(
            "import.done",
            {
                "file": reading.file,
                "original": reading.original,
                "importer": reading.importer,
                "status": status,
                "invoices": added.count,
                "new": added.new,
                "findings": [{"code": f.code, "severity": f.severity.value, "row": f.row} for f in findings],
            },
            who=who,
        )
        return file_view(reading.file, status, added.listed, added.count, findings)


def status_of(reading: Reading, added: Added) -> str:
    """``imported`` all came in · ``duplicate`` all were there · ``partial`` some rows could not be read · ``rejected`` nothing usable."""
    if not added.count:
        return "rejected"
    wrong = any(f.severity in (Severity.BLOCKER, Severity.UNKNOWN) for f in reading.findings)
    if added.bad or wrong:
        return "partial"
    return "imported" if added.new else "duplicate"


def _stoppable(told: Progress, stop: threading.Event) -> Progress:
    def progress(label: str, done: int, total: int) -> None:
        if stop.is_set():
            raise Cancelled("import_cancelled")
        told(label, done, total)

    return progress


def _missing(path: str) -> FileView:
    return file_view(path, "rejected", (), 0, (finding("path_missing"),))
