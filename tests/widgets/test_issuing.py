"""The issuing page: drawing issues nothing, one button names act and object, and unknown is not ok."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from fapiao_widgets.viewmodels.issuing import Issuing
from widget_shapes import ADDRESS

from fapiao_kernel.api.issuing import (
    ForeseenView,
    FoundView,
    IssueAnswer,
    IssuedView,
    IssuePreview,
    OpenView,
    RequestShape,
    SideView,
    TypeTotal,
)
from fapiao_kernel.api.shapes import FindingView
from fapiao_kernel.client import RequestError

PIN = "13572468"
ACTS = {"issue", "void_invoice", "settle_issue"}
FORM = {
    "type": "专票",
    "buyer_name": "北京样例",
    "buyer_id": "91110000600037341L",
    "item": "轴承",
    "amount": "100",
    "rate": "13%",
}
MONEY = {"amount": "100.00", "tax": "13.00", "total": "113.00"}
ISSUED = IssuedView(
    id="R1", outcome="done", invoice_type="004", code="4200261130", number="00000001", issue_date="2026-11-05", entered=True, **MONEY
)  # fmt: skip
SIDE = SideView(issue_date="2026-11-05", total="113.00", red=False, void=False)
FOUND = FoundView(
    card=ADDRESS, code="4200261130", number="00000001", invoice_type="004", name="专票", buyer_name="北京样例",
    on_card=SIDE, in_ledger=SIDE, agree=True, voidable=True, red_left="100.00", findings=[],
)  # fmt: skip
BLOCKED = FindingView(code="issue_rate", severity="blocker", message="税率不在授权税率里")


def foreseen(requests: list[RequestShape], *findings: FindingView, again: bool = False) -> IssuePreview:
    rows = [
        ForeseenView(
            id=r.id, invoice_type="004", name="专票", buyer_name=r.buyer_name, code="4200261130", number="00000001",
            red=False, again=again, findings=list(findings), **MONEY,
        )
        for r in requests
    ]  # fmt: skip
    totals = [TypeTotal(invoice_type="004", name="专票", count=len(rows), left=9, **MONEY)]
    return IssuePreview(card=ADDRESS, device_number="1", ready=not findings, rows=rows, totals=totals, findings=[])


@pytest.fixture
def page(client: Any) -> Issuing:
    client._unsettled_issues = lambda card: OpenView(unknown=[], owed=[])
    client._issue_preview = lambda card, requests: foreseen(requests)
    client._issue = lambda card, requests, pin: IssueAnswer(card=card, verdict="done", invoices=[ISSUED])
    client._void_invoice = lambda *a: IssueAnswer(card=ADDRESS, verdict="done", invoices=[ISSUED])
    client._find_invoice = lambda card, number, code: FOUND
    made = Issuing(client, lambda view: None, run=lambda work: work())
    made.refresh()
    return made


def drawn(page: Issuing) -> str:
    return json.dumps(page.view, ensure_ascii=False)


def done(page: Issuing) -> list[str]:
    return [name for name, _, _ in page.client.asked if name in ACTS]


def key(page: Issuing) -> str:
    return str(page.view["panel"]["key"])


def test_drawing_asks_for_nothing_that_changes_anything(page: Issuing) -> None:
    page.refresh()
    page.handle({"do": "one-request", **FORM})
    page.handle({"do": "start-over"})
    assert done(page) == []


def test_the_button_names_act_and_object(page: Issuing) -> None:
    page.handle({"do": "one-request", **FORM})
    assert key(page) == "issue-preview"
    labels = [button["label"] for button in page.view["panel"]["act"]["buttons"]]
    assert labels[0] == "开票：专票 1 张，价税合计 113.00"


def test_issuing_sends_what_was_previewed_once_and_keeps_no_pin(page: Issuing) -> None:
    page.handle({"do": "one-request", **FORM})
    (previewed,) = page.requests
    intent = {"do": "issue", "pin": PIN}
    page.handle(intent)
    page.handle({"do": "issue", "pin": PIN})
    assert [args for name, args, _ in page.client.asked if name == "issue"] == [(ADDRESS, [previewed], PIN)]
    assert (previewed.invoice_type, previewed.lines[0].amount, previewed.lines[0].rate) == ("004", "100.00", "0.13")
    assert PIN not in drawn(page) and PIN not in repr(page.__dict__)
    assert key(page) == "issue-result"


def test_what_is_held_up_has_no_issue_button(page: Issuing) -> None:
    page.client._issue_preview = lambda card, requests: foreseen(requests, BLOCKED)
    page.handle({"do": "one-request", **FORM})
    assert '"issue"' not in json.dumps(page.view["panel"]["act"])
    assert "税率不在授权税率里" in drawn(page)


def test_what_was_issued_before_has_no_issue_button(page: Issuing) -> None:
    page.client._issue_preview = lambda card, requests: foreseen(requests, again=True)
    page.handle({"do": "one-request", **FORM})
    assert [b["act"] for b in page.view["panel"]["act"]["buttons"]] == ["start-over"]


@pytest.mark.parametrize("field", ["type", "amount", "rate"])
def test_a_field_that_cannot_be_read_is_a_failure_card(page: Issuing, field: str) -> None:
    page.handle({"do": "one-request", **FORM, field: "甲"})
    assert page.trouble is not None and page.trouble.code == "issue_field_bad"
    assert key(page) == "issue"


@pytest.mark.parametrize(
    ("given", "rate"),
    [("13%", "0.13"), ("13", "0.13"), ("0.13", "0.13"), ("1.5%", "0.015"), ("0", "0"), ("免税", "免税")],
)
def test_a_rate_is_read_in_its_usual_forms(page: Issuing, given: str, rate: str) -> None:
    page.handle({"do": "one-request", **FORM, "rate": given})
    assert page.requests[0].lines[0].rate == rate


def test_after_a_refusal_the_same_requests_can_be_previewed_again_and_after_success_not(page: Issuing) -> None:
    issue, labels = page.client._issue, lambda: [button["act"] for button in page.view["panel"]["act"]["buttons"]]
    page.client._issue = lambda card, requests, pin: IssueAnswer(card=card, verdict="refused", invoices=[ISSUED])
    page.handle({"do": "one-request", **FORM})
    (previewed,) = page.requests
    page.handle({"do": "issue", "pin": "0"})
    assert labels() == ["preview-again", "start-over"]
    page.handle({"do": "preview-again"})
    assert key(page) == "issue-preview" and page.requests == [previewed]
    page.client._issue = issue
    page.handle({"do": "issue", "pin": PIN})
    assert labels() == ["start-over"]


def test_full_width_digits_are_the_digits_they_mean(page: Issuing) -> None:
    page.handle({"do": "find-invoice", "number": "００００００１２", "code": " 4200261130"})
    page.handle({"do": "go-void"})
    page.handle({"do": "void", "confirm": "００１２", "pin": PIN})
    asked = [args for name, args, _ in page.client.asked if name in ("find_invoice", "void_invoice")]
    assert asked == [(ADDRESS, "00000012", "4200261130"), (ADDRESS, FOUND.code, FOUND.number, "0012", PIN)]


def test_a_form_reads_what_an_input_method_types_and_leaves_names_as_they_are(page: Issuing) -> None:
    typed = {"type": "００４", "buyer_name": "样例（北京）公司", "amount": "￥１，０００．５元", "rate": "１３％"}
    page.handle({"do": "one-request", **FORM, **typed})
    (request,) = page.requests
    assert (request.invoice_type, request.buyer_name) == ("004", "样例（北京）公司")
    assert (request.lines[0].amount, request.lines[0].rate) == ("1000.50", "0.13")


def test_an_unknown_outcome_says_so_and_has_one_button(page: Issuing) -> None:
    page.client._unsettled_issues = lambda card: OpenView(
        unknown=[ISSUED.model_copy(update={"outcome": "unknown"})], owed=[]
    )
    page.refresh()
    assert key(page) == "issue-unknown" and "结果未知" in page.view["panel"]["answer"]
    assert [b["act"] for b in page.view["panel"]["act"]["buttons"]] == ["settle"]
    page.handle({"do": "settle"})
    assert done(page) == ["settle_issue"]


def test_a_void_has_a_panel_of_its_own_and_sends_what_was_typed(page: Issuing) -> None:
    page.handle({"do": "find-invoice", "number": "00000001", "code": ""})
    page.handle({"do": "go-void"})
    assert page.view["panel"]["danger"] and key(page) == "issue-void"
    assert page.view["panel"]["act"]["buttons"][0]["label"] == "作废：专票 4200261130 00000001，价税合计 113.00"
    assert done(page) == []
    page.handle({"do": "void", "confirm": "0001", "pin": PIN})
    assert [a for n, a, _ in page.client.asked if n == "void_invoice"] == [
        (ADDRESS, "4200261130", "00000001", "0001", PIN)
    ]
    assert PIN not in drawn(page)


def test_taking_back_goes_through_a_preview(page: Issuing) -> None:
    page.client._red_request = lambda card, code, number, remark: RequestShape(
        id="red", invoice_type="004", buyer_name="北京样例", lines=[], red_of=(code, number)
    )
    page.handle({"do": "find-invoice", "number": "00000001", "code": ""})
    page.handle({"do": "go-red", "remark": "4200112345678901"})
    assert key(page) == "issue-preview" and page.requests[0].red_of == ("4200261130", "00000001")
    assert done(page) == []


def test_a_stop_is_asked_for_while_it_runs(client: Any) -> None:
    waiting: list[Callable[[], None]] = []
    client._unsettled_issues = lambda card: OpenView(unknown=[], owed=[])
    client._issue_preview = lambda card, requests: foreseen(requests)
    client._cancel_issue = lambda card: True
    page = Issuing(client, lambda view: None, run=waiting.append)
    page.refresh()
    page.handle({"do": "one-request", **FORM})
    page.handle({"do": "issue", "pin": PIN})
    assert key(page) == "issue-work"
    page.handle({"do": "stop-issue"})
    assert "已要求停下" in page.view["panel"]["answer"]
    client.refuse["issue"] = RequestError.of("agent_unreachable")
    waiting[0]()
    assert page.trouble is not None and key(page) == "issue-preview"
