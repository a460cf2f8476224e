"""Intake (收件): keep the original, find the importer by content, read. Whatever is wrong with a file becomes findings."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from fapiao_kernel.domain.errors import FapiaoError, Refused, finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.ports import Progress, Reading
from fapiao_kernel.records.durable import PARTIAL
from fapiao_kernel.records.intake import archives, limits
from fapiao_kernel.records.intake.importer import Content, Importer
from fapiao_kernel.records.intake.keeping import Keeping, place
from fapiao_kernel.records.intake.sameness import once

log = logging.getLogger("fapiao.intake")

HEAD = 64 << 10
"""Bytes of a file's beginning that importers get to see."""
NAMED = 500
"""Findings of one file that are told one by one; the rest is counted in one more."""
TOGETHER = 500
"""Files that ``read_many`` keeps with one wait for the disk."""
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Compound file (MS-CFB): an .xls of old, or an .xlsx with a password."""

Kept = str | FapiaoError | OSError
"""SHA-256 of the original, or why it could not be kept."""


class FileIntake:
    """``ports.Intake`` over a folder of originals and the importers that are installed."""

    def __init__(self, folder: Path, importers: Mapping[str, Importer]) -> None:
        self._folder = folder
        for left in folder.glob(f"*{PARTIAL}"):  # by a crash: a home has one agent, and it starts here
            left.unlink(missing_ok=True)
        self._importers = importers
        self._refused: dict[str, FapiaoError] = {}

    def files(self, paths: Sequence[Path], progress: Progress | None = None) -> Sequence[tuple[str, Path]]:
        """Files below the paths in name order, each once; hidden ones and Office's lock files (``~$``) are not people's.

        A zip of files is kept and unpacked: its files come as ``outer.zip/name``, each kept under its own SHA-256. What cannot be
        unpacked comes under its name all the same, and ``read`` says why.
        """
        told = _Told.of(progress)
        found: dict[Path, list[tuple[str, Path]]] = {}
        for given in paths:
            for name, path in _below(given):
                if (whole := path.resolve()) not in found:
                    found[whole] = self._unpacked(name, path, told)
        return [each for files in found.values() for each in files]

    def read(self, name: str, path: Path, progress: Progress | None = None) -> Reading:
        """Bad input is a finding, never an exception; what ``progress`` raises ends it.

        ``original`` is ``""`` only for a file that could not be kept.
        """
        told = _Told.of(progress)
        return self._read(name, self._keep([path], told)[0], told)

    def read_many(self, files: Sequence[tuple[str, Path]], progress: Progress | None = None) -> Iterator[Reading]:
        """The same for many: their originals become durable together, before any of these files is read."""
        told = _Told.of(progress)
        for start in range(0, len(files), TOGETHER):
            some = files[start : start + TOGETHER]
            kept = self._keep([path for _, path in some], told)
            for at, ((name, _), original) in enumerate(zip(some, kept, strict=True), start):
                if told:
                    told(name.rpartition("/")[2], at, len(files))
                yield self._read(name, original, told)

    def whole(self, reading: Reading, progress: Progress | None = None) -> Reading:
        """The same file by the careful road alone: invoices in place of tables, which are closed."""
        if reading.sheets is None:
            return reading
        try:
            found, told = reading.sheets.everything(progress)
        finally:
            reading.sheets.close()
        invoices, twice = once(found)
        findings = [*reading.findings, *told, *twice]
        if not invoices and not findings:
            findings = [finding("intake_no_invoice")]
        return replace(reading, invoices=invoices, findings=_bounded(findings), sheets=None)

    def _keep(self, paths: Sequence[Path], progress: _Told | None) -> list[Kept]:
        kept: list[Kept] = []
        with Keeping(self._folder, progress) as originals:
            for path in paths:
                try:
                    kept.append(originals.add_file(path))
                except (FapiaoError, OSError) as error:
                    if progress and progress.raised:
                        raise
                    kept.append(error)
            try:
                originals.settle()
            except FapiaoError as error:  # the disk: nothing of these can be read
                return [each if isinstance(each, Exception) else error for each in kept]
        return kept

    def _read(self, name: str, kept: Kept, progress: _Told | None) -> Reading:
        original = importer = ""
        try:
            if isinstance(kept, Exception):
                raise kept
            original = kept
            if refused := self._refused.pop(name, None):
                raise refused
            importer, content = self._content(place(self._folder, original), progress)
        except FapiaoError as error:
            content = Content((), (error.finding(),))
        except OSError as error:
            content = Content((), (finding("intake_unreadable", evidence=f"{type(error).__name__}: {error.strerror}"),))
        except Exception as error:  # an importer may be anybody's: its bug must cost one file, not the import
            if not (progress and progress.raised):
                log.error("an importer failed", exc_info=error)
            content = Content((), (finding("intake_importer_failed", evidence=type(error).__name__),))
        if progress and progress.raised:  # whatever the importer made of it
            if content.sheets:
                content.sheets.close()
            raise progress.raised
        invoices, twice = once(content.invoices)
        return Reading(name, original, importer, invoices, _bounded([*content.findings, *twice]), content.sheets)

    def _content(self, path: Path, progress: Progress | None) -> tuple[str, Content]:
        if path.stat().st_size == 0:
            raise Refused("intake_empty")
        head = _head(path)
        names = limits.check_zip(path) if head.startswith(_ZIP) else None
        if importer := self._importer(path, head):
            content = importer.read(path, progress)
            if not content.invoices and not content.findings and content.sheets is None:
                content = Content((), (finding("intake_no_invoice"),))
            return importer.id, content
        if names is not None:
            raise Refused("intake_zip_other", names="、".join(names[:3]) or "-")
        raise Refused("intake_old_excel" if head.startswith(_OLE) else "intake_unknown_kind")

    def _importer(self, path: Path, head: bytes) -> Importer | None:
        return next((each for _, each in sorted(self._importers.items()) if each.recognises(path, head)), None)

    def _unpacked(self, name: str, path: Path, progress: _Told | None) -> list[tuple[str, Path]]:
        """The files of a zip; the path itself for whatever else it is."""
        whole = [(name, path)]
        self._refused.pop(name, None)  # of an import that was stopped
        try:
            if not path.is_file() or not archives.is_zip(path) or self._is_file(path):
                return whole
            with Keeping(self._folder, progress) as originals:
                kept = originals.add_file(path)
                inside = archives.Unpacking(originals, self._is_file, progress).files(originals.where(kept))
                originals.settle()
        except (FapiaoError, OSError) as error:
            if progress and progress.raised:
                raise progress.raised from None
            if isinstance(error, FapiaoError):  # else reading it will tell
                self._refused[name] = error
            return whole
        if not inside:
            self._refused[name] = Refused("intake_zip_empty")
            return whole
        return [self._entry(name, path, each) for each in inside]

    def _entry(self, outer: str, path: Path, inside: archives.Inside) -> tuple[str, Path]:
        name = f"{outer}/{inside.name}"
        self._refused.pop(name, None)
        if inside.refused:
            self._refused[name] = inside.refused
        return name, place(self._folder, inside.sha256) if inside.sha256 else path

    def _is_file(self, path: Path) -> bool:
        try:
            return self._importer(path, _head(path)) is not None
        except Exception as error:  # an importer may be anybody's; reading the file will tell
            log.warning("an importer failed to look at a zip", exc_info=error)
            return True


class _Told:
    """Progress that remembers what it raised: an importer may have taken it for a fault of the file."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.raised: BaseException | None = None

    @staticmethod
    def of(progress: Progress | None) -> _Told | None:
        return _Told(progress) if progress else None

    def __call__(self, label: str, done: int, total: int) -> None:
        try:
            self._progress(label, done, total)
        except BaseException as stop:
            self.raised = stop
            raise


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)


def _below(given: Path) -> Sequence[tuple[str, Path]]:
    """The path itself, or the files of a folder; a folder without any stands for itself, and reading it will tell."""
    return (list(_walk(given)) if given.is_dir() else []) or [(str(given), given)]


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
