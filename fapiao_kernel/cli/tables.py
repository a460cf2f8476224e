"""A table on the terminal (表格): as wide as it needs, since a figure broken over two lines is no figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

WIDEST = 2_000
"""Columns of text; a terminal that is narrower wraps whole lines."""


def show(table: Table) -> None:
    """Print it on stdout."""
    from rich.console import Console
    from rich.measure import Measurement

    console = Console()
    wanted = Measurement.get(console, console.options.update(width=WIDEST), table).maximum
    Console(width=max(console.width, wanted)).print(table)
