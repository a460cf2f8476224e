"""The recovery key (恢复密钥): shown once, to be printed; with it the backups open on another computer."""

from __future__ import annotations

from fapiao_kernel.api.runs import RunView
from fapiao_kernel.api.shapes import StatusView
from fapiao_kernel.domain.clearing import State
from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import blocks
from fapiao_widgets.viewmodels.session import Session

_MOMENTS = (State.BACKED_UP, State.FINISHED)
"""Right after the first backup, and at the end: where nothing else presses."""


def recovery_key(status: StatusView, run: RunView, session: Session) -> list[blocks.Block]:
    """The key itself while it is on the screen; the offer to show it while it waits; else nothing."""
    if session.recovery_key:
        return [
            blocks.text(say("recovery_key.shown"), "warning"),
            blocks.facts([(say("recovery_key.name"), session.recovery_key)]),
        ]
    if status.recovery_waits and State(run.state) in _MOMENTS:
        show = blocks.button("recovery-key", say("recovery_key.button"), tone="second")
        return [blocks.text(say("recovery_key.waits"), "warning"), blocks.form([show])]
    return []
