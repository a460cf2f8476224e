"""What a face asks about issuing (开票)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fapiao_kernel.api.issuing import (
    CardOnly,
    FoundView,
    IssueAnswer,
    IssuePreview,
    IssueRequests,
    OpenView,
    PreviewIssue,
    ReadRequests,
    RedRequest,
    RequestShape,
    RequestsView,
    VoidRequest,
)
from fapiao_kernel.client.paths import absolute

if TYPE_CHECKING:
    from fapiao_kernel.client.wire import Wire


class Issuing:
    """Part of ``Client``. Every method raises ``RequestError``."""

    if TYPE_CHECKING:
        _wire: Wire

    def issue_requests(self, path: Path | str) -> RequestsView:
        """The issue requests (开票请求) of a file: xlsx, CSV or JSON. Nothing is issued."""
        return self._wire.ask(
            RequestsView, "POST", "/issuing/read", json=ReadRequests(path=str(absolute(path))), long=True
        )

    def issue_preview(self, card: str, requests: Sequence[RequestShape]) -> IssuePreview:
        """What would be issued, under which numbers, and what is to be said of it. Changes nothing."""
        asked = PreviewIssue(card=card, requests=list(requests))
        return self._wire.ask(IssuePreview, "POST", "/issuing/preview", json=asked, long=True)

    def issue(self, card: str, requests: Sequence[RequestShape], pin: str = "") -> IssueAnswer:
        """Issue (开票) one after the other; answered at the end. The same id again is the same invoice."""
        asked = IssueRequests(card=card, requests=list(requests), pin=pin)
        return self._wire.ask(IssueAnswer, "POST", "/issuing/issue", json=asked, long=True)

    def cancel_issue(self, card: str) -> bool:
        """Stop between two invoices; False when nothing is being issued."""
        return bool(self._wire.json("POST", "/issuing/cancel", json=CardOnly(card=card))["cancelled"])

    def void_invoice(self, card: str, code: str, number: str, confirm: str, pin: str = "") -> IssueAnswer:
        """Void (作废), confirmed by the last four digits of the number."""
        asked = VoidRequest(card=card, code=code, number=number, confirm=confirm, pin=pin)
        return self._wire.ask(IssueAnswer, "POST", "/issuing/void", json=asked, long=True)

    def red_request(self, card: str, code: str, number: str, remark: str = "") -> RequestShape:
        """The request that takes a blue invoice back whole (红冲); give it to ``issue``."""
        asked = RedRequest(card=card, code=code, number=number, remark=remark)
        return self._wire.ask(RequestShape, "POST", "/issuing/red", json=asked)

    def find_invoice(self, card: str, number: str, code: str = "") -> FoundView:
        """One number (发票查询), card and ledger side by side."""
        params = {"card": card, "number": number, "code": code}
        return self._wire.ask(FoundView, "GET", "/issuing/find", params=params, long=True)

    def settle_issue(self, card: str) -> IssueAnswer:
        """Ask the card for every act without an answer (查设备); nothing is sent again."""
        return self._wire.ask(IssueAnswer, "POST", "/issuing/settle", json=CardOnly(card=card), long=True)

    def unsettled_issues(self, card: str) -> OpenView:
        """Acts whose outcome is unknown, or which the ledger has still to learn of."""
        return self._wire.ask(OpenView, "GET", "/issuing", params={"card": card})
