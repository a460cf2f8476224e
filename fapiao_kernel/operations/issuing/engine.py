"""The issuing engine (开票引擎): one façade over its acts. Safe to call from several threads; one act at a time of a card."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from fapiao_kernel.domain.card import CardState
from fapiao_kernel.domain.clearing import Run
from fapiao_kernel.domain.errors import FapiaoError, OutcomeUnknown, Refused, UsageError
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import Invoice, InvoiceStatus
from fapiao_kernel.domain.issuing import InvoiceSheet, IssueRequest, NextNumber
from fapiao_kernel.operations.clearing.book import error_data
from fapiao_kernel.operations.clearing.desk import present_pin, require_evidence
from fapiao_kernel.operations.clearing.words import either
from fapiao_kernel.operations.issuing import foreseeing, settling, voiding
from fapiao_kernel.operations.issuing.acts import Act, Kind, Stage, digest
from fapiao_kernel.operations.issuing.book import IssueBook
from fapiao_kernel.operations.issuing.desk import Books, Desk
from fapiao_kernel.operations.issuing.outcomes import Foresight, Outcome, Result, result_of
from fapiao_kernel.operations.issuing.sending import send
from fapiao_kernel.operations.issuing.validating import RATES, findings, red_request
from fapiao_kernel.ports import Clock, IssuingCard, Journal, Progress


class Issuing:
    """Invoices on the card. ``card`` gives the issuing card of an address; ``holding`` is the lock that clears take too;
    ``runs`` are the clears that are known; ``rates`` the authorised ones (授权税率)."""

    def __init__(
        self,
        *,
        journal: Journal,
        books: Books,
        clock: Clock,
        card: Callable[[str], IssuingCard],
        holding: Callable[[str], AbstractContextManager[None]],
        runs: Callable[[], tuple[Run, ...]] = tuple,
        rates: frozenset[str] = RATES,
    ) -> None:
        self._desk = Desk(IssueBook(journal), books, clock, card, holding, runs, rates)

    def acts(self) -> tuple[Act, ...]:
        """Every act, oldest first."""
        return self._desk.book.acts()

    def unsettled(self, card: str = "") -> tuple[Act, ...]:
        """Acts whose outcome is open, or which the ledger has still to learn of."""
        return self._desk.book.unsettled(card)

    def preview(self, card: str, requests: Sequence[IssueRequest]) -> Foresight:
        """What would be issued, under which numbers, and what is to be said of it. Changes nothing."""
        with self._desk.holding(card):
            return foreseeing.foresee(self._desk, card, requests)

    def issue(self, card: str, request: IssueRequest, pin: str = "", who: str = "") -> Result:
        """Issue one invoice (开票). The same id again is the same invoice, also after a restart.

        Raises ``Refused`` (nothing sent, or rejected), ``NotReachable``, ``OutcomeUnknown`` (sent without an answer).
        """
        with self._desk.holding(card):
            opened, state = self._open(card)
            return self._issue(card, opened, state, request, _Pin(pin), who)

    def batch(
        self,
        card: str,
        requests: Sequence[IssueRequest],
        pin: str = "",
        who: str = "",
        *,
        stop: Callable[[], bool] = lambda: False,
        progress: Progress | None = None,
    ) -> tuple[Result, ...]:
        """Issue one after the other (批量开票). Those issued before are answered with their numbers; ``stop`` is asked between two.

        Ends at the first outcome that is unknown and when the card cannot be reached; a refusal is that request's alone. What it did
        not come to is ``not_begun``: the same batch again goes on there. Raises what opening the card raises.
        """
        results: list[Result] = []
        shown = _Pin(pin)
        with self._desk.holding(card):
            opened, state = self._open(card)
            for place, request in enumerate(requests):
                if stop():
                    break
                if progress is not None:
                    label = either("开票：", "Issuing: ") + f"{request.invoice_type.zh} {request.buyer_name}"
                    progress(label, place, len(requests))
                try:
                    results.append(self._issue(card, opened, state, request, shown, who))
                except FapiaoError as error:
                    results.append(self._failed(request, error))
                    if shown.refused or not isinstance(error, Refused | UsageError):
                        break
        left = requests[len(results) :]
        return (*results, *(Result(request.id, Outcome.NOT_BEGUN) for request in left))

    def void(self, card: str, code: str, number: str, typed: str, pin: str = "", who: str = "") -> Result:
        """Void an invoice of the open span (作废), confirmed by the last four digits of its number."""
        return voiding.void(self._desk, card, code, number, typed, pin, who)

    def red(self, card: str, code: str, number: str, remark: str = "") -> IssueRequest:
        """The request that takes a blue invoice back whole (红冲), under an id that is the blue one's: asked for twice, it is one.

        Sends nothing. Once its red invoice was voided, the next has an id of its own. Raises ``Refused`` (``red_no_blue``,
        ``red_wrong_blue``).
        """
        held = self._desk.held(code, number)
        if held is None:
            raise Refused("red_no_blue", invoice=f"{code} {number}")
        if held.invoice.red or held.invoice.status is InvoiceStatus.VOID:
            raise Refused("red_wrong_blue", invoice=f"{code} {number}")
        ids = (f"red-{code}-{number}" + (f"-{n}" if n > 1 else "") for n in itertools.count(1))
        return red_request(next(id for id in ids if not self._voided(id)), held, remark)

    def _voided(self, id: str) -> bool:
        """Whether this id's invoice was issued, and is void by now."""
        act = self._desk.book.find(Kind.ISSUE, id)
        held = self._desk.held(*act.invoice.key) if act is not None and act.stage is Stage.DONE else None
        return held is not None and held.invoice.status is InvoiceStatus.VOID

    def find(self, card: str, code: str, number: str) -> voiding.Looked:
        """One number, card and ledger side by side (发票查询). Changes nothing."""
        with self._desk.holding(card):
            return voiding.look(self._desk, card, code, number)

    def settle(self, card: str) -> tuple[Result, ...]:
        """Ask the card for every act without an answer, and bring into the ledger what it owes. Sends nothing again."""
        with self._desk.holding(card):
            return settling.settle(self._desk, card)

    def settle_open(self) -> None:
        """At start: ``settle`` for each card that has something open. What stays open is told by the act itself."""
        for card in dict.fromkeys(act.card for act in self._desk.book.unsettled()):
            try:
                self.settle(card)
            except FapiaoError:
                continue  # written as unknown where it was one; the next ask on this card settles it first

    def _open(self, address: str) -> tuple[IssuingCard, CardState]:
        """The card, once everything open on it is settled and no clear holds it."""
        card, state = self._desk.read(address)
        settling.settle_card(self._desk, address, card, state)
        self._desk.require_no_clear(address, state)
        return card, state

    def _issue(
        self, address: str, card: IssuingCard, state: CardState, request: IssueRequest, pin: _Pin, who: str
    ) -> Result:
        known = self._desk.book.find(Kind.ISSUE, request.id)
        if known is not None and known.stage is Stage.DONE:
            if known.asked != digest(request):
                raise Refused("issue_id_used", id=request.id, invoice=f"{known.invoice.code} {known.invoice.number}")
            return result_of(known, again=True)
        told = self._checked(request, state)
        upcoming = _next(card, request)
        require_evidence(card, state, "issue")
        pin.present(card, state)
        invoice = invoice_of(request, state, upcoming)
        sheet = InvoiceSheet(
            request.invoice_type, upcoming.code, upcoming.number, request.amount, request.tax, request.buyer_id,
            red=request.red_of is not None, red_of="".join(request.red_of or ()),
        )  # fmt: skip
        intent = {**voiding.intent_data(address, state, invoice), "asked": digest(request)}

        def act() -> dict[str, object]:
            issued = card.issue(sheet)
            if (issued.code, issued.number) != (sheet.code, sheet.number):
                raise OutcomeUnknown("issue_unclear", invoice=f"{sheet.code} {sheet.number}")
            return {"issue_date": issued.issue_date, "control_code": issued.control_code}

        result = send(self._desk, Kind.ISSUE, request.id, intent, who, act)
        return replace(result, findings=(*told, *result.findings))

    def _checked(self, request: IssueRequest, state: CardState) -> tuple[Finding, ...]:
        held = self._desk.held(*request.red_of) if request.red_of else None
        found = findings(request, state, self._desk.rates, held)
        for one in found:
            if one.holds_up:
                raise Refused.of(one)
        return tuple(found)

    def _failed(self, request: IssueRequest, error: FapiaoError) -> Result:
        known = self._desk.book.find(Kind.ISSUE, request.id)
        told = {**error_data(error), "exit_code": error.exit_code}
        if known is None or known.stage is Stage.DONE:  # refused before anything was written of it
            return Result(request.id, Outcome.REFUSED, error=told)
        return replace(result_of(known), error=told)


