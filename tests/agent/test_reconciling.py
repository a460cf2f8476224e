"""Reconciling on a practice home: real agent, simulated card and tax side."""

from __future__ import annotations

from pathlib import Path

import pytest

from fapiao_kernel.client import Client, RequestError
from fapiao_kernel.domain.home import Home
from fapiao_kernel.domain.invoice import InvoiceStatus
from fapiao_kernel.domain.money import text
from fapiao_kernel.domain.practice import PracticeOptions
from fapiao_kernel.simulator import full_export
from fapiao_kernel.simulator.sample_month import sample_month
from fapiao_kernel.simulator.world import PRACTICE
from tests.agent.test_guided_clear import SIZE, confirmed, done, journal, to_preview


def codes(period) -> list[str]:
    return [finding.code for finding in period.findings]


def test_a_month_that_is_cleared_as_it_was_declared_agrees_on_all_three_sides(home: Path, client: Client) -> None:
    practice = client.practice_start(size=SIZE)
    before = client.reconcile(practice.card)
    assert {one.agreement for one in before.periods} == {"unknown"}, "nothing is declared yet"
    assert all(one.against_card == "agrees" and "reconcile_no_return" in codes(one) for one in before.periods)
    to_preview(client, practice)
    found = client.reconcile(practice.card)
    assert found.agreement == "agrees"
    for period in found.periods:
        device = period.lines[-1]
        assert (device.invoice_type, device.source) == ("device", "read")
        assert device.ledger.total == device.card.total == device.filed.total
        assert codes(period) == ["reconcile_agrees"] and period.read_at
    month = found.periods[-1].period
    rows = client.named("against_return", period=month).fetchall()
    assert rows and all(row[12] for row in rows), "the ready-made query says the same"
    run = client.runs()[-1].id
    token = confirmed(client, client.run(run))
    view = done(client, client.execute(run, token.revision, token.token, practice.pin))
    assert (view if view.state == "finished" else done(client, client.conclude(run))).verdict == "cleared"
    (after,) = client.reconcile(practice.card, [month]).periods
    assert (after.agreement, after.fresh) == ("agrees", False), "a cleared period is told from what the card said last"
    assert codes(after) == ["reconcile_agrees", "reconcile_card_kept"]


def test_a_lost_invoice_is_named_on_both_sides_and_a_stated_return_is_kept(
    home: Path, client: Client, tmp_path: Path
) -> None:
    month = sample_month(SIZE)
    lost = next(i for i in month.invoices[10:] if i.status is InvoiceStatus.NORMAL and not i.red)
    world = PRACTICE.start(Home(home).practice, PracticeOptions(size=SIZE))
    full_export.write(world.files[0], [invoice for invoice in month.exported if invoice.key != lost.key])
    practice = client.practice_start(size=SIZE)
    found = client.reconcile(practice.card)
    period = next(one for one in found.periods if one.period == str(lost.period))
    line = next(one for one in period.lines if one.invoice_type == lost.invoice_type.value)
    assert (line.against_card, line.card_apart.count, line.card_apart.total) == ("differs", -1, text(-lost.total))
    assert [(one.code, one.number) for one in line.named.only_card.shown] == [(lost.code, lost.number)]
    assert lost.number in next(f.evidence for f in period.findings if f.code == "reconcile_card_differs")

    # A return over every invoice, fully digital ones left out of it: they are what is apart, all together.
    digital = [
        i for i in month.exported if i.fully_digital and i.status is InvoiceStatus.NORMAL and i.period == lost.period
    ]
    mine = [
        i for i in month.exported if i.status is InvoiceStatus.NORMAL and i.period == lost.period and i.key != lost.key
    ]
    amount, tax = (
        sum(getattr(i, name) for i in mine) - sum(getattr(i, name) for i in digital) for name in ("amount", "tax")
    )
    file = tmp_path / "申报表.csv"
    file.write_text(f"征期,票种,税率,金额,税额\n{lost.period},,,{amount},{tax}\n", encoding="gb18030")
    told = client.state_return(practice.card, path=file, filed_on="2026-11-05")
    assert [(one.period, one.source, one.note, one.filed_on) for one in told.returns] == [
        (str(lost.period), "file", "申报表.csv", "2026-11-05")
    ]
    assert [record["data"]["return"]["note"] for record in journal(home) if record["kind"] == "return.stated"] == [
        "申报表.csv"
    ]
    (period,) = client.reconcile(practice.card, [str(lost.period)]).periods
    whole = next(one for one in period.lines if one.source == "file")
    assert whole.against_return == "differs"
    assert whole.explained.exact == ["fully_digital"]
    assert next([one.grounds for one in each] for each in whole.explained.sets) == [["equal", "fully_digital"]]
    assert [one.count for one in whole.explained.suspects if one.ground == "fully_digital"] == [len(digital)]


def test_a_card_that_is_away_is_told_from_what_it_said_last(home: Path, client: Client) -> None:
    practice = client.practice_start(size=SIZE)
    first = client.reconcile(practice.card)
    PRACTICE.stop(Home(home).practice)
    card_file = Home(home).practice / "card.json"
    moved = card_file.rename(card_file.with_suffix(".away"))
    try:
        found = client.reconcile(practice.card, [first.periods[-1].period])
    finally:
        moved.rename(card_file)
    (period,) = found.periods
    assert (period.fresh, period.against_card) == (False, "agrees")
    assert period.read_at == first.periods[-1].read_at
    assert "reconcile_card_kept" in codes(period)


REFUSED = (
    ({"period": "2026-10", "stated": ["13%=abc/1.00"]}, "return_wrong"),
    ({"period": "2026-13", "stated": ["13%=1.00/0.13"]}, "return_wrong"),
    ({"period": "2026-10", "stated": []}, "return_wrong"),
    ({"period": "2026-10", "stated": ["=1.00/0.13"], "filed_on": "昨天"}, "return_wrong"),
    ({"path": "nowhere.csv"}, "return_unreadable"),
)


def test_what_cannot_be_read_is_refused_and_nothing_is_kept(client: Client, home: Path) -> None:
    with pytest.raises(RequestError) as refused:
        client.reconcile("gb18240+sim://novice")
    assert refused.value.code == "ledger_empty", "a home without invoices has nothing to reconcile"
    with pytest.raises(RequestError) as refused:
        client.reconcile("gb18240+sim://novice", (), "-1.00")
    assert (refused.value.code, refused.value.exit_code) == ("return_wrong", 2)
    for given, code in REFUSED:
        with pytest.raises(RequestError) as refused:
            client.state_return("gb18240+sim://novice", **given)
        assert (refused.value.code, refused.value.exit_code) == (code, 2), given
    assert not [record for record in journal(home) if record["kind"] == "return.stated"]
