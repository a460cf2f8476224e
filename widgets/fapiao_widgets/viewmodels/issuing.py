"""The issuing page (开票): one question a step. Drawing asks only; every act is a click that names act and object."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fapiao_kernel.api.issuing import FoundView, IssueAnswer, IssuePreview, OpenView, RequestShape
from fapiao_kernel.api.shapes import CardView, FindingView
from fapiao_widgets.text import say
from fapiao_widgets.viewmodels.frame import attach_bar, panel, whole
from fapiao_widgets.viewmodels.issue_form import one_request
from fapiao_widgets.viewmodels.issue_panels import choice, found_panel, preview, result, unknown, void_panel, working
from fapiao_widgets.viewmodels.model import Model, Publish, in_background
from fapiao_widgets.viewmodels.starting import CLEAR_NOTEBOOK
from fapiao_widgets.viewmodels.trouble import REFUSALS, Trouble
from fapiao_widgets.viewmodels.trouble import card as failure_card


class Issuing(Model):
    """What it shows is derived from what the agent says is open, then from what was asked for on this page."""

    title = "title.issue"
    help = "issue"

    def __init__(
        self, client: Any, publish: Publish, run: Callable[[Callable[[], None]], None] = in_background
    ) -> None:
        super().__init__(client, publish)
        self._run = run
        self._fresh()

    def _fresh(self) -> None:
        self.requests: list[RequestShape] = []
        self.unread: Sequence[FindingView] = ()
        self.foreseen: IssuePreview | None = None
        self.answer: IssueAnswer | None = None
        self.found: FoundView | None = None
        self.voiding = False
        self.busy = False
        self.stopping = False

    # --- drawing ---

    def draw(self) -> dict[str, Any]:
        assert self.status is not None
        card = self.status.cards[0] if self.status.cards else None
        open_runs = [run for run in self.status.runs if not run.over]
        run = self.client.run(open_runs[0].id) if open_runs else None
        frame = self.frame(card)
        if card is None:
            return whole(frame, panel("issue-no-card", say("issue.no_card"), []))
        drawn = self._panel(card)
        if self.trouble is not None:
            drawn["blocks"].insert(0, failure_card(self.trouble))
        return whole(frame, drawn, attach=attach_bar(self.status.runs, run, CLEAR_NOTEBOOK))

    def _panel(self, card: CardView) -> dict[str, Any]:
        assert self.status is not None
        if self.busy:
            return working(self.status.work, self.stopping)
        left: OpenView = self.client.unsettled_issues(card.address)
        if left.unknown or left.owed:
            return unknown(left, self.answer)
        if self.answer is not None:
            return result(self.answer, again=bool(self.requests))
        if self.found is not None:
            return void_panel(self.found) if self.voiding else found_panel(self.found)
        if self.foreseen is not None:
            return preview(self.foreseen, self.unread, self.requests)
        return choice()

    # --- intents ---

    def acts(self) -> Mapping[str, Callable[[dict[str, Any]], None]]:
        return {
            "read-requests": self._read,
            "one-request": self._one,
            "issue": self._issue,
            "preview-again": lambda _: self._foresee(self.requests),
            "stop-issue": self._stop,
            "find-invoice": self._find,
            "go-void": self._go_void,
            "void": self._void,
            "go-red": self._red,
            "settle": self._settle,
            "start-over": lambda _: self._fresh(),
        }

    def _card(self) -> str:
        assert self.status is not None
        return self.status.cards[0].address

    def _read(self, inputs: dict[str, Any]) -> None:
        found = self.client.issue_requests(str(inputs.get("path", "")).strip())
        self._foresee(found.requests, found.findings)

    def _one(self, inputs: dict[str, Any]) -> None:
        self._foresee([one_request(inputs)])

    def _foresee(self, requests: list[RequestShape], unread: Sequence[FindingView] = ()) -> None:
        foreseen = self.client.issue_preview(self._card(), requests)
        self._fresh()
        self.requests, self.unread, self.foreseen = requests, unread, foreseen

    def _issue(self, inputs: dict[str, Any]) -> None:
        requests, card, pin = self.requests, self._card(), str(inputs.get("pin", ""))
        if self.busy or not requests:
            return
        self.busy = True
        self._run(lambda: self._end(lambda: self.client.issue(card, requests, pin)))

    def _void(self, inputs: dict[str, Any]) -> None:
        found, card = self.found, self._card()
        if found is None or self.busy:
            return
        answer = self.client.void_invoice(
            card, found.code, found.number, str(inputs.get("confirm", "")), str(inputs.get("pin", ""))
        )
        self._fresh()
        self.answer = answer

    def _end(self, work: Callable[[], IssueAnswer]) -> None:
        """The end of what ran beside the page: its answer, or the failure that it met."""
        answer, trouble = None, None
        try:
            answer = work()
        except REFUSALS as error:
            trouble = Trouble.of_error(error)
        with self._lock:
            self.busy = self.stopping = False
            if answer is not None:
                requests = (
                    [] if answer.verdict == "done" else self.requests
                )  # a mistyped PIN does not cost the whole form
                self._fresh()
                self.requests = requests
            self.answer, self.trouble = answer, trouble
            self._count += 1
        self.refresh()

    def _stop(self, inputs: dict[str, Any]) -> None:
        self.stopping = bool(self.client.cancel_issue(self._card()))

    def _find(self, inputs: dict[str, Any]) -> None:
        number, code = (str(inputs.get(name, "")).strip() for name in ("number", "code"))
        found = self.client.find_invoice(self._card(), number, code)
        self._fresh()
        self.found = found

    def _go_void(self, inputs: dict[str, Any]) -> None:
        self.voiding = True

    def _red(self, inputs: dict[str, Any]) -> None:
        if self.found is not None:
            found, remark = self.found, str(inputs.get("remark", "")).strip()
            self._foresee([self.client.red_request(self._card(), found.code, found.number, remark)])

    def _settle(self, inputs: dict[str, Any]) -> None:
        answer = self.client.settle_issue(self._card())
        self._fresh()
        self.answer = answer
