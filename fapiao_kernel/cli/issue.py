"""``fapiao issue``, ``void``, ``red``, ``find``: invoices on the card, previewed first, and then in the ledger."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fapiao_kernel.cli.issue_words import (
    answer_object,
    exit_code,
    found_lines,
    found_object,
    preview_lines,
    preview_object,
    result_lines,
)
from fapiao_kernel.cli.output import (
    CardOption,
    Done,
    HomeOption,
    Json,
    error_lines,
    error_object,
    finding_lines,
    say,
    verb,
)
from fapiao_kernel.cli.preview import PinOption, pin

if TYPE_CHECKING:
    from fapiao_kernel.api.issuing import IssueAnswer, IssuePreview, RequestShape
    from fapiao_kernel.api.shapes import FindingView
    from fapiao_kernel.client import Client

PreviewOption = Annotated[bool, typer.Option("--preview", help="只预览，不开 · preview only, nothing is sent")]
ConfirmOption = Annotated[
    str, typer.Option("--confirm", help="发票号码的后四位 · the last four digits of the invoice's number")
]
Code = Annotated[str, typer.Argument(help="发票代码 · the invoice's code")]
Number = Annotated[str, typer.Argument(help="发票号码 · the invoice's number")]
TYPED = 4


@verb
def issue(
    file: Annotated[Path | None, typer.Argument(help="开票请求：xlsx、CSV 或 JSON · issue requests")] = None,
    json_request: Annotated[str, typer.Option("--json-request", help="一张票的请求 · one request as JSON")] = "",
    preview: PreviewOption = False,
    settle: Annotated[
        bool, typer.Option("--settle", help="结果未知时查设备，什么也不重发 · ask the card, send nothing")
    ] = False,
    card: CardOption = None,
    pin_stdin: PinOption = False,
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """开票，一张或一批 · Issue invoices, one or a batch; previewed first, each sent once.

    表头：请求流水号 票种 购方名称 购方税号 商品名称 规格型号 单位 数量 单价 金额 税率 税额 备注；同一流水号的几行是一张票。
    同一流水号再来一次，还是那一张；Ctrl-C 在两张之间停下，再运行一次接着开。有一处挡住就一张也不开。
    The same id again is the same invoice; Ctrl-C stops between two, and the same file again goes on there.

    例 Examples: fapiao issue 开票.xlsx --preview · fapiao issue 开票.xlsx · fapiao issue --settle
    """
    from fapiao_kernel.cli.choose import card_of
    from fapiao_kernel.client import RequestError, connect

    if (file is not None) + bool(json_request) + settle != 1:
        raise RequestError.of("issue_one_way", exit_code=2)
    with connect(home) as client:
        address = card_of(client, card)
        if settle:
            _end(client.settle_issue(address), as_json)
        if not preview:
            _settled(client, address, as_json)
        requests, unread = _requests(client, file, json_request)
        foreseen = client.issue_preview(address, requests)
        for line in [*finding_lines(unread), *preview_lines(foreseen)]:
            say(line, as_json=as_json)
        ready = foreseen.ready and not unread
        if preview:
            raise Done(preview_object(foreseen, unread), 0 if ready else 1)
        if not ready:
            raise _not_ready(foreseen, unread)
        _ask_person(foreseen, as_json)
        _end(_issue(client, address, requests, pin_stdin, as_json), as_json)


@verb
def void(
    code: Code,
    number: Number,
    confirm: ConfirmOption = "",
    preview: PreviewOption = False,
    card: CardOption = None,
    pin_stdin: PinOption = False,
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """作废一张没有抄税的发票（不能撤销）· Void an invoice that is not reported yet; this cannot be undone.

    例 Example: fapiao void 4200261130 00000001 --confirm 0001
    """
    from fapiao_kernel.cli.choose import card_of
    from fapiao_kernel.client import connect

    with connect(home) as client:
        address = card_of(client, card)
        if not preview:
            _settled(client, address, as_json)
        found = client.find_invoice(address, number, code)
        for line in found_lines(found):
            say(line, as_json=as_json)
        if preview:
            raise Done(found_object(found), 0 if found.voidable else 1)
        typed = _typed(number, confirm, "作废 void", as_json)
        given = pin(pin_stdin)() if found.voidable else ""
        _end(client.void_invoice(address, found.code or code, number, typed, given), as_json)


@verb
def red(
    code: Code,
    number: Number,
    confirm: ConfirmOption = "",
    remark: Annotated[
        str, typer.Option("--remark", help="备注，例如红字信息表编号 · remark, such as the form's number")
    ] = "",
    preview: PreviewOption = False,
    card: CardOption = None,
    pin_stdin: PinOption = False,
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """红冲一张蓝字发票：开一张整额的红字发票 · Take a blue invoice back with a red one of its whole amount.

    例 Example: fapiao red 4200261130 00000001 --confirm 0001
    """
    from fapiao_kernel.cli.choose import card_of
    from fapiao_kernel.client import connect

    with connect(home) as client:
        address = card_of(client, card)
        if not preview:
            _settled(client, address, as_json)
        requests = [client.red_request(address, code, number, remark)]
        foreseen = client.issue_preview(address, requests)
        for line in preview_lines(foreseen):
            say(line, as_json=as_json)
        if preview:
            raise Done(preview_object(foreseen, []), 0 if foreseen.ready else 1)
        if not foreseen.ready:
            raise _not_ready(foreseen, [])
        _typed(number, confirm, "红冲 take back", as_json)
        _end(_issue(client, address, requests, pin_stdin, as_json), as_json)


@verb
def find(
    number: Number,
    code: Annotated[str, typer.Option("--code", help="发票代码；不写就按设备的发票卷找 · the invoice's code")] = "",
    card: CardOption = None,
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """查一张发票：设备和发票库并排 · One invoice, card and ledger side by side. 只看不动 changes nothing.

    例 Example: fapiao find 00000001
    """
    from fapiao_kernel.cli.choose import card_of
    from fapiao_kernel.client import connect

    with connect(home) as client:
        found = client.find_invoice(card_of(client, card), number, code)
    for line in found_lines(found):
        say(line, as_json=as_json)
    raise Done(found_object(found), 0 if found.agree else 1)


def _settled(client: Client, card: str, as_json: bool) -> None:
    """What an earlier act left open is asked for first, and nothing is sent again. Raises ``RequestError`` (exit 4) when the card
    does not tell: then nothing else is begun."""
    left = client.unsettled_issues(card)
    if left.unknown or left.owed:
        for line in result_lines(client.settle_issue(card)):
            say(line, as_json=as_json)


def _requests(client: Client, file: Path | None, json_request: str) -> tuple[list[RequestShape], list[FindingView]]:
    if file is not None:
        found = client.issue_requests(file)
        return found.requests, found.findings
    with tempfile.TemporaryDirectory(prefix="fapiao-request-") as folder:  # read by the same reader as a file is
        place = Path(folder) / "request.json"
        place.write_text(json_request, encoding="utf-8")
        found = client.issue_requests(place)
    return found.requests, found.findings


def _issue(client: Client, card: str, requests: list[RequestShape], pin_stdin: bool, as_json: bool) -> IssueAnswer:
    from fapiao_kernel.cli.follow import Steps

    given = pin(pin_stdin)()
    steps = Steps(client, as_json=as_json)
    work = lambda: client.issue(card, requests, given)  # noqa: E731 what is done beside the progress bar
    return steps.call("issue", "开票 issuing", work, stop=lambda: client.cancel_issue(card))


def _not_ready(foreseen: IssuePreview, unread: list[FindingView]) -> Done:
    """The refusal, with the preview that says why: a program needs both in its one object."""
    from fapiao_kernel.client import RequestError

    held = [*unread, *foreseen.findings, *(f for row in foreseen.rows for f in row.findings)]
    count = sum(f.severity in ("blocker", "unknown") for f in held)
    told = error_object(RequestError.of("issue_not_ready", exit_code=3, count=count))
    for line in error_lines(told):
        print(line, file=sys.stderr)
    return Done({"error": told, **preview_object(foreseen, unread)}, 3)


def _ask_person(foreseen: IssuePreview, as_json: bool) -> None:
    """At a terminal a person says yes to what stands above; a program has previewed it."""
    if as_json or not sys.stdin.isatty():
        return
    if not typer.confirm("开票 issue?", err=True):
        raise typer.Exit(3)


def _typed(number: str, confirm: str, act: str, as_json: bool) -> str:
    """The last four digits, as given or typed at the terminal. Raises ``RequestError`` (``void_not_confirmed``)."""
    from fapiao_kernel.client import RequestError

    if not confirm and sys.stdin.isatty() and not as_json:
        confirm = typer.prompt(f"{act}：输入发票号码后四位 type the number's last four digits", err=True)
    if confirm.strip() != number[-TYPED:]:
        raise RequestError.of("void_not_confirmed", exit_code=3, digits=TYPED)
    return confirm.strip()


def _end(answer: IssueAnswer, as_json: bool) -> None:
    for line in result_lines(answer):
        say(line, as_json=as_json)
    raise Done(answer_object(answer), exit_code(answer))


def register(app: typer.Typer) -> None:
    """Add the verbs to the command line."""
    app.command("issue")(issue)
    app.command("void")(void)
    app.command("red")(red)
    app.command("find")(find)
