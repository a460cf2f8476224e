"""Steps ① 准备, ② 备份 and ③ 抄报申报."""

from __future__ import annotations

from typing import Any

from fapiao_kernel.api.runs import RunView
from fapiao_kernel.api.shapes import CardView
from fapiao_kernel.domain.steps import Step
from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import accepting, blocks, importing, recovering, rehearsing, selecting
from fapiao_widgets.viewmodels.formats import dated, left, moment, short, size, type_name, units, word
from fapiao_widgets.viewmodels.frame import Frame, heading, panel
from fapiao_widgets.viewmodels.session import Session
from fapiao_widgets.viewmodels.trouble import check_items, problem

NOTHING_TO_CLEAR = frozenset({"cleared", "not_yet"})


def verdict(card: CardView) -> str:
    """The answer, with the two dates that decide it always there."""
    clock, lock = card.clock[:10], card.lock_date
    dates = say("verdict.dates", clock=clock, lock=lock, left=left(lock, clock)) if clock and lock else ""
    return word("verdict", card.verdict) + dates


def no_run(card: CardView, frame: Frame, session: Session, last: RunView | None) -> dict[str, Any]:
    """A card, and nothing open on it: the verdict, its types, and the one button that opens a run and checks."""
    content = [problem(card.problem)] if card.problem else []
    content += importing.under_way(frame.status)
    content += [blocks.text(note, "quiet") for note in session.notes]
    nothing = card.verdict in NOTHING_TO_CLEAR
    if nothing and last:
        content.append(blocks.text(say("prepare.last", time=moment(last.opened_at), verdict=word("run", last.verdict))))
    content += _answers(session)
    content.append(types(card))
    if not nothing:
        content.append(blocks.text(say("prepare.ready"), "quiet"))
    content += [*_ways(card, nothing), *importing.offer(frame.status)]
    label = say("prepare.again" if nothing else "prepare.check", device=card.device_number)
    buttons = [
        blocks.button("check", label, tone="second" if nothing or session.selected else "main", card=card.address)
    ]
    if session.selected and not nothing:
        buttons.insert(0, selecting.check(session.selected))
    answer = say("prepare.nothing", verdict=verdict(card)) if nothing else verdict(card)
    return panel(
        "no-run",
        answer,
        content,
        blocks.form(buttons),
        step=Step.PREPARE.value,
        heading=heading("prepare"),
        state="active",
    )


def _answers(session: Session) -> list[blocks.Block]:
    """What a person just asked for, first of all: the look back, the selection, the rehearsal."""
    content = recovering.situation(session.situation) if session.situation else []
    content += selecting.selected(session.selected) if session.selected else []
    return [*content, *session.rehearsed]


def _ways(card: CardView, nothing: bool) -> list[blocks.Block]:
    """What changes nothing: choose a part, rehearse, ask the four witnesses."""
    look = blocks.more(say("recover.question"), [recovering.offer(card.address)])
    if nothing:
        return [look]
    return [selecting.ways(card.address), rehearsing.offer(card.address, card.device_number), look]


def types(card: CardView) -> blocks.Block:
    """Monitoring data per invoice type (监控数据)."""
    columns = [say(f"col.{name}") for name in ("type", "verdict", "lock", "span", "reported")]
    today = card.clock[:10]
    rows = [
        [
            type_name(t.invoice_type, t.name),
            word("verdict", t.verdict).strip("。. "),
            dated(t.lock_date, today),
            f"{t.report_start} – {t.report_end}",
            say("yes" if t.reported else "no"),
        ]
        for t in card.types
    ]
    return blocks.table(say("prepare.types"), columns, rows)


def opened(run: RunView, frame: Frame, session: Session) -> dict[str, Any]:
    """① 准备: the verdict (判定) and the checks behind it."""
    holding = [c for c in run.checks if c.finding.severity in ("blocker", "unknown")]
    answer = (
        say("prepare.blocked", n=len(holding)) if holding else verdict(frame.card) if frame.card else say("loading")
    )
    content = [*importing.under_way(frame.status), *([check_items(run.checks)] if run.checks else [])]
    if frame.card and not holding:
        content += [types(frame.card), blocks.text(say("prepare.ready"), "quiet")]
    content += [blocks.text(note, "quiet") for note in session.notes]
    content += importing.offer(frame.status)
    label = say("prepare.recheck" if run.checks else "prepare.check", device=run.device_number)
    act = blocks.form([blocks.button("check", label), *stop(run)])
    return panel(run.state, answer, content, act, step=Step.PREPARE.value)


