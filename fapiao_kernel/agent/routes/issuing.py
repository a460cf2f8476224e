"""Issuing (开票): read a file of requests, preview, issue, void, take back, find, settle."""

from __future__ import annotations

from fastapi import APIRouter

from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.issuing import IssuingRoom
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


def router(house: House) -> APIRouter:
    """The routes of this subject over one house."""
    routes = APIRouter(prefix="/issuing")
    room = IssuingRoom(house)

    @routes.get("")
    def unsettled(card: str) -> OpenView:
        """Acts whose outcome is unknown, or which the ledger has still to learn of."""
        return room.open(card)

    @routes.post("/read")
    def read(request: ReadRequests) -> RequestsView:
        """The requests of a file (xlsx, CSV, JSON); nothing is issued."""
        return room.read(request.path)

    @routes.post("/preview")
    def preview(request: PreviewIssue) -> IssuePreview:
        """What would be issued, under which numbers; nothing is changed."""
        return room.preview(request)

    @routes.post("/issue")
    def issue(request: IssueRequests) -> IssueAnswer:
        """Issue them one after the other. The same id again is the same invoice."""
        return room.issue(request)

    @routes.post("/cancel")
    def cancel(request: CardOnly) -> dict[str, bool]:
        """Stop between two invoices."""
        return {"cancelled": room.cancel(request.card)}

    @routes.post("/void")
    def void(request: VoidRequest) -> IssueAnswer:
        """Void an invoice of the open span (作废), confirmed by the last four digits of its number."""
        return room.void(request)

    @routes.post("/red")
    def red(request: RedRequest) -> RequestShape:
        """The request that takes a blue invoice back (红冲); it is issued like any other, and nothing is sent here."""
        return room.red(request)

    @routes.get("/find")
    def find(card: str, number: str, code: str = "") -> FoundView:
        """One number, card and ledger side by side."""
        return room.find(card, code, number)

    @routes.post("/settle")
    def settle(request: CardOnly) -> IssueAnswer:
        """Ask the card for every act without an answer; nothing is sent again."""
        return room.settle(request.card)

    return routes
