"""Checking a bundle (核验证据包) offline: no agent, no home. What it cannot know, it says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fapiao_kernel.domain.errors import finding
from fapiao_kernel.domain.finding import Finding, Severity
from fapiao_kernel.records.language import either
from fapiao_kernel.records.proof import (
    bundle,
    consistency,
    course,
    lines,
    not_known,
    notes_check,
    record_check,
    signature,
)
from fapiao_kernel.records.proof.opening import BROKEN_ZIP, Opened, opened
from fapiao_kernel.records.proof.slice import Slice, read

BROKEN_CONTENT = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What a well-formed zip with senseless files in it can raise."""


@dataclass(frozen=True)
class BundleCheck:
    """``ok``: nothing found. ``not_known``: sentences on what no reader of this file alone can know.
    ``signed_by``: fingerprint of the key whose signature holds, "" when none does."""

    ok: bool
    findings: tuple[Finding, ...]
    not_known: tuple[str, ...]
    signed_by: str = ""


def verify_bundle(path: Path, key: str = "") -> BundleCheck:
    """Zip, signature, files against the manifest, the journal's chain, the course of the run, and the parts against the journal.

    ``key``: the fingerprint that the signing key must have (``signature.ungrouped``). Never raises for a bad bundle.
    """
    check = _Check(key)
    try:
        with opened(path) as zipped:
            check.all(zipped)
    except (*BROKEN_ZIP, *BROKEN_CONTENT) as error:
        told = "" if isinstance(error, LookupError) else str(error)
        check.found.append(finding("bundle_unreadable", reason=told or repr(error)))
    return check.result()


class _Check:
    """One verification under way. A later step runs only when the earlier ones leave it something to stand on."""

    def __init__(self, key: str) -> None:
        self.key, self.signed_by = key, ""
        self.found: list[Finding] = []
        self.lines = self.simulated = False
        self.manifest: dict[str, Any] = {}

    def all(self, zipped: Opened) -> None:
        if bundle.MANIFEST not in zipped.names:
            self.found.append(finding("bundle_file_missing", file=bundle.MANIFEST))
            return
        content = zipped.read(bundle.MANIFEST)
        self.manifest = json.loads(content)
        if self.manifest["form"] not in (bundle.FORM, bundle.UNSIGNED_FORM):
            raise ValueError(either("不认识的格式版本", "a form that this version does not know"))
        self._signature(zipped, content)
        self._files(zipped)
        if self.manifest["form"] == bundle.FORM and not zipped.exact(bundle.content_of(self.manifest["body"])):
            self.found.append(finding("bundle_rewrapped"))
        if any(said.code in ("bundle_file_missing", "bundle_file_changed") for said in self.found):
            return
        run = str(self.manifest["run"])
        piece = read(zipped.read(bundle.JOURNAL), run)
        self.found += [finding("bundle_chain_broken", line=line, reason=reason) for line, reason in piece.problems]
        self.simulated = any(r["kind"] == "run.opened" and bool(r["data"].get("simulated")) for r in piece.records)
        if {"first": piece.first, "last": piece.last, "head": piece.head} != self.manifest["journal"]:
            self.found.append(finding("bundle_disagrees", what=f"{bundle.MANIFEST} ≠ {bundle.JOURNAL}"))
        if not piece.problems:
            self._contents(zipped, piece)

    def _signature(self, zipped: Opened, content: bytes) -> None:
        if bundle.SIGNATURE not in zipped.names:
            self.found.append(finding("bundle_unsigned", severity=Severity.BLOCKER if self.key else None))
            return
        public = str(self.manifest["key"])
        mark = signature.fingerprint(public)
        if self.manifest["fingerprint"] != mark or not signature.holds(content, zipped.read(bundle.SIGNATURE), public):
            self.found.append(finding("bundle_signature_wrong"))
            return
        self.signed_by = mark
        if self.key and self.key != mark:
            found, expected = signature.grouped(mark), signature.grouped(self.key)
            self.found.append(finding("bundle_key_other", found=found, expected=expected))

    def _files(self, zipped: Opened) -> None:
        """Every member against the manifest, and the manifest against what a bundle must hold."""
        listed: Mapping[str, Any] = self.manifest["files"]
        unsigned = self.manifest["form"] == bundle.UNSIGNED_FORM
        names = set(bundle.UNSIGNED_NAMES if unsigned else bundle.NAMES)
        names |= {line["file"] for line in self.manifest.get("lines", ()) if line["file"]}
        for name in sorted(listed.keys() | names):
            if name not in zipped.names or name not in listed:
                self.found.append(finding("bundle_file_missing", file=name))
            elif zipped.content(name) != bundle.content_of(listed[name]):
                self.found.append(finding("bundle_file_changed", file=name))
        for name in sorted(set(zipped.names) - listed.keys() - names - {bundle.MANIFEST, bundle.SIGNATURE}):
            self.found.append(finding("bundle_file_unlisted", file=name))

    def _contents(self, zipped: Opened, piece: Slice) -> None:
        walked = course.walk(piece.records)
        self.found += [finding("bundle_course_wrong", what=what) for what in walked.departures]
        if walked.run is None or walked.departures:
            return
        names = [name for name in zipped.names if name.endswith(".json") and "/" not in name]
        parts = {name: json.loads(zipped.read(name)) for name in names}
        said = list(consistency.disagreements(parts, walked.run, piece.records))
        if self.manifest["form"] == bundle.FORM:
            said += record_check.disagreements(parts, walked.run, self.manifest)
            said += self._notes(zipped, parts[bundle.BACKUP], piece)
            self._lines(zipped, parts[bundle.PREVIEW])
        self.found += [finding("bundle_disagrees", what=what) for what in said]

    def _notes(self, zipped: Opened, backups: list[Mapping[str, Any]], piece: Slice) -> Iterator[str]:
        by_id = {str(backup["id"]): backup for backup in backups}
        for name in zipped.names:
            if name.startswith(bundle.BACKUPS):
                yield from notes_check.disagreements(name, zipped.read(name), by_id, piece, self.manifest["key"])

    def _lines(self, zipped: Opened, preview: Mapping[str, Any]) -> None:
        files = {(line["invoice_type"], line["period"]): line for line in self.manifest["lines"]}
        for unit in preview["units"]:
            line = files[unit["invoice_type"], unit["period"]]
            name = line["file"]
            if line["digest"] != unit["digest"]:
                self.found.append(finding("bundle_disagrees", what=f"{bundle.MANIFEST}: digest ≠ {bundle.PREVIEW}"))
            if name:
                wrong = lines.disagreements(zipped.chunks(name), unit)
                self.found += [finding("bundle_lines_wrong", file=name, what=what) for what in wrong]
        self.lines = bool(files) and all(line["file"] for line in files.values())

    def result(self) -> BundleCheck:
        pinned = bool(self.key) and self.key == self.signed_by
        told = not_known.sentences(self.signed_by, pinned=pinned, lines=self.lines, simulated=self.simulated)
        return BundleCheck(not self.found, tuple(self.found), told, self.signed_by)
