"""Query results in a cell (查询结果): the relation itself, which shows itself as a table; a refusal as its sentences."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

from fapiao_widgets.viewmodels.door import door
from fapiao_widgets.viewmodels.trouble import REFUSALS, Trouble, card


class Refusal:
    """A refusal that a notebook shows in place of a table."""

    def __init__(self, rows: list[list[str]]) -> None:
        self.rows = rows

    def __repr__(self) -> str:
        return "\n".join(f"{label}：{value}" for label, value in self.rows)

    def _repr_html_(self) -> str:
        cells = "".join(f"<tr><th>{html.escape(a)}</th><td>{html.escape(b)}</td></tr>" for a, b in self.rows)
        return f"<table>{cells}</table>"


def shown(ask: Callable[[Any], Any]) -> Any:
    """The relation that ``ask(client)`` gives, or its refusal."""
    try:
        return ask(door())
    except REFUSALS as error:
        return Refusal(card(Trouble.of_error(error))["rows"])
