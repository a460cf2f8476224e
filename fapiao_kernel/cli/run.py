"""``fapiao accept``, ``fapiao approve`` and ``fapiao cancel``: what a person says to the card's open run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fapiao_kernel.cli.output import CardOption, Done, HomeOption, Json, say, verb

if TYPE_CHECKING:
    from fapiao_kernel.api.runs import RunView
    from fapiao_kernel.client import Client


@verb
def accept(
    code: Annotated[str, typer.Argument(help="提醒的代码，预览里列出 · the warning's code, as the preview lists it")],
    reason: Annotated[
        str, typer.Option("--reason", help="为什么仍要继续，记入日志 · why to go on; kept in the journal")
    ],
    card: CardOption = None,
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """承担一条提醒，写明原因；挡住的项目不能承担 · Take a warning on, with a reason; blockers cannot be.

    例 Example: fapiao accept statistics_differ --reason "两张红票次月补录，已与专管员核对"
    """
    from fapiao_kernel.client import connect

    with connect(home) as client:
        view = client.accept(_open_run(client, card).id, code, reason)
    say(f"✓ {code}: {reason}", as_json=as_json)
    left = [warning.code for warning in view.warnings]
    for warning in view.warnings:
        say(f"  ! {warning.code}: {warning.message}", as_json=as_json)
    raise Done({"run": view.id, "accepted": [one.code for one in view.accepted], "left": left}, 1 if left else 0)


@verb
def approve(
    revision: Annotated[str, typer.Option("--revision", help="预览的编号 · the preview's revision")],
    code_stdin: Annotated[
        bool, typer.Option("--code-stdin", help="从标准输入读验证码 · read the verification code from stdin")
    ] = False,
    card: CardOption = None,
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """给出确认还缺的验证码，或作为复核人批准 · Give the code that a confirmation waits for, or approve as second person.

    例 Example: fapiao approve --revision R
    """
    from fapiao_kernel.cli.choose import card_of
    from fapiao_kernel.cli.clear import run_of
    from fapiao_kernel.cli.words import need_words
    from fapiao_kernel.client import connect

    with connect(home) as client:
        view = run_of(client, card_of(client, card), revision)
        code = _code(view, from_stdin=code_stdin)
        view = client.approve(view.id, revision, code)
    said = f"还需要 still needs: {need_words(view.needs)}" if view.needs else "再运行一次 run again: fapiao clear"
    say(f"✓ {view.id}: {said}", as_json=as_json)
    raise Done({"run": view.id, "state": view.state, "left": view.needs}, 1 if view.needs else 0)


def _code(view: RunView, *, from_stdin: bool) -> str:
    """The code, never as an argument, which other processes could read; ``""`` is the second person's yes."""
    if from_stdin:
        import sys

        return sys.stdin.readline().strip()
    if "code" not in view.needs:
        return ""
    import getpass

    both = "（复核人留空 the second person leaves it empty）" if "second_person" in view.needs else ""
    return getpass.getpass(f"验证码 code{both}: ").strip()


@verb
def cancel(card: CardOption = None, home: HomeOption = None, as_json: Json = False) -> None:
    """停下，不清了（不能撤销的一步之前都可以）· Give the clear up, any time before the point of no return."""
    from fapiao_kernel.client import connect

    with connect(home) as client:
        view = client.wait(client.cancel(_open_run(client, card).id).id)
    say(f"{view.id}: {view.state}", as_json=as_json)
    raise Done({"run": view.id, "state": view.state, "verdict": view.verdict}, 0 if view.state == "cancelled" else 1)


def _open_run(client: Client, card: str | None) -> RunView:
    """The card's open run. Raises ``RequestError`` (``no_open_run``, exit 3)."""
    from fapiao_kernel.cli.choose import card_of, open_runs
    from fapiao_kernel.client import RequestError

    address = card_of(client, card)
    known = open_runs(client, address)
    if not known:
        raise RequestError.of("no_open_run", exit_code=3, card=address)
    return client.run(known[-1].id)


def register(app: typer.Typer) -> None:
    """Add the verbs to the command line."""
    app.command("accept")(accept)
    app.command("approve")(approve)
    app.command("cancel")(cancel)
