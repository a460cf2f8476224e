"""Writing what a run leaves (收尾): the clear record (清卡记录) and the evidence bundle (证据包) under ``records/<run>/``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fapiao_kernel.domain.errors import FapiaoError
from fapiao_kernel.domain.home import Home
from fapiao_kernel.domain.plain import plain
from fapiao_kernel.ports import Journal, RunFiles
from fapiao_kernel.records import durable
from fapiao_kernel.records.journal.chain import SECRET_KEYS
from fapiao_kernel.records.proof import bundle, html_record
from fapiao_kernel.records.proof import facts as facts_form

RECORD_NAME, BUNDLE_NAME = "清卡记录.html", "证据包.zip"
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class ProofRecorder:
    """``ports.Recorder``. Writing again with the same facts gives the same bytes."""

    def __init__(self, home: Home, journal: Journal) -> None:
        self._home, self._journal = home, journal

    def write(self, run: str, facts: Mapping[str, Any]) -> RunFiles:
        """Both files, each whole and on the disk when this returns.

        Raises ``FapiaoError``: ``bug`` for facts that are incomplete or carry a secret, ``proof_unwritable`` (the device is
        cleared all the same; writing may be tried again).
        """
        known: dict[str, Any] = plain(facts)
        facts_form.check(known)
        if known["run"] != run or not _RUN.fullmatch(run):
            raise FapiaoError("bug", what=f"facts are of run {known['run']!r}, not {run!r}")
        if secret := _secret(known):
            raise FapiaoError("bug", what=f"facts of run {run} carry {secret!r}")
        last = int(known["journal_last"])
        span = [r for r in self._journal.records(since=int(known["journal_first"]) - 1) if r.seq <= last]
        own = [asdict(record) for record in span if record.run == run]
        page = html_record.render(known, own, span[-1].hash if span else "")
        folder = self._home.records / run
        files = RunFiles(folder / RECORD_NAME, folder / BUNDLE_NAME)
        try:
            durable.make_folder(folder)
            durable.write_atomic(files.record, page.encode("utf-8"))
            durable.write_atomic(files.bundle, bundle.build(known, span, page))
        except OSError as error:
            raise FapiaoError("proof_unwritable", folder=str(folder), reason=error.strerror or str(error)) from error
        return files


def _secret(value: Any) -> str:
    """The first key, at any depth, that names a secret."""
    if isinstance(value, dict):
        named = next((key for key in value if key.lower() in SECRET_KEYS), "")
        return named or next(filter(None, map(_secret, value.values())), "")
    return next(filter(None, map(_secret, value)), "") if isinstance(value, list) else ""
