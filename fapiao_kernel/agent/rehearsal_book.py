"""What is known of rehearsals (演练台账): two records of no run in the home's journal, and a folder each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fapiao_kernel.api.rehearsals import RehearsalSummary, RehearsalView
from fapiao_kernel.api.selection import Selecting
from fapiao_kernel.api.shapes import ErrorView
from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.home import Home
from fapiao_kernel.domain.rehearsal import RehearsalVerdict
from fapiao_kernel.ports import Journal
from fapiao_kernel.records.proof import rehearsal_record

BEGUN, ENDED = "rehearsal.begun", "rehearsal.ended"
RUNNING, DONE, BROKEN_OFF = "running", "done", "broken_off"


class RehearsalBook:
    """Writes the two records, and tells rehearsals from them."""

    def __init__(self, home: Home, journal: Journal, who: str) -> None:
        self._home, self._journal, self._who = home, journal, who

    def folder(self, id: str) -> Path:
        """Where a rehearsal lies."""
        return self._home.rehearsals / id

    def begin(self, id: str, card: str, request: Selecting) -> None:
        """``rehearsal.begun``, before anything of it exists: a killed agent's twin is found by it."""
        asked = {"id": id, "card": card, "selection": request.model_dump(exclude={"card"}, exclude_defaults=True)}
        self._journal.append(BEGUN, asked, who=self._who)

    def end(
        self,
        id: str,
        verdict: RehearsalVerdict,
        files: rehearsal_record.RehearsalFiles | None = None,
        error: ErrorView | None = None,
    ) -> None:
        """``rehearsal.ended``: verdict, report and its digest, or why there is none."""
        data: dict[str, Any] = {"id": id, "verdict": verdict, "report": "", "sha256": ""}
        if files is not None:
            data |= {"report": files.page, "sha256": files.sha256}
        if error is not None:
            data["error"] = error.model_dump()
        self._journal.append(ENDED, data, who=self._who)

    def all(self) -> list[RehearsalSummary]:
        """Every rehearsal, oldest first."""
        return [_summary(begun, ended) for begun, ended in self._pairs().values()]

    def view(self, id: str, step: str) -> RehearsalView:
        """One whole; ``step`` is what is done for it now. Raises ``Refused`` (``rehearsal_not_found``)."""
        pairs = self._pairs()
        if id not in pairs:
            raise Refused("rehearsal_not_found", id=id)
        begun, ended = pairs[id]
        known = _summary(begun, ended).model_dump()
        if ended is None:
            return RehearsalView(**known, step=step)
        error = ended["data"].get("error")
        return RehearsalView(
            **known,
            facts=rehearsal_record.read_facts(self.folder(id)),
            error=ErrorView.model_validate(error) if error else None,
        )

    def open(self) -> Sequence[str]:
        """Those that have no end."""
        return [told.id for told in self.all() if told.state == RUNNING]

    def _pairs(self) -> dict[str, tuple[Mapping[str, Any], Mapping[str, Any] | None]]:
        pairs: dict[str, tuple[Mapping[str, Any], Mapping[str, Any] | None]] = {}
        for record in self._journal.records(run=""):
            if record.kind not in (BEGUN, ENDED):
                continue
            id, told = str(record.data["id"]), {"time": record.time, "data": record.data}
            pairs[id] = (told, None) if record.kind == BEGUN else (pairs[id][0], told)
        return pairs


def _summary(begun: Mapping[str, Any], ended: Mapping[str, Any] | None) -> RehearsalSummary:
    asked: Mapping[str, Any] = begun["data"]
    if ended is None:
        return RehearsalSummary(id=asked["id"], card=asked["card"], state=RUNNING, begun_at=begun["time"])
    came: Mapping[str, Any] = ended["data"]
    return RehearsalSummary(
        id=asked["id"],
        card=asked["card"],
        state=BROKEN_OFF if came["verdict"] == RehearsalVerdict.BROKEN_OFF else DONE,
        verdict=came["verdict"],
        begun_at=begun["time"],
        ended_at=ended["time"],
        report=came["report"],
        sha256=came["sha256"],
    )
