"""A practice month of which the ledger lacks one invoice: the frozen preview names exactly that one."""

from __future__ import annotations

from pathlib import Path

from python_calamine import CalamineWorkbook

from fapiao_kernel.client import Client
from fapiao_kernel.domain.home import Home
from fapiao_kernel.domain.invoice import InvoiceStatus
from fapiao_kernel.domain.money import text
from fapiao_kernel.domain.practice import PracticeOptions
from fapiao_kernel.records.proof.verify import verify_bundle
from fapiao_kernel.simulator import full_export
from fapiao_kernel.simulator.sample_month import sample_month
from fapiao_kernel.simulator.world import PRACTICE
from tests.agent.test_guided_clear import SIZE, confirmed, done, journal, to_preview


def test_the_one_invoice_that_was_not_imported_is_named_from_the_cards_own_list(home: Path, client: Client) -> None:
    month = sample_month(SIZE)
    lost = next(i for i in month.invoices[10:] if i.status is InvoiceStatus.NORMAL and not i.red)
    # The card issued all of them; the export that the person has lacks one.
    world = PRACTICE.start(Home(home).practice, PracticeOptions(size=SIZE))
    full_export.write(world.files[0], [invoice for invoice in month.exported if invoice.key != lost.key])
    practice = client.practice_start(size=SIZE)
    view = to_preview(client, practice)
    assert view.preview is not None
    told = next(found for found in view.preview.findings if found.code == "statistics_differ")
    assert f"{lost.code} {lost.number}" in told.evidence
    frozen = next(record["data"] for record in reversed(journal(home)) if record["kind"] == "preview.frozen")
    assert isinstance(frozen, dict)
    assert [(d["invoice_type"], d["by"]) for d in frozen["differences"]] == [(lost.invoice_type.value, "card_list")]
    entry = frozen["differences"][0]
    assert [(row["code"], row["number"], row["total"]) for row in entry["only_card"]["shown"]] == [
        (lost.code, lost.number, text(lost.total))
    ]
    assert entry["only_ledger"]["count"] == entry["other"]["count"] == entry["unnamed"] == 0
    assert entry["list_agrees"] is True
    assert [(d.only_card.count, d.only_card.shown[0].number) for d in view.preview.differences] == [(1, lost.number)]
    # Taken on with a reason, the clear goes its way, and record and bundle hold.
    client.accept(view.id, "statistics_differ", "一张发票已向销售部门补要")
    token = confirmed(client, client.run(view.id))
    view = done(client, client.execute(view.id, token.revision, token.token, practice.pin))
    if view.state != "finished":
        view = done(client, client.conclude(view.id))
    assert view.verdict == "cleared"
    page = Path(view.record).read_text("utf-8")
    assert lost.number in page and "只在设备上" in page
    sheet = CalamineWorkbook.from_path(view.sheet).get_sheet_by_name("差异").to_python()
    assert [row[9:12] for row in sheet if row[11] == lost.number] == [["只在设备上", lost.code, lost.number]]
    checked = verify_bundle(Path(view.bundle))
    assert checked.ok, checked.findings
