"""The guided notebooks' views (向导): each function gives something a notebook cell can show.

The home comes from ``FAPIAO_HOME``. Drawing only asks; nothing here reaches a device but through a person's click.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fapiao_widgets.views.panel import Panel

__all__ = ["diagnose", "first_lesson", "ledger", "monthly_clear", "named", "preview", "sql", "start_page"]


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


def sql(text: str) -> Any:
    """The analyst's own read-only SQL over a snapshot of the ledger (只读查询): a DuckDB relation, or a failure card."""
    from fapiao_widgets.views.results import shown

    return shown(lambda client: client.sql(text))


def named(name: str, **params: Any) -> Any:
    """A ready-made query by name (现成的查询), such as ``named("totals")``: a DuckDB relation, or a sentence saying why not."""
    from fapiao_widgets.views.results import shown

    return shown(lambda client: client.named(name, **params))


def preview() -> Any:
    """固定的预览: the invoices of the newest frozen preview, through the ledger's named query ``preview``."""
    return named("preview")
