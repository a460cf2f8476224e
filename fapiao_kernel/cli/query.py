"""``fapiao query``: the ready-made queries by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fapiao_kernel.cli.output import Done, HomeOption, Json, say, verb
from fapiao_kernel.cli.tables import show

if TYPE_CHECKING:
    pass

MOST = 1_000
"""Rows of an answer that are printed; ``--out`` takes all of them."""
WORDS: Mapping[bool | str, str] = {
    True: "是", False: "否", "open": "未清", "cleared": "已清", "late": "清卡后才到", "normal": "正常", "void": "作废",
}  # fmt: skip
ParamOption = Annotated[list[str] | None, typer.Option("--param", help="参数，如 · a parameter, e.g. period=2026-10")]
OutOption = Annotated[
    Path | None, typer.Option("--out", help="存成文件：.xlsx .csv .parquet · save all rows", show_default=False)
]


@verb
def query(
    name: Annotated[str, typer.Argument(help="查询的名字；不写则列出 · its name; without one they are listed")] = "",
    param: ParamOption = None,
    out: OutOption = None,
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """现成的查询：按清卡单元、票种税率、购买方、作废红字、断号、未上传、对设备、对申报表 · Ready-made queries.

    例 Examples: fapiao query · fapiao query by_unit --param period=2026-10 · fapiao query by_buyer --out 购买方.xlsx
    """
    from fapiao_kernel.client import connect
    from fapiao_kernel.client.saving import save

    with connect(home) as client:
        known = client.queries()
        if not name:
            _list(known, as_json=as_json)
        described = next((each for each in known if each["name"] == name), {})
        found = client.named(name, **_parameters(param or (), described))
        labels = _labels(described)
        value: dict[str, Any] = {"query": name, "columns": _columns(described)}
        if out is not None:
            file = Path.cwd() / out
            saved = save(found, file, labels)
            say(f"✓ 已存 saved: {file}（{saved:,} 行 rows）", as_json=as_json)
            raise Done({**value, "count": saved, "out": str(file)})
        count = len(found)
        rows = found.limit(MOST).fetchall()
        names = list(found.columns)
        if not as_json:
            _show(names, rows, labels, described, count)
        raise Done(
            {**value, "count": count, "rows": [dict(zip(names, map(written, row), strict=True)) for row in rows]}
        )


def written(value: Any) -> Any:
    """A cell for JSON: amounts as text with two decimals, days ISO."""
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value.isoformat() if isinstance(value, date) else value


def shown(name: str, value: Any) -> str:
    """A cell for a person: types and states by their names, months as months, yes and no as words."""
    from fapiao_kernel.domain.errors import english
    from fapiao_kernel.domain.invoice import InvoiceType

    if value is None:
        return ""
    if name == "period":
        return f"{value:%Y-%m}"
    if name == "invoice_type" and value in set(InvoiceType):
        return InvoiceType(value).zh
    if (isinstance(value, bool) or name in ("state", "status")) and not english():
        return WORDS.get(value, str(value))
    return str(written(value))


def _list(known: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    for each in known:
        params = "".join(f" [{p['name']}]" if p["default"] is not None else f" {p['name']}" for p in each["params"])
        say(f"{each['name']}{params}: {each['zh']} · {each['en']}", as_json=as_json)
        for param in each["params"]:
            say(f"    {param['name']} {param['type']}: {param['zh']} · {param['en']}", as_json=as_json)
    raise Done({"queries": [{key: each[key] for key in ("name", "zh", "en", "params", "columns")} for each in known]})


def _parameters(given: Sequence[str], described: Mapping[str, Any]) -> dict[str, Any]:
    """``name=value`` each; a list's values with commas between. Raises ``RequestError`` (``bad_request``, exit 2)."""
    from fapiao_kernel.client import RequestError

    kinds = {each["name"]: str(each["type"]) for each in described.get("params", ())}
    found: dict[str, Any] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise RequestError.of("bad_request", exit_code=2, what=f"--param {text}")
        found[name] = value.split(",") if kinds.get(name, "").endswith("[]") else value
    return found


def _labels(described: Mapping[str, Any]) -> dict[str, str]:
    from fapiao_kernel.domain.errors import english

    return {each["name"]: each["en" if english() else "zh"] for each in described.get("columns", ())}


def _columns(described: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{key: each[key] for key in ("name", "zh", "en")} for each in described.get("columns", ())]


def _show(
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    labels: Mapping[str, str],
    described: Mapping[str, Any],
    count: int,
) -> None:
    from rich.table import Table

    table = Table(title=f"{described.get('zh', '')} · {described.get('en', '')}", title_justify="left")
    for place, name in enumerate(names):
        number = bool(rows) and isinstance(rows[0][place], (int, Decimal)) and not isinstance(rows[0][place], bool)
        table.add_column(labels.get(name, name), justify="right" if number else "left")
    for row in rows:
        table.add_row(*map(shown, names, row))
    show(table)
    say(
        f"共 {count:,} 行 rows"
        + (f"，只列 {MOST:,} 行；--out 存全部 · the first {MOST:,}" if count > len(rows) else "")
    )


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("query")(query)
