"""Step ⑧ 收尾: what changed, three ticks, the record, and what is left for today."""

from __future__ import annotations

from typing import Any

from fapiao_kernel.api.runs import RunView
from fapiao_kernel.domain.steps import Step
from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import blocks
from fapiao_widgets.viewmodels.formats import amount, count, moment, place, unit, units, word
from fapiao_widgets.viewmodels.frame import Frame, panel
from fapiao_widgets.viewmodels.session import Session
from fapiao_widgets.viewmodels.trouble import check_items

_CLOSED = ("cleared", "already_cleared")


def done(run: RunView, frame: Frame, session: Session) -> dict[str, Any]:
    """The end of a run, whatever it was; the verdict decides the sentence."""
    closed = any(u.outcome in _CLOSED for u in run.units)
    content: list[blocks.Block] = []
    if closed:
        content += [ticks(run), before_after(run), files(run), today(run), *counts(run)]
        if run.verification:
            content.append(blocks.more(say("checks"), [check_items(run.verification)]))
    elif run.verdict != "cancelled":
        content += [before_after(run), *([files(run)] if run.record else [])]
    answer = say(f"done.{run.verdict}", units=units([u for u in run.units if u.outcome in _CLOSED] or run.units))
    act = None
    if run.verdict != "cleared" and run.verdict != "already_cleared":
        again = blocks.button("check", say("done.again", device=run.device_number), tone="second", card=run.card)
        act = blocks.form([again])
    return panel(f"done-{run.verdict}", answer, content, act, step=Step.CLOSE.value)


def cancelling(run: RunView, frame: Frame, session: Session) -> dict[str, Any]:
    """Asked for and not done yet: what is under way comes to its end first."""
    content = [blocks.text(say("cancelling.text"))]
    if run.busy:
        work = run.progress
        content.insert(
            0, blocks.progress(work.label if work else run.busy, work.done if work else 0, work.total if work else 0)
        )
    return panel(run.state, say("cancelling.answer"), content, step=Step.CLOSE.value)


def ticks(run: RunView) -> blocks.Block:
    """Device, ledger, tax side: each ticked on its own evidence, never one for another."""
    closed = [u for u in run.units if u.outcome in _CLOSED]
    verified = bool(run.verification) and all(
        c.finding.severity not in ("blocker", "unknown") for c in run.verification
    )
    ledger = bool(run.census_after)
    authority = bool(closed) and all(u.stage == "acknowledged" for u in closed)
    return blocks.items(
        say("done.ticks"),
        [_tick("device", verified), _tick("ledger", ledger), _tick("authority", authority)],
        inline=True,
    )


def _tick(name: str, ok: bool) -> blocks.Block:
    label = say(f"done.tick.{name}", word=say("tick.yes" if ok else "tick.no"))
    return blocks.item("✓" if ok else "✕", "", "good" if ok else "bad", label)


def before_after(run: RunView) -> blocks.Block:
    """锁死日期 and 抄报起始, before → after, one row a unit."""
    columns = ["", say("done.lock"), say("done.start"), say("done.outcome")]
    rows = [
        [
            unit(u),
            _pair(u.lock_date_before, u.lock_date_after),
            _pair(u.report_start_before, u.report_start_after),
            word("outcome", u.outcome),
        ]
        for u in run.units
    ]
    return blocks.table(say("done.table"), columns, rows)


def _pair(before: str, after: str) -> str:
    return f"{before or say('none')} → {after or say('none')}"


def counts(run: RunView) -> list[blocks.Block]:
    """The ledger's own before → after: sheets and sums."""
    if not (run.census_before and run.census_after):
        return []
    columns = ["", say("done.before"), say("done.after")]
    rows = [
        [say(f"done.{key}.count"), _tally(run.census_before.get(key)), _tally(run.census_after.get(key))]
        for key in ("open", "cleared", "all")
    ]
    return [blocks.table(say("done.counts"), columns, rows, numeric=[1, 2])]


def _tally(tally: Any) -> str:
    if not isinstance(tally, dict):
        return say("none")
    return f"{say('unit.count', n=count(tally.get('count')))} · {amount(tally.get('total'))}"


def files(run: RunView) -> blocks.Block:
    """Where the record (清卡记录) lies in its three forms, and the evidence bundle."""
    named = (("record", run.record), ("sheet", run.sheet), ("data", run.data), ("bundle", run.bundle))
    return blocks.facts([(say(f"done.{name}"), place(path) or say("none")) for name, path in named])


def today(run: RunView) -> blocks.Block:
    """What is left for today: 再次备份, 重启检查, 通知."""
    again = run.backups[-1] if len(run.backups) > 1 else None
    backup = say("done.todo.backup.done", time=moment(again.time)) if again else say("done.todo.backup")
    return blocks.items(
        say("done.todo"),
        [
            blocks.item("✓" if again else "!", "", "good" if again else "warning", backup),
            blocks.item("○", "", "quiet", say("done.todo.restart")),
            blocks.item("○", "", "quiet", say("done.todo.tell")),
        ],
    )
