"""Issuing (开票) as the routes ask for it: on the card's thread, with the ledger learning of each act from an original of its own."""

from __future__ import annotations

import itertools
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from fapiao_kernel.agent.importing import Importing
from fapiao_kernel.agent.issuing_views import answer, found_view, issued_view, preview_view, request_of, request_shape
from fapiao_kernel.agent.views import finding_view
from fapiao_kernel.api.issuing import (
    FoundView,
    IssueAnswer,
    IssuePreview,
    IssueRequests,
    OpenView,
    PreviewIssue,
    RedRequest,
    RequestShape,
    RequestsView,
    VoidRequest,
)
from fapiao_kernel.domain.errors import FapiaoError, UsageError
from fapiao_kernel.domain.invoice import Invoice, InvoiceStatus
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.issuing.desk import Held
from fapiao_kernel.operations.issuing.outcomes import result_of
from fapiao_kernel.ports import Intake, Ledger

if TYPE_CHECKING:
    from fapiao_kernel.agent.compose import House
    from fapiao_kernel.records.ledger.ledger import DuckLedger

T = TypeVar("T")


class LedgerBooks:
    """``operations.issuing.desk.Books`` over the ledger. What it enters comes in as any file does: kept, read, journalled."""

    def __init__(
        self, ledger: Ledger, duck: Callable[[], DuckLedger | None], intake: Intake, importing: Importing
    ) -> None:
        self._ledger = ledger
        self._duck = duck
        self._intake = intake
        self._importing = importing

    def held(self, code: str, number: str) -> Held | None:
        """See ``Books``. A home without a ledger holds nothing, and none is made for the question."""
        duck = self._duck()
        found = duck.lookup(code, number) if duck is not None else None
        return Held(*found) if found is not None else None

    def closed(self, unit: ClearUnit) -> str | None:
        """See ``Books``."""
        return self._ledger.closed(unit)

    def enter(self, invoice: Invoice, act: Mapping[str, str], who: str) -> None:
        """See ``Books``. Raises ``FapiaoError`` (``issue_not_taken``) when the ledger does not have it afterwards."""
        from fapiao_kernel.records.intake.own_issued import written

        name = f"{act['act']} {invoice.code} {invoice.number}.json"
        with tempfile.TemporaryDirectory(prefix="fapiao-issued-") as folder:
            file = Path(folder) / "original"
            file.write_bytes(written(invoice, act))
            reading = self._intake.read(name, file)
        # The original names the machine: no volume is needed to find the card.
        view = self._importing.add(reading, {}, None, who)
        there = self.held(invoice.code, invoice.number)
        void = invoice.status is InvoiceStatus.VOID
        if there is None or (void and there.invoice.status is not InvoiceStatus.VOID):
            why = view.findings[0].message if view.findings else view.status
            raise FapiaoError("issue_not_taken", original=why)


class IssuingRoom:
    """All methods raise ``FapiaoError``."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._engine = house.issuing
        self._lock = threading.Lock()
        self._stops: dict[str, set[threading.Event]] = defaultdict(set)
        self._numbers = itertools.count(1)

    def read(self, path: str) -> RequestsView:
        """A file's requests; nothing is kept of it. Raises ``UsageError`` (``issue_file_empty``) for one that asks for nothing."""
        from fapiao_kernel.records.intake.issue_requests import read

        found = read(Path(path))
        if not found.requests and not found.findings:
            raise UsageError("issue_file_empty")
        return RequestsView(
            requests=[request_shape(one) for one in found.requests],
            findings=[finding_view(one) for one in found.findings],
        )

    def preview(self, asked: PreviewIssue) -> IssuePreview:
        """What would be issued; changes nothing."""
        card, requests = self._card(asked.card), [request_of(one) for one in asked.requests]
        return preview_view(card, self._house.worker.call(card, lambda: self._engine.preview(card, requests)))

    def issue(self, asked: IssueRequests) -> IssueAnswer:
        """Issue them one after the other; answered when the last is done, or one is unknown, or it was stopped."""
        card, requests = self._card(asked.card), [request_of(one) for one in asked.requests]
        stop, who = threading.Event(), self._house.identity.who
        with self._lock:
            self._stops[card].add(stop)
        try:
            with self._house.worker.job(f"issue-{next(self._numbers)}", "开票") as progress:
                results = self._house.worker.call(
                    card,
                    lambda: self._engine.batch(card, requests, asked.pin, who, stop=stop.is_set, progress=progress),
                )
        finally:
            with self._lock:
                self._stops[card].discard(stop)
        return answer(card, results)

    def cancel(self, address: str) -> bool:
        """Stop what is being issued on a card between two invoices; False when nothing is."""
        card = self._card(address)
        with self._lock:
            for stop in self._stops[card]:
                stop.set()
            return bool(self._stops[card])

    def void(self, asked: VoidRequest) -> IssueAnswer:
        """作废."""
        card, who = self._card(asked.card), self._house.identity.who
        result = self._act(
            card, "作废", lambda: self._engine.void(card, asked.code, asked.number, asked.confirm, asked.pin, who)
        )
        return answer(card, [result])

    def red(self, asked: RedRequest) -> RequestShape:
        """The request that takes a blue invoice back; sends nothing."""
        return request_shape(self._engine.red(self._card(asked.card), asked.code, asked.number, asked.remark))

    def find(self, address: str, code: str, number: str) -> FoundView:
        """One number, card and ledger side by side."""
        card = self._card(address)
        return found_view(card, self._house.worker.call(card, lambda: self._engine.find(card, code, number)))

    def settle(self, address: str) -> IssueAnswer:
        """Ask the card for what is unknown, and let the ledger learn of what it owes; nothing is sent again."""
        card = self._card(address)
        return answer(card, self._act(card, "查设备", lambda: self._engine.settle(card)))

    def open(self, address: str) -> OpenView:
        """Acts of a card that are not at their end; the card is not asked."""
        acts = self._engine.unsettled(self._card(address))
        return OpenView(
            unknown=[issued_view(result_of(act)) for act in acts if act.open],
            owed=[issued_view(result_of(act)) for act in acts if act.owed],
        )

    def _card(self, address: str) -> str:
        return self._house.cards.get(address).address

    def _act(self, card: str, label: str, call: Callable[[], T]) -> T:
        with self._house.worker.job(f"issue-{next(self._numbers)}", label):
            return self._house.worker.call(card, call)
