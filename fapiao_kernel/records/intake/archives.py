"""Zips of files (压缩包): what is in them, taken out under the originals' folder and never under the names that they bring.

An OFD or a workbook is a zip too; whoever asks says which zips are files of their own.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fapiao_kernel.domain.errors import FapiaoError, Refused
from fapiao_kernel.ports import Progress
from fapiao_kernel.records.intake import limits
from fapiao_kernel.records.intake.keeping import Keeping
from fapiao_kernel.records.language import either

DEEPEST = 2
"""A zip in a zip is opened; one further inside is not."""
_UTF8_NAME = 0x800
"""General purpose bit 11: the name is UTF-8 (APPNOTE.TXT, 4.4.4)."""
_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
"""Of a first entry, or of the end where there is none."""

IsFile = Callable[[Path], bool]
"""Whether a zip is a file of its own (OFD, workbook) rather than a folder of files."""


@dataclass(frozen=True)
class Inside:
    """One file of an archive: its name there, and its SHA-256; or why it cannot be had."""

    name: str
    sha256: str = ""
    refused: FapiaoError | None = None


@dataclass
class _Budget:
    """What all that comes out of one zip may be together."""

    entries: int = 0
    size: int = 0

    def spend(self, archive: Path, entries: list[zipfile.ZipInfo]) -> None:
        limits.check_zip(archive)
        self.entries += len(entries)
        self.size += sum(entry.file_size for entry in entries)
        if self.entries > limits.ENTRIES:
            raise Refused("intake_zip_bomb", what=f"{self.entries} > {limits.ENTRIES}")
        if self.size > limits.UNPACKED:
            raise Refused("intake_zip_bomb", what=f"{self.size >> 20} MB > {limits.UNPACKED >> 20} MB")


@dataclass
class Unpacking:
    """One zip being unpacked into ``originals``. ``is_file`` tells a zip that is a file of its own."""

    originals: Keeping
    is_file: IsFile
    progress: Progress | None = None
    _budget: _Budget = field(default_factory=_Budget)

    def files(self, archive: Path, depth: int = 1) -> list[Inside]:
        """Every file in it, zips inside opened. Raises ``Refused`` when the whole is not to be had: damaged, or a bomb."""
        try:
            with zipfile.ZipFile(archive) as opened:
                entries = [entry for entry in opened.infolist() if not entry.is_dir()]
                self._budget.spend(archive, entries)
                named = [(name, entry) for entry in entries if _for_people(name := name_of(entry))]
                found: list[Inside] = []
                for done, (name, entry) in enumerate(named):
                    if self.progress:
                        self.progress(either("解压", "Unpacking"), done, len(named))
                    found += self._one(opened, entry, name, depth)
                return found
        except limits.BROKEN_ZIP as error:
            raise Refused("intake_zip_damaged", original=type(error).__name__) from error

    def _one(self, opened: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, depth: int) -> Iterator[Inside]:
        try:
            if entry.flag_bits & 1:
                raise Refused("intake_zip_locked")
            if entry.file_size > limits.FILE_SIZE:
                raise Refused("intake_too_large", size=entry.file_size >> 20, most=limits.FILE_SIZE >> 20)
            with opened.open(entry) as stream:
                sha256 = self.originals.add(stream)  # type: ignore[arg-type]  # read() is all that is asked of it
        except FapiaoError as error:
            return iter([Inside(name, refused=error)])
        except limits.BROKEN_ZIP as error:
            return iter([Inside(name, refused=Refused("intake_zip_damaged", original=type(error).__name__))])
        path = self.originals.where(sha256)
        if not is_zip(path) or self.is_file(path):
            return iter([Inside(name, sha256)])
        if depth == DEEPEST:
            return iter([Inside(name, sha256, Refused("intake_zip_deep"))])
        return self._nested(path, name, sha256, depth)

    def _nested(self, path: Path, name: str, sha256: str, depth: int) -> Iterator[Inside]:
        try:
            inside = self.files(path, depth + 1)
        except Refused as refused:
            if refused.code == "intake_zip_bomb":  # the outer one counts as a whole
                raise
            return iter([Inside(name, sha256, refused)])
        if not inside:
            return iter([Inside(name, sha256, Refused("intake_zip_empty"))])
        return (Inside(f"{name}/{each.name}", each.sha256, each.refused) for each in inside)


def is_zip(path: Path) -> bool:
    """By its first bytes."""
    with path.open("rb") as file:
        return file.read(4) in _MAGIC


def name_of(entry: zipfile.ZipInfo) -> str:
    """The entry's name as people see it. Chinese Windows writes GBK without saying so, macOS UTF-8 without saying so.

    It is a name and nothing else: no file is ever made under it, so ``..`` and drive letters are but letters.
    """
    name = entry.orig_filename
    if not entry.flag_bits & _UTF8_NAME:
        raw = name.encode("cp437", "replace")
        for encoding in ("utf-8", "gb18030"):
            try:
                name = raw.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
    shown = "".join(c if c.isprintable() else "_" for c in name.replace("\\", "/"))
    return shown.strip("/") or "_"


def _for_people(name: str) -> bool:
    """Hidden files and what systems leave behind are not people's."""
    parts = name.split("/")
    system = parts[0] == "__MACOSX" or parts[-1] in ("Thumbs.db", "desktop.ini")
    return not system and not any(part.startswith("~$") or (part.startswith(".") and part.strip(".")) for part in parts)