def invoice_of(request: IssueRequest, state: CardState, upcoming: NextNumber) -> Invoice:
    """The invoice as the ledger will have it; its day is the card's clock's until the card answers with its own."""
    who = state.identity
    return Invoice(
        code=upcoming.code,
        number=upcoming.number,
        invoice_type=request.invoice_type,
        issue_date=state.clock.date(),
        amount=request.amount,
        tax=request.tax,
        total=request.total,
        seller_id=who.taxpayer_id,
        seller_name=who.taxpayer_name,
        buyer_id=request.buyer_id,
        buyer_name=request.buyer_name,
        machine_number=who.device_number,
        status=InvoiceStatus.NORMAL,
        red=request.red_of is not None,
        red_of="".join(request.red_of or ()),
        remark=request.remark,
        lines=request.lines,
    )


def _next(card: IssuingCard, request: IssueRequest) -> NextNumber:
    found = card.next_number(request.invoice_type)
    if found is None:
        raise Refused("issue_no_number", type=request.invoice_type.zh)
    return found


class _Pin:
    """A PIN for one batch: shown to the card once, before the first act. A refusal spends no second try."""

    def __init__(self, pin: str) -> None:
        self._pin = pin
        self._shown = False
        self.refused = False

    def __repr__(self) -> str:
        return "_Pin()"

    def present(self, card: IssuingCard, state: CardState) -> None:
        """Raises ``Refused``: the card's, or ``pin_missing`` where there is none to show."""
        if self._shown:
            return
        try:
            present_pin(card, state, self._pin)
        except Refused:
            self.refused = True
            raise
        finally:
            self._pin = ""
        self._shown = True
