"""Step ⑤ 确认, and the button of step ⑥: the point of no return, on panels of their own."""

from __future__ import annotations

from typing import Any

from fapiao_kernel.api.runs import RunView
from fapiao_kernel.domain.steps import Step
from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import blocks
from fapiao_widgets.viewmodels.formats import amount, count, moment, type_name, units
from fapiao_widgets.viewmodels.frame import Frame, panel
from fapiao_widgets.viewmodels.preparing import stop
from fapiao_widgets.viewmodels.session import Session


def ask(run: RunView, frame: Frame, session: Session) -> dict[str, Any]:
    """The typed confirmation of one revision: 机器编号后四位 and 征期."""
    return _typed(run, say("confirm.text"))


def confirmed(run: RunView, frame: Frame, session: Session) -> dict[str, Any]:
    """Confirmed: the clear's own button. Where this kernel holds no token (it was restarted), the confirmation is asked again."""
    if run.preview is None or session.armed != run.preview.revision:
        return _typed(run, say("confirm.again"))
    pin = blocks.field("pin", say("execute.pin"), hint=say("execute.pin.hint"), secret=True)
    button = blocks.button(
        "execute", say("execute.button", units=units(run.units)), tone="danger", revision=run.preview.revision
    )
    content = [blocks.text(say("execute.text")), _list(run), _facts(run)]
    return panel(
        run.state, say("execute.answer"), content, blocks.form([button], [pin]), danger=True, step=Step.CLEAR.value
    )


def awaiting(run: RunView, frame: Frame, session: Session) -> dict[str, Any]:
    """Typed, and waiting for what policy asks besides: a code, or the yes of a second person (等待复核)."""
    revision = run.preview.revision if run.preview else ""
    content = [_list(run), _facts(run)]
    if "code" in run.needs:
        field = blocks.field("code", say("await.code"), hint=say("await.code.hint"), secret=True)
        button = blocks.button("approve", say("await.code.button", units=units(run.units)), revision=revision)
        act = blocks.form([button, *stop(run)], [field])
        return panel(run.state, say("await.code.answer"), content, act, step=Step.CONFIRM.value)
    if run.needs:
        content.insert(0, blocks.text(say("await.second.text")))
        button = blocks.button("approve", say("await.second.button", units=units(run.units)), revision=revision)
        return panel(
            run.state, say("await.second.answer"), content, blocks.form([button, *stop(run)]), step=Step.CONFIRM.value
        )
    return _typed(run, say("await.given"))


def _typed(run: RunView, note: str) -> dict[str, Any]:
    preview = run.preview
    example = f"{run.units[0].period}" if run.units else "2026-10"
    fields = [
        blocks.field("tail", say("confirm.tail")),
        blocks.field(
            "period", say("confirm.period", example=example if preview is None else _shape(preview.confirm_period))
        ),
    ]
    revision = preview.revision if preview else ""
    buttons = [
        blocks.button("confirm", say("confirm.button", units=units(run.units)), tone="danger", revision=revision)
    ]
    if run.state == "previewed":  # the rail has gone no further: looking back is free
        buttons.append(blocks.button("look-again", say("confirm.back"), tone="quiet"))
    content = [blocks.text(note), _list(run), _facts(run)]
    return panel(
        f"{run.state}-ask",
        say("confirm.answer"),
        content,
        blocks.form(buttons, fields),
        danger=True,
        step=Step.CONFIRM.value,
    )


def _shape(period: str) -> str:
    """How the period is to be typed, without giving it away: a year and a month, or two of them."""
    return "2020-01..2020-03" if ".." in period else "2020-01"


def _list(run: RunView) -> blocks.Block:
    columns = [say(f"col.{name}") for name in ("type", "period", "count", "total")]
    known = run.preview.units if run.preview else run.units
    rows = [[type_name(u.invoice_type, u.name), u.period, count(u.count), amount(u.total)] for u in known]
    return blocks.table(say("preview.units"), columns, rows, numeric=[2, 3])


def _facts(run: RunView) -> blocks.Block:
    """Backup age and drill age, and the revision that this is about."""
    backup = run.backups[-1] if run.backups else None
    proven = f"（{say('backup.proven' if backup.proven else 'backup.unproven')}）" if backup else ""
    return blocks.facts(
        [
            (say("confirm.backup"), moment(backup.time) + proven if backup else say("none")),
            (say("confirm.drill"), say("confirm.drill.never")),
            (say("confirm.revision"), run.preview.revision if run.preview else say("none")),
        ]
    )