def checked(run: RunView, frame: Frame, session: Session) -> dict[str, Any]:
    """② 备份: the checks are through, the backup is next."""
    act = blocks.form([blocks.button("backup", say("backup.button")), *stop(run)])
    content = [blocks.text(say("backup.text")), check_items(run.checks)]
    return panel(run.state, say("backup.answer", n=len(run.checks)), content, act, step=Step.BACKUP.value)


def backup_table(run: RunView) -> blocks.Block:
    """The copies of the last backup: place, size, time, read back or not."""
    columns = [say(f"col.{name}") for name in ("copy", "size", "time", "proven")]
    rows = [
        [short(path), size(b.size), moment(b.time), say("backup.proven" if b.proven else "backup.unproven")]
        for b in run.backups[-1:]
        for path in b.copies
    ]
    return blocks.table(say("backup.table"), columns, rows, numeric=[1])


def report(run: RunView, frame: Frame, session: Session) -> dict[str, Any]:
    """抄报: its own, lighter confirmation: the PIN, and the button that names what is reported."""
    named, tries = units(run.units), frame.card.pin_tries if frame.card else None
    pin = blocks.field(
        "pin",
        say("report.pin"),
        hint=say("report.pin.hint", tries=say("none") if tries is None else tries),
        secret=True,
    )
    act = blocks.form(
        [blocks.button("report", say("report.button", units=named), period=run.period), *stop(run)], [pin]
    )
    if run.warnings:
        act = accepting.question(run, stop(run))
    content = [*accepting.taken_on(run), blocks.text(say("report.changes"), "warning"), backup_table(run)]
    if frame.card:
        content.append(types(frame.card))
    return panel(run.state, say("report.answer", units=named), content, act)


def reporting(run: RunView, frame: Frame, session: Session) -> dict[str, Any]:
    """抄报 is under way on the device."""
    work, label = run.progress, say("report.running", units=units(run.units))
    if not run.busy:  # the agent went away in the middle: ask the device, never send again
        return report_unknown(run, frame, session)
    bar = blocks.progress(work.label if work else label, work.done if work else 0, work.total if work else 0)
    return panel(run.state, label, [bar])


def report_unknown(run: RunView, frame: Frame, session: Session) -> dict[str, Any]:
    """抄报 was sent and no answer came: only reading the device settles it."""
    act = blocks.form([blocks.button("read-back", say("unknown.button"))])
    return panel(run.state, say("report.unknown"), [], act)


def upload(run: RunView, frame: Frame, session: Session) -> dict[str, Any]:
    """抄税 is done on the card and the summary not yet sent: the same act again, which now only uploads (上报汇总), without a PIN."""
    button = blocks.button("report", say("report.upload.button", units=units(run.units)))
    return panel(run.state, say("report.upload"), [], blocks.form([button, *stop(run)]))


def declare(run: RunView, frame: Frame, session: Session) -> dict[str, Any]:
    """申报 happens at the tax portal; a practice home files it at the simulated tax office."""
    named, content = units(run.units), [blocks.text(say("declare.text"))]
    look = blocks.button("declaration", say("declare.look", units=named))
    practice = bool(frame.card and frame.card.simulated)
    if run.declaration and not (run.declaration.get("filed") and run.declaration.get("compared")):
        content.insert(0, blocks.text(say("declare.not", sentence=run.declaration.get("sentence", "")), "warning"))
    if practice and not session.filed:
        content.append(blocks.text(say("declare.practice"), "quiet"))
        buttons = [blocks.button("file-return", say("declare.file", units=named)), {**look, "tone": "second"}]
    else:
        if session.filed:
            content = [blocks.text(say("declare.filed"))]
        buttons = [look]
    if session.filed or not practice:  # the tax side may have lost the summary: sending it again is the same upload
        buttons.append(blocks.button("report", say("declare.upload"), tone="quiet", period=run.period))
    if frame.card:
        content.append(types(frame.card))
    return panel(run.state, say("declare.answer"), content, blocks.form([*buttons, *stop(run)]))


def stop(run: RunView) -> list[blocks.Block]:
    """Cancelling needs nothing but the wish, while the point of no return is ahead."""
    return [blocks.button("cancel", say("cancel"), tone="quiet")] if run.cancellable else []
