"""``fapiao import``: files in."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from fapiao_kernel.cli.output import CardOption, Done, HomeOption, Json, finding_lines, say, verb


@verb
def bring_in(
    paths: Annotated[list[str], typer.Argument(help="文件或文件夹（xlsx、OFD、XML）· files or folders")],
    card: CardOption = None,
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """导入发票文件 · Import invoice files: 全量发票查询导出结果.xlsx, OFD, 数电 XML, folders of these.

    例 Examples: fapiao import 十月.xlsx · fapiao import 发票文件夹 --json
    """
    from fapiao_kernel.client import connect

    with connect(home) as client:
        answer = client.import_files(paths, card)
    marks = {"imported": "✓ 已导入", "duplicate": "· 已有", "partial": "! 部分导入", "rejected": "✗ 未导入"}
    files: list[dict[str, Any]] = []
    for file in answer.files:
        count = file.count if file.count is not None else len(file.invoices)
        say(f"{marks[file.status]} {file.file}: {count} 张", as_json=as_json)
        for line in finding_lines(file.findings):
            say(line, as_json=as_json)
        told = file.model_dump(exclude={"findings", "count"})
        if file.count is not None:
            told["count"] = file.count
        told["findings"] = [
            {key: getattr(f, key) for key in ("code", "severity", "message", "row")} for f in file.findings
        ]
        files.append(told)
    raise Done({"files": files}, 1 if any(f.status in ("rejected", "partial") for f in answer.files) else 0)


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("import")(bring_in)
