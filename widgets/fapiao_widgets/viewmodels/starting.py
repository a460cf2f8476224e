"""The start choice (第一次打开): 「没有设备也可以先试一遍」 or 「发现设备」; and the landing page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import blocks
from fapiao_widgets.viewmodels.formats import dated, units, word
from fapiao_widgets.viewmodels.frame import Frame, attach_bar, heading, panel, whole
from fapiao_widgets.viewmodels.importing import JOB
from fapiao_widgets.viewmodels.model import Model
from fapiao_widgets.viewmodels.preparing import verdict
from fapiao_widgets.viewmodels.trouble import Trouble, card

CLEAR_NOTEBOOK = "operator/monthly-clear.ipynb"


def choice(frame: Frame, trouble: Trouble | None) -> dict[str, Any]:
    """No card yet: never an empty page."""
    practice = blocks.form(
        [blocks.button("practice-start", say("start.practice.button"))],
        [blocks.field("paths", say("start.practice.own"))],
    )
    device = blocks.form(
        [blocks.button("open-device", say("start.device.button"), tone="second")],
        [blocks.field("address", say("start.device.address"))],
    )
    content = [card(trouble)] if trouble else []
    work = [w for w in frame.status.work if w.id != JOB] if frame.status else []  # an import is shown by who offers it
    if work:
        content += [blocks.progress(w.label, w.done, w.total) for w in work]
        return panel("choice-work", work[0].label, content, step="prepare", state="active")
    content.append(
        blocks.cards(
            [
                {"title": say("start.practice"), "blocks": [blocks.text(say("start.practice.text")), practice]},
                {"title": say("start.device"), "blocks": [blocks.text(say("start.device.text")), device]},
            ]
        )
    )
    return panel("choice", say("start.question"), content, step="prepare", heading=heading("prepare"), state="active")


class Start(Model):
    """The landing page: what is here, what is under way, and where to go."""

    title = "title.start"
    help = "start"

    def draw(self) -> dict[str, Any]:
        assert self.status is not None
        cards = self.status.cards
        if not cards:
            frame = self.frame()
            return whole(frame, {**choice(frame, self.trouble), "heading": ""})
        first = cards[0]
        open_runs = [r for r in self.status.runs if not r.over]
        run = self.client.run(open_runs[0].id) if open_runs else None
        frame = self.frame(first, run)
        content = [card(self.trouble)] if self.trouble else []
        content += [
            blocks.table(
                say("start.cards"),
                [say("id.name"), say("id.device"), say("col.verdict"), say("col.lock")],
                [
                    [
                        c.taxpayer_name,
                        c.device_number,
                        word("verdict", c.verdict).strip("。. "),
                        dated(c.lock_date, c.clock),
                    ]
                    for c in cards
                ],
            ),
            blocks.text(say("start.open")),
            blocks.links([(say("start.link"), CLEAR_NOTEBOOK)]),
        ]
        ready = (
            say("start.ready", name=first.taxpayer_name, device=first.device_number)
            if first.simulated
            else verdict(first)
        )
        answer = say("start.one", run=units(run.units)) if run else ready
        if len(open_runs) > 1:
            answer = say("start.many", n=len(open_runs))
        return whole(frame, panel("start", answer, content), attach=attach_bar(self.status.runs, run, CLEAR_NOTEBOOK))

    def acts(self) -> Mapping[str, Callable[[dict[str, Any]], None]]:
        return {"practice-start": self._practice, "open-device": self._device}

    def _practice(self, inputs: dict[str, Any]) -> None:
        own = [line.strip() for line in str(inputs.get("paths", "")).splitlines() if line.strip()]
        self.client.practice_start(**({"invoices": own} if own else {}))

    def _device(self, inputs: dict[str, Any]) -> None:
        self.client.open_run(str(inputs.get("address", "")).strip())
