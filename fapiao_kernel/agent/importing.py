"""Imports (导入): files in, through intake, into the ledger; what became of each file is told and journalled."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from fapiao_kernel.agent.cards import Cards
from fapiao_kernel.agent.settings import PRODUCTION, Settings
from fapiao_kernel.agent.views import file_view
from fapiao_kernel.agent.worker import Worker
from fapiao_kernel.api.ledger import FileView, ImportAnswer
from fapiao_kernel.domain.card import Volume
from fapiao_kernel.domain.errors import Refused, finding
from fapiao_kernel.domain.finding import Finding, Severity
from fapiao_kernel.ports import Clock, Intake, Journal, Ledger, Progress, Reading


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

    def run(self, paths: Sequence[str], card: str | None, who: str) -> ImportAnswer:
        """Import what a person gave. Bad input is a finding of its file, never an exception."""
        with self._worker.job("import", "导入") as progress:
            views = [_missing(path) for path in paths if not Path(path).exists()]
            found = [Path(path) for path in paths if Path(path).exists()]
            if found and self._settings.fresh:
                self._settings.claim(PRODUCTION)
            volumes = self._cards.volumes() if found else {}
            for name, path in self._intake.files(found) if found else ():
                reading = self._intake.read(name, path, progress)
                views.append(self.add(reading, volumes, card, who, progress))
            return ImportAnswer(files=views)

    def read(self, paths: Sequence[str], progress: Progress) -> tuple[list[Reading], list[FileView]]:
        """Read files without adding them; the views are of the paths that are not there."""
        missing = [_missing(path) for path in paths if not Path(path).exists()]
        found = [Path(path) for path in paths if Path(path).exists()]
        return [self._intake.read(name, path, progress) for name, path in self._intake.files(found)], missing

    def add(
        self,
        reading: Reading,
        volumes: Mapping[str, Sequence[Volume]],
        card: str | None,
        who: str,
        progress: Progress | None = None,
    ) -> FileView:
        """Bring one file's invoices into the ledger, and say what became of the file."""
        with self._lock:
            findings = list(reading.findings)
            new = 0
            try:
                if reading.invoices:
                    added = self._ledger.add(
                        reading.invoices,
                        original=reading.original,
                        file=reading.file,
                        at=self._clock.now(),
                        cards=volumes,
                        card=card,
                        progress=progress,
                    )
                    findings += added.findings
                    new = added.new
                status = status_of(len(reading.invoices), new, reading.findings)
            except Refused as refusal:  # the ledger takes none of this file; the others still come in
                findings.append(refusal.finding())
                status = "rejected"
            self._journal.append(
                "import.done",
                {
                    "file": reading.file,
                    "original": reading.original,
                    "importer": reading.importer,
                    "status": status,
                    "invoices": len(reading.invoices),
                    "new": new,
                    "findings": [{"code": f.code, "severity": f.severity.value, "row": f.row} for f in findings],
                },
                who=who,
            )
        return file_view(reading.file, status, reading.invoices if status != "rejected" else (), findings)


def status_of(read: int, new: int, findings: Sequence[Finding]) -> str:
    """``imported`` all came in · ``duplicate`` all were there · ``partial`` some rows could not be read · ``rejected`` nothing usable."""
    if not read:
        return "rejected"
    if any(f.severity in (Severity.BLOCKER, Severity.UNKNOWN) for f in findings):
        return "partial"
    return "imported" if new else "duplicate"


def _missing(path: str) -> FileView:
    return file_view(path, "rejected", (), (finding("path_missing"),))
