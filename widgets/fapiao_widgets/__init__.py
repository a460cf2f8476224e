"""The guided notebooks' views (向导): each function gives something a notebook cell can show.

The home comes from ``FAPIAO_HOME``. Drawing only asks; nothing here reaches a device but through a person's click.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fapiao_widgets.views.grid import GridView
    from fapiao_widgets.views.panel import Panel

__all__ = [
    "diagnose",
    "first_lesson",
    "grid",
    "issue",
    "ledger",
    "monthly_clear",
    "named",
    "preview",
    "reconcile",
    "sql",
    "start_page",
]


def _panel(model: Callable[..., Any], below: str = "") -> Panel:
    from fapiao_kernel.client import home_folder
    from fapiao_widgets.viewmodels.door import door
    from fapiao_widgets.views.panel import Panel

    here = door(home_folder() / below)
    return Panel(lambda publish: model(here, publish), here)


def start_page() -> Panel:
    """从这里开始: what is here, what is under way, and where to go."""
    from fapiao_widgets.viewmodels.starting import Start

    return _panel(Start)


def monthly_clear() -> Panel:
    """每月清卡: attaches to what the agent has open, or offers to start."""
    from fapiao_widgets.viewmodels.clearing import Clearing

    return _panel(Clearing)


def reconcile() -> Panel:
    """对账: ledger against card against filed return, each difference down to invoice numbers."""
    from fapiao_widgets.viewmodels.reconciling import Reconcile

    return _panel(Reconcile)


def issue() -> Panel:
    """开票与查询: preview and issue, look one up, void, take back. Drawing it issues nothing."""
    from fapiao_widgets.viewmodels.issuing import Issuing

    return _panel(Issuing)


def ledger() -> Panel:
    """发票库: where the invoices stand, and totals by type and rate."""
    from fapiao_widgets.viewmodels.analysing import Ledger

    return _panel(Ledger)


def diagnose() -> Panel:
    """诊断: 「设备到底清了没有？」 and how we know."""
    from fapiao_widgets.viewmodels.diagnosing import Diagnose

    return _panel(Diagnose)


def first_lesson() -> Panel:
    """第一课: the guided clear on a practice card with one fault, in a home of its own below the user's.

    So a lesson can be begun again without touching anybody's cards, invoices or journal.
    """
    from fapiao_widgets.viewmodels.teaching import LESSON, Lesson

    return _panel(Lesson, f"lessons/{LESSON}")


def grid(view: dict[str, Any] | None = None) -> GridView:
    """发票表: the ledger's invoices page by page; sort, filter, sums of all that is filtered, export.

    ``view``: what stands from the beginning, such as ``{"scope": {"state": "open", "period": "2026-10"}}``.
    """
    from fapiao_kernel.client import home_folder
    from fapiao_widgets.text import say
    from fapiao_widgets.viewmodels.door import door
    from fapiao_widgets.viewmodels.grid import Grid
    from fapiao_widgets.viewmodels.pages import AgentPages
    from fapiao_widgets.views.grid import GridView

    here = door(home_folder())
    return GridView(Grid(AgentPages(here), view), say("grid.title"), here)


def sql(text: str, *, limit: int = 100_000, seconds: float = 30.0) -> Any:
    """The analyst's own read-only SQL over a snapshot of the ledger (只读查询): a ``Result``, or a failure card.

    A ``Result`` shows itself as a paged grid; ``.relation`` is the DuckDB relation, ``.df()`` a pandas DataFrame.
    """
    from fapiao_widgets.views.results import queried, shown

    return shown(lambda client: queried(client, text, limit, seconds))


def named(name: str, **params: Any) -> Any:
    """A ready-made query by name (现成的查询), such as ``named("by_buyer", period="2026-10")``: a ``Result``, or why not."""
    from fapiao_widgets.views.results import by_name, shown

    return shown(lambda client: by_name(client, name, params))


def preview() -> Any:
    """固定的预览: the invoices of the newest frozen preview, through the ledger's named query ``preview``."""
    return named("preview")


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext fapiao_widgets``: the ``%%fapiao`` cell and the ``%fapiao`` line."""
    from fapiao_widgets import magic

    magic.load_ipython_extension(shell)
