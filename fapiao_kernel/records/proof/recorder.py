"""Writing what a run leaves (收尾) under ``records/<run>/``: the clear record as page, sheet and data, and the evidence bundle."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from fapiao_kernel.domain.errors import FapiaoError
from fapiao_kernel.domain.home import Home
from fapiao_kernel.domain.plain import plain
from fapiao_kernel.ports import Journal, Record, RunFiles
from fapiao_kernel.records import durable
from fapiao_kernel.records.journal import chain
from fapiao_kernel.records.proof import bundle, gathering, html_record, json_record, xlsx_record
from fapiao_kernel.records.proof import facts as facts_form
from fapiao_kernel.records.proof.signature import Signer, fingerprint

RECORD_NAME, SHEET_NAME, DATA_NAME, BUNDLE_NAME = "清卡记录.html", "清卡记录.xlsx", "清卡记录.json", "证据包.zip"
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class ProofRecorder:
    """``ports.Recorder``. Writing again with the same facts gives the same bytes."""

    def __init__(self, home: Home, journal: Journal, signer: Signer, lines: gathering.Lines | None = None) -> None:
        """``signer``: the home's key. ``lines``: where the units' canonical lines come from; without it the digests stand alone."""
        self._home, self._journal, self._signer, self._lines = home, journal, signer, lines

    def write(self, run: str, facts: Mapping[str, Any]) -> RunFiles:
        """All four files, each whole and on the disk when this returns.

        Raises ``FapiaoError``: ``bug`` for facts that are incomplete or carry a secret, ``proof_unwritable`` (the device is
        cleared all the same; writing may be tried again).
        """
        known: dict[str, Any] = plain(facts)
        facts_form.check(known)
        if known["run"] != run or not _RUN.fullmatch(run):
            raise FapiaoError("bug", what=f"facts are of run {known['run']!r}, not {run!r}")
        if secret := _secret(known):
            raise FapiaoError("bug", what=f"facts of run {run} carry {secret!r}")
        known = chain.writable(known)
        last = int(known["journal_last"])
        span = [r for r in self._journal.records(since=int(known["journal_first"]) - 1) if r.seq <= last]
        parts = self._parts(known, span)
        folder = self._home.records / run
        files = RunFiles(folder / RECORD_NAME, folder / BUNDLE_NAME, folder / SHEET_NAME, folder / DATA_NAME)
        try:
            durable.make_folder(folder)
            durable.write_atomic(files.record, parts.html)
            durable.write_atomic(folder / SHEET_NAME, parts.sheet)
            durable.write_atomic(folder / DATA_NAME, parts.data)
            with gathering.lines_of(known, self._lines, folder) as lines, durable.atomic(files.bundle) as out:
                bundle.build(out, known, span, replace(parts, lines=lines), self._signer)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", "") or str(error)
            raise FapiaoError("proof_unwritable", folder=str(folder), reason=reason) from error
        return files

    def _parts(self, facts: Mapping[str, Any], span: Sequence[Record]) -> bundle.Parts:
        own = [asdict(record) for record in span if record.run == facts["run"]]
        stretch, key = bundle.span(span), fingerprint(self._signer.public)
        head = str(stretch.get("head", ""))
        return bundle.Parts(
            html_record.render(facts, own, head, key).encode("utf-8"),
            xlsx_record.render(facts, own, head, key),
            json_record.render(facts, stretch, key),
            sidecars=gathering.sidecars(facts),
        )


def _secret(value: Any) -> str:
    """The first key, at any depth, that names a secret."""
    if isinstance(value, dict):
        named = next((key for key in value if key.lower() in chain.SECRET_KEYS), "")
        return named or next(filter(None, map(_secret, value.values())), "")
    return next(filter(None, map(_secret, value)), "") if isinstance(value, list) else ""
