"""``fapiao clear``: confirm a frozen preview and clear, to the record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fapiao_kernel.cli.output import CardOption, Done, HomeOption, Json, finding_lines, say, verb
from fapiao_kernel.cli.preview import PinOption, pin

if TYPE_CHECKING:
    from fapiao_kernel.api.runs import RunView
    from fapiao_kernel.cli.follow import Steps
    from fapiao_kernel.client import Client


@verb
def clear(
    revision: Annotated[str, typer.Option("--revision", help="预览的编号 · the preview's revision")],
    confirm: Annotated[str, typer.Option("--confirm", help='“机器编号后四位, 征期” · "last four digits, period"')],
    card: CardOption = None,
    pin_stdin: PinOption = False,
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """清卡（不能撤销）· Clear; this cannot be undone. 先运行 fapiao preview · run fapiao preview first.

    例 Example: fapiao clear --revision R --confirm "4321, 2026-10"
    """
    from fapiao_kernel.cli.choose import card_of
    from fapiao_kernel.cli.follow import Steps
    from fapiao_kernel.client import RequestError, connect

    tail, comma, period = (part.strip() for part in confirm.replace("，", ",").partition(","))
    if not comma or not tail or not period:
        raise RequestError.of("confirm_form", exit_code=2)
    with connect(home) as client:
        steps = Steps(client, as_json=as_json)
        view = run_of(client, card_of(client, card), revision)
        if view.busy:  # the same clear from another window, most often: its end is this one's answer
            view = client.wait(view.id)
        view = _execute(steps, view, revision, tail, period, pin_stdin)
        if view.state not in ("outcome_unknown", "finished"):
            view = steps.act("conclude", "核验与收尾", lambda: client.conclude(view.id))
    _tell(view, as_json)


def run_of(client: Client, card: str, revision: str) -> RunView:
    """The card's run whose preview has this revision. Raises ``RequestError`` (``preview_changed``, exit 3)."""
    from fapiao_kernel.client import RequestError

    views = [client.run(run.id) for run in client.runs() if run.card == card]
    for view in reversed(views):
        if view.preview is not None and view.preview.revision == revision:
            return view
    current = next((v.preview.revision for v in reversed(views) if v.preview is not None), "—")
    raise RequestError.of("preview_changed", exit_code=3, given=revision, revision=current)


def _execute(steps: Steps, view: RunView, revision: str, tail: str, period: str, pin_stdin: bool) -> RunView:
    """Confirm and clear; a clear that has begun or ended already is shown as it is. Raises ``RequestError`` (``approval_waits``)."""
    from fapiao_kernel.cli.words import need_words
    from fapiao_kernel.client import RequestError

    client = steps.client
    if view.state in ("clearing", "authorising", "authorised"):
        return client.wait(view.id)
    if view.state not in ("previewed", "awaiting", "confirmed"):
        return view
    confirmed = client.confirm(view.id, revision, tail, period)
    if confirmed.needs:
        needs = need_words(confirmed.needs)
        raise RequestError.of("approval_waits", exit_code=3, needs=needs, revision=revision)
    given = pin(pin_stdin)()
    return steps.act("execute", "清卡", lambda: client.execute(view.id, revision, confirmed.token, given))


def _tell(view: RunView, as_json: bool) -> None:
    from fapiao_kernel.cli.words import (
        VERDICT_CODES,
        finding_objects,
        next_lines,
        outcome_lines,
        outcome_units,
        proof_lines,
    )

    lines = [*outcome_lines(view), *proof_lines(view), *next_lines(view.verdict)]
    for line in [*lines, *finding_lines(view.findings)]:
        say(line, as_json=as_json)
    value = {
        "run": view.id,
        "verdict": view.verdict,
        "units": outcome_units(view),
        "record": view.record,
        "bundle": view.bundle,
        "findings": finding_objects(view.findings),
    }
    raise Done(value, VERDICT_CODES.get(view.verdict, 1))


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("clear")(clear)
