"""The way to the frozen preview (走到预览), as ``preview`` and ``demo`` go it: the next act follows from the run's state."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from fapiao_kernel.cli.follow import Steps

if TYPE_CHECKING:
    from fapiao_kernel.api.runs import RunView


def to_preview(
    steps: Steps,
    view: RunView,
    *,
    pin: Callable[[], str] | None,
    file_return: Callable[[RunView], object] | None = None,
    again: bool = False,
) -> RunView:
    """Drive the run until its preview is frozen, or until it waits for somebody.

    ``pin``: gives the card's PIN for the report, which changes the card; None when that was not asked for: then the run
    stops before it. ``file_return``: files the return (practice); None: a person does. ``again``: freeze a new preview.
    """
    client = steps.client
    if view.state == "confirmed" or (view.state == "previewed" and again):
        return _preview(steps, view)
    while view.state not in ("previewed", "authorising", "authorised", "clearing", "outcome_unknown"):
        match view.state:
            case "opened":
                view = steps.act("check", "检查", partial(client.check, view.id))
                if view.state == "opened":
                    return view
                steps.told("check", f"检查通过：{len(view.checks)} 项")
            case "checked":
                view = steps.act("backup", "备份", partial(client.backup, view.id))
                last = view.backups[-1]
                steps.told("backup", f"已备份到 {len(last.copies)} 个文件夹，加密，读回一致")
            case "backed_up" | "summarised":
                # What the device has reported already is uploaded alone: no PIN, and no word for the period, so that it cannot change.
                change = view.state == "backed_up" and not _reported(view)
                if change and pin is None:
                    return view
                given = (pin(), view.period) if change and pin is not None else ("", "")
                view = steps.act("report", "抄报", partial(client.report, view.id, *given))
                steps.told("report", "已抄报并上报汇总")
            case "reported":
                if file_return is not None:
                    with steps.timed("declaration"):
                        file_return(view)
                view = steps.act("declaration", "查询申报", partial(client.declaration, view.id))
                if view.state == "reported":
                    return view
                steps.told("declaration", "税局已有申报，比对相符")
            case "declared":
                view = _preview(steps, view)
            case _:
                return view
    return view


def _reported(view: RunView) -> bool:
    """Whether the last check found every type of the run reported on the device (``domain.verdict``)."""
    done = ("check_verdict_clearable", "check_verdict_not_declared")
    return any(check.name == "verdict" and check.finding.code in done for check in view.checks)


def _preview(steps: Steps, view: RunView) -> RunView:
    view = steps.act("preview", "生成预览", partial(steps.client.preview, view.id))
    if view.preview is not None:
        units = "、".join(f"{u.name} {u.period}（{u.count} 张，{u.total} 元）" for u in view.preview.units)
        steps.told("preview", f"将清：{units}")
    return view
