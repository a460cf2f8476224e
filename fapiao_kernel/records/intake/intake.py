"""Intake (收件): keep the original, find the importer by content, read. Whatever is wrong with a file becomes findings."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from fapiao_kernel.domain.errors import FapiaoError, Refused, finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.ports import Progress, Reading
from fapiao_kernel.records.durable import PARTIAL
from fapiao_kernel.records.intake import limits
from fapiao_kernel.records.intake.importer import Content, Importer
from fapiao_kernel.records.intake.keeping import keep
from fapiao_kernel.records.intake.sameness import once

log = logging.getLogger("fapiao.intake")

HEAD = 64 << 10
"""Bytes of a file's beginning that importers get to see."""
NAMED = 500
"""Findings of one file that are told one by one; the rest is counted in one more."""
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Compound file (MS-CFB): an .xls of old, or an .xlsx with a password."""


class FileIntake:
    """``ports.Intake`` over a folder of originals and the importers that are installed."""

    def __init__(self, folder: Path, importers: Mapping[str, Importer]) -> None:
        self._folder = folder
        for left in folder.glob(f"*{PARTIAL}"):  # by a crash: a home has one agent, and it starts here
            left.unlink(missing_ok=True)
        self._importers = importers

    def files(self, paths: Sequence[Path]) -> Sequence[tuple[str, Path]]:
        """Files below the paths in name order, each once; hidden ones and Office's lock files (``~$``) are not people's."""
        found: dict[Path, tuple[str, Path]] = {}
        for given in paths:
            for name, path in _walk(given) if given.is_dir() else [(str(given), given)]:
                found.setdefault(path.resolve(), (name, path))
        return list(found.values())

    def read(self, name: str, path: Path, progress: Progress | None = None) -> Reading:
        """Never raises: what could not be read is a finding. ``original`` is ``""`` only for a file that could not be kept."""
        original = importer = ""
        try:
            original, kept = keep(path, self._folder)
            importer, content = self._content(kept, progress)
        except FapiaoError as error:
            content = Content((), (error.finding(),))
        except OSError as error:
            content = Content((), (finding("intake_unreadable", evidence=f"{type(error).__name__}: {error.strerror}"),))
        except Exception as error:  # an importer may be anybody's: its bug must cost one file, not the import
            log.error("an importer failed", exc_info=error)
            content = Content((), (finding("intake_importer_failed", evidence=type(error).__name__),))
        invoices, twice = once(content.invoices)
        return Reading(name, original, importer, invoices, _bounded([*content.findings, *twice]))

    def _content(self, path: Path, progress: Progress | None) -> tuple[str, Content]:
        if path.stat().st_size == 0:
            raise Refused("intake_empty")
        with path.open("rb") as file:
            head = file.read(HEAD)
        names = limits.check_zip(path) if head.startswith(_ZIP) else None
        for id, importer in sorted(self._importers.items()):
            if importer.recognises(path, head):
                content = importer.read(path, progress)
                if not content.invoices and not content.findings:
                    content = Content((), (finding("intake_no_invoice"),))
                return id, content
        if names is not None:
            raise Refused("intake_zip_other", names="、".join(names[:3]) or "-")
        raise Refused("intake_old_excel" if head.startswith(_OLE) else "intake_unknown_kind")


def _walk(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        hidden = any(part.startswith((".", "~$")) for part in inside.parts)
        if not hidden and path.is_file():
            yield str(folder / inside), path


def _bounded(findings: list[Finding]) -> tuple[Finding, ...]:
    if len(findings) <= NAMED:
        return tuple(findings)
    more = finding("intake_more", count=len(findings) - NAMED)
    return (*findings[:NAMED], more)
