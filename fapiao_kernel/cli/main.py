"""``fapiao``: the verbs, and how every one of them ends."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import typer
from typer.exceptions import Abort, TyperException

from fapiao_kernel.cli import (
    agent,
    backup,
    clear,
    demo,
    devices,
    doctor,
    importing,
    issue,
    journal,
    lab,
    ledger,
    plugins,
    preview,
    query,
    reconcile,
    recover,
    rehearse,
    run,
    select,
    status,
    test,
    verify,
)

HELP = """发票清卡：备份、预览、清卡、证明。· Clear Chinese tax-control devices: backup, preview, clear, proof.

第一次来：fapiao demo（在模拟设备上完整清一次卡）或 fapiao lab（打开引导笔记本）。
· New here: fapiao demo (one whole clear on a simulated card) or fapiao lab (the guided notebooks).

退出码 Exit codes: 0 完成 done · 1 有发现需要人看 findings for a person · 2 用法不对 wrong use · 3 被拒绝 refused ·
4 结果未知 outcome unknown · 5 连不上 not reachable · 70 程序出错 a bug of ours
"""

USAGE = 2


def application() -> typer.Typer:
    """Every verb of the command line."""
    app = typer.Typer(
        help=HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for register in (
        demo.register,
        lab.register,
        test.register,
        importing.register,
        issue.register,
        status.register,
        select.register,
        preview.register,
        query.register,
        reconcile.register,
        rehearse.register,
        run.register,
        clear.register,
        recover.register,
        devices.register,
        plugins.register,
        backup.register,
        doctor.register,
        journal.register,
        ledger.register,
        verify.register,
        agent.register,
    ):
        register(app)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; the exit code is DESIGN §10's, also for wrong use."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = application()(args=demo.spread(given), prog_name="fapiao", standalone_mode=False)
    except TyperException as error:
        sentence = error.format_message() if hasattr(error, "format_message") else str(error)
        if "--json" in given:
            print(json.dumps({"error": _usage(sentence)}, ensure_ascii=False))
        print(sentence, file=sys.stderr)
        print("fapiao --help", file=sys.stderr)
        return USAGE
    except (Abort, KeyboardInterrupt):
        print("已中断 · interrupted", file=sys.stderr)
        return 130
    return code if isinstance(code, int) else 0


def _usage(sentence: str) -> dict[str, object]:
    from fapiao_kernel.domain.errors import message

    entry, facts = message("bad_request"), {"what": sentence}
    return {
        "code": "bad_request",
        "sentence": entry.sentence(facts),
        "effect": entry.effect.value,
        "remedy": entry.remedy(facts),
        "who": entry.who.value,
        "original": "",
        "exit_code": USAGE,
    }


if __name__ == "__main__":
    sys.exit(main())
