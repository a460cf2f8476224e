"""Everything a face can ask of the agent, one method a request."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from fapiao_kernel.api.ledger import ImportAnswer, ImportRequest
from fapiao_kernel.api.practice import PracticeRequest, PracticeView, ResultSheet
from fapiao_kernel.api.runs import Accept, Act, Approve, Confirm, Confirmed, Execute, RunEvents, RunView
from fapiao_kernel.api.selection import SelectedView, Selecting
from fapiao_kernel.api.shapes import Changes, RunSummary, StatusView
from fapiao_kernel.api.support import Diagnosis, ExplainRequest, FailureView
from fapiao_kernel.client.devices import Devices
from fapiao_kernel.client.errors import RequestError
from fapiao_kernel.client.grid import Grid
from fapiao_kernel.client.issuing import Issuing
from fapiao_kernel.client.paths import absolute, as_given
from fapiao_kernel.client.querying import Querying
from fapiao_kernel.client.reconciling import Reconciling
from fapiao_kernel.client.recovery import Recovery
from fapiao_kernel.client.rehearsals import Rehearsals
from fapiao_kernel.client.results import Results
from fapiao_kernel.client.wire import Wire


class Client(Rehearsals, Recovery, Querying, Grid, Issuing, Reconciling, Devices):
    """A client of one agent. Every method raises ``RequestError``; safe to use from several threads."""

    def __init__(self, wire: Wire, home: Path) -> None:
        self._wire = wire
        self._results = Results()
        self.home = home

    @property
    def url(self) -> str:
        """Where the agent answers."""
        return self._wire.address.url

    @property
    def pid(self) -> int:
        """The agent's process."""
        return self._wire.address.pid

    @property
    def boot_id(self) -> str:
        """Which start of the agent this client last found."""
        return self._wire.address.boot_id

    def close(self) -> None:
        """Let the connection and result files go; the agent runs on."""
        self._wire.close()
        self._results.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- the whole

    def health(self) -> dict[str, Any]:
        """``{"ok", "boot_id", "version"}``."""
        return dict(self._wire.json("GET", "/health"))

    def status(self) -> StatusView:
        """Cards, runs and work under way, small and cached."""
        return self._wire.ask(StatusView, "GET", "/status")

    def changes(self, since: int) -> Changes:
        """Long poll: answered at once when anything changed after ``since``, after 2 s at the latest."""
        return self._wire.ask(Changes, "GET", "/changes", params={"since": since})

    def doctor(self) -> dict[str, Any]:
        """``{"findings": [...], "plugins": {...}, "allowed": [...], "versions": {...}}``."""
        return dict(self._wire.json("GET", "/doctor"))

    def stop(self) -> None:
        """Ask the agent to end; a clear under way is brought to its safe point first."""
        self._wire.json("POST", "/stop")

    # --- practice

    def practice_start(self, **request: Any) -> PracticeView:
        """Make or attach the practice world. ``invoices``: the user's own files; see ``PracticeRequest``."""
        request["invoices"] = [str(absolute(path)) for path in request.get("invoices", ())]
        return self._wire.ask(PracticeView, "POST", "/practice/start", json=PracticeRequest(**request), long=True)

    def practice(self) -> PracticeView:
        """The practice world of this home; raises ``no_practice`` when there is none."""
        return self._wire.ask(PracticeView, "GET", "/practice", long=True)

    def file_return(self, run: str) -> dict[str, Any]:
        """Practice only: file the run's return as the tax portal would; gives ``{"receipt": ...}``."""
        return dict(self._wire.json("POST", "/practice/file-return", json={"run": run}))

    def practice_stop(self) -> None:
        """End the practice world's processes; its state stays."""
        self._wire.json("POST", "/practice/stop")

    # --- runs

    def import_files(self, paths: Sequence[Path | str], card: str | None = None, period: str = "") -> ImportAnswer:
        """Bring files and folders in; each file is named as its path was given here. ``period``: what lies outside is a finding."""
        places: dict[str, str] = {}
        for path in paths:
            places.setdefault(str(absolute(path)), str(path))
        request = ImportRequest(paths=list(places), card=card, period=period)
        answer = self._wire.ask(ImportAnswer, "POST", "/import", json=request, long=True)
        named = [file.model_copy(update={"file": as_given(file.file, places)}) for file in answer.files]
        return answer.model_copy(update={"files": named})

    def cancel_import(self) -> bool:
        """Stop the import under way (取消导入); False when there is none. Files that are in stay in, each whole."""
        return bool(self._wire.json("POST", "/import/cancel")["cancelled"])

    def select(self, card: str, **asked: Any) -> SelectedView:
        """What a selection (fields of ``Selecting``) comes to: the units that would really close. Opens nothing."""
        return self._wire.ask(SelectedView, "POST", "/runs/select", json=Selecting(card=card, **asked), long=True)

    def open_run(self, card: str, **asked: Any) -> RunView:
        """Open a run (开始清卡) over a selection (fields of ``Selecting``); nothing named: all that the card would close now."""
        return self._wire.ask(RunView, "POST", "/runs", json=Selecting(card=card, **asked), long=True)

    def runs(self) -> list[RunSummary]:
        """Every run, oldest first."""
        return [RunSummary.model_validate(run) for run in self._wire.json("GET", "/runs")]

    def run(self, id: str) -> RunView:
        """One run whole."""
        return self._wire.ask(RunView, "GET", f"/runs/{id}")

    def check(self, id: str) -> RunView:
        """Begin the checks (检查)."""
        return self._act(id, "check")

    def backup(self, id: str) -> RunView:
        """Begin the backup (备份)."""
        return self._act(id, "backup")

    def report(self, id: str, pin: str = "", period: str = "") -> RunView:
        """Begin 抄报, confirmed by its period as ``RunView.period`` names it; changes the card."""
        return self._wire.ask(RunView, "POST", f"/runs/{id}/report", json=Act(pin=pin, period=period))

    def declaration(self, id: str) -> RunView:
        """Begin asking the tax side for the return (申报)."""
        return self._act(id, "declaration")

    def preview(self, id: str) -> RunView:
        """Begin freezing the preview (预览)."""
        return self._act(id, "preview")

    def confirm(self, id: str, revision: str, device_tail: str, period: str) -> Confirmed:
        """Confirm a revision by what was typed (确认)."""
        request = Confirm(revision=revision, device_tail=device_tail, period=period)
        return self._wire.ask(Confirmed, "POST", f"/runs/{id}/confirm", json=request, long=True)

    def accept(self, id: str, code: str, reason: str) -> RunView:
        """Take a warning on for the next act, with a reason that the journal keeps."""
        return self._wire.ask(RunView, "POST", f"/runs/{id}/accept", json=Accept(code=code, reason=reason), long=True)

    def approve(self, id: str, revision: str, code: str = "") -> RunView:
        """Give the verification code (验证码), or, without one, approve as the second person (复核人)."""
        return self._wire.ask(RunView, "POST", f"/runs/{id}/approve", json=Approve(revision=revision, code=code))

    def execute(self, id: str, revision: str, token: str, pin: str = "") -> RunView:
        """Begin the clear (清卡) of a confirmed revision; cannot be undone."""
        request = Execute(revision=revision, token=token, pin=pin)
        return self._wire.ask(RunView, "POST", f"/runs/{id}/execute", json=request)

    def read_back(self, id: str) -> RunView:
        """Begin reading the device back (读取设备): the one way out of an unknown outcome."""
        return self._act(id, "read-back")

    def conclude(self, id: str) -> RunView:
        """Go on with verification and record where they stand (核验与收尾)."""
        return self._act(id, "conclude")

    def cancel(self, id: str) -> RunView:
        """Give the run up (取消)."""
        return self._act(id, "cancel")

    def _act(self, id: str, act: str) -> RunView:
        return self._wire.ask(RunView, "POST", f"/runs/{id}/{act}")

    def wait(
        self, id: str, on_change: Callable[[RunView], object] | None = None, timeout: float | None = None
    ) -> RunView:
        """Follow a run until the agent does nothing for it; ``on_change`` sees every change. The last view when time is up."""
        deadline = None if timeout is None else time.monotonic() + timeout
        since = self.changes(-1).changes
        view = self.run(id)
        while view.busy and (deadline is None or time.monotonic() < deadline):
            if on_change is not None:
                on_change(view)
            now = self.changes(since).changes
            if now != since:
                since, view = now, self.run(id)
        return view

    def events(self, id: str, since: int = 0) -> Iterator[RunEvents]:
        """Follow a run from any of its records on, until it is over: each answer brings new records or other work.

        Goes on through a restart of the agent: records are numbered by the journal.
        """
        known: RunEvents | None = None
        while known is None or not known.over:
            now = self._wire.ask(RunEvents, "GET", f"/runs/{id}/progress", params={"since": since})
            if now.records or now.over or known is None or now.work != known.work:
                yield now
            since, known = now.last, now

    def invoices(self, id: str, after: str = "", limit: int = 200) -> dict[str, Any]:
        """A page of the run's invoices, decimals as text: ``{"rows": [...], "next": ...}``."""
        return dict(self._wire.json("GET", f"/runs/{id}/invoices", params={"after": after, "limit": limit}))

    # --- ledger

    def census(self) -> dict[str, Any]:
        """How many invoices stand where."""
        return dict(self._wire.json("GET", "/ledger/census"))

    def totals(self) -> list[dict[str, Any]]:
        """Totals by type and rate."""
        return list(self._wire.json("GET", "/ledger/totals"))

    # --- support and lessons

    def diagnosis(self, card: str | None = None) -> Diagnosis:
        """The answer to 「设备到底清了没有」, and how we know."""
        return self._wire.ask(Diagnosis, "GET", "/diagnosis", params={"card": card} if card else None)

    def explain(self, text: str) -> list[FailureView]:
        """What a pasted code or sentence means."""
        found = self._wire.json("POST", "/diagnosis/explain", json=ExplainRequest(text=text))
        return [FailureView.model_validate(failure) for failure in found]

    def journal(self, run: str | None = None, since: int = 0) -> list[dict[str, Any]]:
        """Journal records (操作日志) after ``since``; of one run when asked."""
        params = {"since": since, **({"run": run} if run else {})}
        return list(self._wire.json("GET", "/journal", params=params))

    def journal_verify(self) -> dict[str, Any]:
        """``{"ok", "records", "first_bad"}``."""
        return dict(self._wire.json("GET", "/journal/verify", long=True))

    def lessons(self) -> list[dict[str, Any]]:
        """The lessons there are."""
        return list(self._wire.json("GET", "/lessons"))

    def lesson_start(self, name: str) -> dict[str, Any]:
        """A practice world with the lesson's fault."""
        return dict(self._wire.json("POST", f"/lessons/{name}/start", long=True))

    def lesson_sheet(self, name: str, run: str) -> ResultSheet:
        """The trainee's result sheet (成绩单)."""
        return self._wire.ask(ResultSheet, "GET", f"/lessons/{name}/sheet", params={"run": run})

    def make_backup(self) -> dict[str, Any]:
        """A backup outside any run: ``{"id", "time", "copies", "sha256", "size", "files", "proven"}``."""
        return dict(self._wire.json("POST", "/backup", long=True))

    def recovery_key(self) -> str:
        """The recovery key's secret half (恢复密钥), the first time it is asked for; ``""`` ever after."""
        return str(self._wire.json("POST", "/recovery-key").get("secret", ""))

    def openapi(self) -> dict[str, Any]:
        """The API's document."""
        return dict(self._wire.json("GET", "/openapi.json"))


__all__ = ["Client", "RequestError"]
