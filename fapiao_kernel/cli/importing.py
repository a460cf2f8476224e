"""``fapiao import``: files in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from fapiao_kernel.cli.follow import Steps
from fapiao_kernel.cli.output import CardOption, Done, HomeOption, Json, finding_lines, say, verb

if TYPE_CHECKING:
    from fapiao_kernel.api.ledger import FileView

PeriodOption = Annotated[
    str,
    typer.Option("--period", help="这些文件的征期；之外的发票会提示 · their period, e.g. 2026-10", show_default=False),
]
_MARKS = {"imported": "✓ 已导入", "duplicate": "· 已有", "partial": "! 部分导入", "rejected": "✗ 未导入"}
INTERRUPTED = 130
"""Exit code of a program that Ctrl-C ended, as shells have it."""


@verb
def bring_in(
    paths: Annotated[list[str], typer.Argument(help="文件或文件夹 · files, zips or folders")],
    card: CardOption = None,
    period: PeriodOption = "",
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """导入发票文件 · Import invoice files, zips and folders of these; what a file is shows by its content.

    全量发票查询导出结果.xlsx · 开票软件导出的 xlsx、CSV、XML（GBK 也行）· OFD · 数电 XML、XBRL · PDF（有文字的）

    同一张发票再来一次不会重复；Ctrl-C 取消：已导入的文件留下，正在导入的那个一张也不进。
    Nothing comes in twice. Ctrl-C cancels: files that are in stay in, of the one under way nothing comes in.

    例 Examples: fapiao import 十月.xlsx · fapiao import 发票文件夹 --period 2026-10 --json
    """
    from fapiao_kernel.client import connect

    with connect(home) as client:
        steps = Steps(client, as_json=as_json)
        work = lambda: client.import_files(paths, card, period)  # noqa: E731 what is done beside the progress bar
        answer = steps.call("import", "导入 importing", work, stop=client.cancel_import)
    files = [_told(file, as_json=as_json) for file in answer.files]
    if answer.cancelled:
        say("■ 已取消 cancelled：以上文件已导入，其余没有 · the files above are in, nothing else is", as_json=as_json)
        raise Done({"files": files, "cancelled": True}, INTERRUPTED)
    raise Done({"files": files}, 1 if any(f.status in ("rejected", "partial") for f in answer.files) else 0)


def _told(file: FileView, *, as_json: bool) -> dict[str, Any]:
    """One file: its lines for the person, and its object (DESIGN §10)."""
    count = file.count if file.count is not None else len(file.invoices)
    say(f"{_MARKS[file.status]} {file.file}: {count:,} 张", as_json=as_json)
    for line in finding_lines(file.findings):
        say(line, as_json=as_json)
    told = file.model_dump(exclude={"findings", "count"})
    if file.count is not None:
        told["count"] = file.count
    told["findings"] = [{key: getattr(f, key) for key in ("code", "severity", "message", "row")} for f in file.findings]
    return told


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("import")(bring_in)
