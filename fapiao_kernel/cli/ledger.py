"""``fapiao ledger``: the ledger itself."""

from __future__ import annotations

import typer

from fapiao_kernel.cli.follow import Steps
from fapiao_kernel.cli.output import Done, HomeOption, Json, finding_lines, say, verb

RULES = {
    "twice": "每张发票只有一行 · each invoice once",
    "period": "征期就是开票月份 · the period is the month of issue",
    "unit": "清卡单元对得上票种和月份 · units agree with type and month",
    "lines": "明细都在 · goods lines are all there",
    "marks": "作废、上传的记录都有发票 · marks belong to invoices",
    "imports": "每一行都有导入记录 · every row has its import",
    "sums": "单元合计等于逐张相加 · unit sums are those of the invoices",
    "rates": "税率合计等于逐张相加 · sums by rate are those of the invoices",
    "census": "未清加已清等于全部 · open + cleared = all",
    "digests": "已清单元的指纹没变 · cleared units' digests hold",
    "originals": "原件都在，内容没变 · originals are there, unchanged",
}

app = typer.Typer(help="发票库 · the ledger: fapiao ledger check", no_args_is_help=True)


@verb
def check(home: HomeOption = None, as_json: Json = False) -> None:
    """发票库自查：逐条证明账是平的，什么都不改 · Prove the ledger's invariants; changes nothing.

    例 Example: fapiao ledger check --json
    """
    from fapiao_kernel.client import connect

    with connect(home) as client:
        proof = Steps(client, as_json=as_json).call("check", "自查 checking", client.check_ledger)
    for rule in proof.rules:
        say(f"{'✓' if rule.ok else '✗'} {RULES.get(rule.rule, rule.rule)}（{rule.looked:,}）", as_json=as_json)
        for line in finding_lines(rule.findings):
            say(line, as_json=as_json)
    say("✓ 全部成立 · everything holds" if proof.ok else "✗ 有不成立的，见上 · see above", as_json=as_json)
    raise Done(proof.model_dump(), 0 if proof.ok else 1)


app.command("check")(check)


def register(root: typer.Typer) -> None:
    """Add the verbs to the command line."""
    root.add_typer(app, name="ledger")
