"""Warnings that somebody takes on (承担提醒), one at a time, each with a reason; what was taken on stays in view."""

from __future__ import annotations

from fapiao_kernel.api.runs import RunView
from fapiao_kernel.api.shapes import FindingView
from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import blocks
from fapiao_widgets.viewmodels.formats import moment
from fapiao_widgets.viewmodels.trouble import Trouble


def taken_on(run: RunView) -> list[blocks.Block]:
    """What was taken on for the step ahead: the warning, the reason, who and when."""
    if not run.accepted:
        return []
    entries = [
        blocks.item("✓", say("accept.done"), "warning", one.sentence, f"{one.reason} · {one.who} · {moment(one.time)}")
        for one in run.accepted
    ]
    return [blocks.items(say("accept.list"), entries)]


def question(run: RunView, more: list[blocks.Block]) -> blocks.Block:
    """The first warning that is still open: its reason, and the button that names it; then the panel's other buttons."""
    warning = run.warnings[0]
    button = blocks.button("accept", say("accept.button", n=len(run.warnings)), code=warning.code)
    field = blocks.field("reason", say("accept.reason"), hint=say("accept.hint"))
    return blocks.form([button, *more], [field], note=_told(warning))


def late(trouble: Trouble) -> list[blocks.Block]:
    """A warning that came up or grew after the preview: the confirmation named it, and it can be taken on here."""
    if trouble.code != "warning_not_accepted" or not trouble.original:
        return []
    button = blocks.button("accept", say("accept.late"), tone="second", code=trouble.original)
    return [blocks.form([button], [blocks.field("reason", say("accept.reason"), hint=say("accept.hint"))])]


def _told(warning: FindingView) -> str:
    remedy = f" {warning.remedy}" if warning.remedy else ""
    return f"{warning.message}{remedy}"
