"""``fapiao reconcile``: ledger against card against filed return."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fapiao_kernel.cli.differing import difference_line
from fapiao_kernel.cli.follow import Steps
from fapiao_kernel.cli.output import CardOption, Done, HomeOption, Json, finding_lines, say, verb
from fapiao_kernel.cli.tables import show

if TYPE_CHECKING:
    from fapiao_kernel.api.reconciling import CandidateView, ExplanationView, LineView, ReconciliationView, SideView

MARKS = {"agrees": "✓ 一致 agrees", "differs": "✕ 有差异 differs", "unknown": "? 不知道 not known"}
GROUNDS = {
    "voided_after": "申报后作废 voided after filing",
    "imported_after": "申报后才导入 imported after filing",
    "late": "清卡后才到 came after the clear",
    "unsent": "未上传 not uploaded",
    "card_unknown": "不知道是哪台设备的 of no known card",
    "fully_digital": "数电票也要申报 fully digital, declared too",
    "red": "红字 red",
    "void": "作废 void",
    "equal": "金额正好是差额 exactly the difference",
    "twice": "申报表里可能重复 perhaps declared twice",
}
FEW = 5
"""Invoices of each ground that stand on the terminal; ``--json`` has 200."""
PeriodsOption = Annotated[
    list[str] | None, typer.Option("--period", help="征期；不写则是设备上未清的 · e.g. 2026-10", show_default=False)
]
ReturnOption = Annotated[
    Path | None,
    typer.Option("--return", help="申报表数字：xlsx 或 CSV，列名 征期、票种、税率、金额、税额 · the return's figures"),
]
StatedOption = Annotated[
    list[str] | None,
    typer.Option(
        "--stated", help='口述的申报数字 · a figure stated: "13%=10000.00/1300.00", "专票 0.13=…", "=价税合计"'
    ),
]


@verb
def reconcile(
    card: CardOption = None,
    period: PeriodsOption = None,
    returned: ReturnOption = None,
    stated: StatedOption = None,
    filed_on: Annotated[str, typer.Option("--filed-on", help="申报日期 · day of filing, e.g. 2026-11-05")] = "",
    tolerance: Annotated[
        str, typer.Option("--tolerance", help="金额容差（元）· yuan that sums may differ by")
    ] = "0.00",
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """对账：发票库、设备、申报表，差异到发票号码。设备只读。 · Ledger against card against return, down to invoice numbers.

    例 Examples: fapiao reconcile · fapiao reconcile --return 申报表.xlsx ·
    fapiao reconcile --period 2026-10 --stated "13%=10000.00/1300.00"
    """
    from fapiao_kernel.cli.choose import card_of
    from fapiao_kernel.client import RequestError, connect

    with connect(home) as client:
        address = card_of(client, card)
        periods = list(period or ())
        if stated and len(periods) != 1:
            raise RequestError.of("bad_request", exit_code=2, what="--stated: --period 2026-10")
        told = []
        if stated:
            told += client.state_return(address, periods[0], stated, filed_on=filed_on).returns
        if returned is not None:
            told += client.state_return(address, "".join(periods[:1]), path=returned, filed_on=filed_on).returns
        for kept in told:
            say(
                f"· 已记下 noted: {kept.period} {len(kept.figures)} 项 figures（{kept.note or kept.source}）",
                as_json=as_json,
            )
        wanted = periods or sorted({kept.period for kept in told})
        steps = Steps(client, as_json=as_json)
        answer = steps.call("reconcile", "对账 reconciling", lambda: client.reconcile(address, wanted, tolerance))
    for one in answer.periods:
        if not as_json:
            _show(one)
    raise Done(answer.model_dump(), 0 if answer.agreement == "agrees" else 1)


def _show(one: ReconciliationView) -> None:
    """One period: the answer first, the figures under it, then the invoices."""
    from rich.table import Table

    say(f"{MARKS[one.agreement]} · {one.period} · {one.device_number}")
    for line in finding_lines(one.findings):
        say(line)
    if one.lines:
        table = Table(title_justify="left")
        for name in ("", "发票库 ledger", "设备 card", "申报表 return", "对设备 vs card", "对申报表 vs return"):
            table.add_column(name, justify="left" if not name or " vs " in name else "right")
        for each in one.lines:
            sides = (_side(each.ledger), _side(each.card), _side(each.filed))
            table.add_row(
                each.name,
                *sides,
                _apart(each.against_card, each.card_apart),
                _apart(each.against_return, each.filed_apart),
            )
        show(table)
    for each in one.lines:
        if each.named is not None:
            say(difference_line(each.named))
        if each.explained is not None:
            _explain(each, each.explained)


def _side(side: SideView | None) -> str:
    if side is None:
        return "-"
    count = "" if side.count is None else f"{side.count:,} 张 "
    return f"{count}{_comma(side.total)}"


def _apart(agreed: str | None, apart: SideView | None) -> str:
    if agreed is None:
        return ""
    if agreed != "differs" or apart is None:
        return MARKS[agreed]
    count = f"{apart.count:+,} 张 " if apart.count else ""
    return f"✕ {count}{_comma(apart.total)}"


def _explain(line: LineView, told: ExplanationView) -> None:
    say(f"  {line.name} 差额可能来自 the difference may come from:")
    for one in told.suspects:
        exact = "，合计正好是差额 exactly the difference" if one.ground in told.exact else ""
        few = "、".join(_number(each) for each in one.shown[:FEW]) + (" …" if one.count > FEW else "")
        say(f"    · {GROUNDS[one.ground]}: {one.count:,} 张 {_comma(one.total)}{exact}（{few}）")
    for each in told.sets:
        say(
            "    ✓ 正好是差额 exactly: "
            + " + ".join(f"{_number(i)}（{'、'.join(GROUNDS[g] for g in i.grounds)}）" for i in each)
        )
    if not told.sets and not told.exact:
        tried = "单张、两张、三张都试过" if told.whole else "发票太多，没有全试"
        say(f"    ? 没有哪几张正好是差额（{tried}）· no few invoices come to it exactly")


def _number(one: CandidateView) -> str:
    return f"{one.code} {one.number}".strip()


def _comma(amount: str) -> str:
    sign, digits = ("-", amount[1:]) if amount.startswith("-") else ("", amount)
    yuan, _, fen = digits.partition(".")
    return f"{sign}{int(yuan):,}.{fen}"


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("reconcile")(reconcile)
