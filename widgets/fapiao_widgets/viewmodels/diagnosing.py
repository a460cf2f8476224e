"""The support page (诊断): 「设备到底清了没有？」 first, its ground, then the state of everything, the timeline, and the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fapiao_kernel.api.recovery import SituationView
from fapiao_kernel.api.runs import RunView
from fapiao_kernel.api.support import Diagnosis, FailureView
from fapiao_kernel.domain.errors import english
from fapiao_widgets.text import known, say
from fapiao_widgets.viewmodels import blocks, recovering
from fapiao_widgets.viewmodels.closing import before_after
from fapiao_widgets.viewmodels.formats import moment, word
from fapiao_widgets.viewmodels.frame import heading, panel, whole
from fapiao_widgets.viewmodels.model import Model, Publish
from fapiao_widgets.viewmodels.preparing import types
from fapiao_widgets.viewmodels.trouble import card, check_items, problem

LANES = ("operator", "program", "device", "authority")


class Diagnose(Model):
    """Reads, and recovers by what was read: nothing here is ever sent to a device that could change it."""

    title = "title.diagnose"
    help = "diagnose"

    def __init__(self, client: Any, publish: Publish) -> None:
        super().__init__(client, publish)
        self.asked = ""
        self.found: list[FailureView] | None = None
        self.situation: SituationView | None = None

    def draw(self) -> dict[str, Any]:
        diagnosis: Diagnosis = self.client.diagnosis()
        frame = self.frame(diagnosis.card, diagnosis.run)
        content: list[blocks.Block] = [card(self.trouble)] if self.trouble else []
        if diagnosis.ground:
            content.append(
                blocks.items(say("diagnose.ground"), [blocks.item("•", "", "", ground) for ground in diagnosis.ground])
            )
        content += [
            *self._looked(diagnosis),
            *self._explained(),
            *_card(diagnosis),
            *_run(diagnosis.run),
            _journal(diagnosis.journal),
        ]
        if diagnosis.checks:
            content.append(check_items(diagnosis.checks))
        content.append(timeline(diagnosis.timeline))
        content.append(blocks.more(say("diagnose.versions"), [blocks.facts(sorted(diagnosis.versions.items()))]))
        answer = diagnosis.answer_en if english() else diagnosis.answer
        state = {True: "done", False: "active", None: "attention"}[diagnosis.cleared]
        paste = blocks.field("text", say("diagnose.paste"))
        act = blocks.form(
            [
                blocks.button("explain", say("diagnose.explain"), tone="second"),
                blocks.button("again", say("diagnose.again"), tone="quiet"),
            ],
            [paste],
        )
        return whole(frame, panel("diagnose", answer or say("diagnose.nothing"), content, act, state=state))

    def acts(self) -> Mapping[str, Callable[[dict[str, Any]], None]]:
        return {
            "explain": self._explain,
            "again": lambda _: None,
            "look-back": self._look_back,
            "continue-from-device": self._continue,
            "false-alarm": self._false_alarm,
        }

    def handle(self, intent: Mapping[str, Any]) -> None:
        self.situation = None
        super().handle(intent)

    def _looked(self, diagnosis: Diagnosis) -> list[blocks.Block]:
        """The four witnesses once they were asked; else the button that asks them."""
        if self.situation is not None:
            return recovering.situation(self.situation)
        return [recovering.offer(diagnosis.card.address)] if diagnosis.card is not None else []

    def _look_back(self, inputs: dict[str, Any]) -> None:
        self.situation = self.client.look_back(str(inputs["card"]))

    def _continue(self, inputs: dict[str, Any]) -> None:
        """What it led to is looked at once more: the answer stays on the screen."""
        card = str(inputs["card"])
        self.client.continue_from_device(card)
        self.situation = self.client.look_back(card)

    def _false_alarm(self, inputs: dict[str, Any]) -> None:
        card = str(inputs["card"])
        self.client.false_alarm(card, str(inputs.get("statement", "")))
        self.situation = self.client.look_back(card)

    def _explain(self, inputs: dict[str, Any]) -> None:
        self.asked = str(inputs.get("text", "")).strip()
        answer = self.client.explain(self.asked) if self.asked else None
        self.found = None if answer is None else [_failure(entry) for entry in _entries(answer)]

    def _explained(self) -> list[blocks.Block]:
        if self.found is None:
            return []
        if not self.found:
            return [blocks.text(say("diagnose.unknown"), "warning")]
        shown = [blocks.text(say("diagnose.found", n=len(self.found)))]
        for entry in self.found[:5]:
            shown.append(
                blocks.facts(
                    [
                        (say("failure.codes"), say("join").join(entry.codes) or say("none")),
                        (say("failure.symptom"), entry.symptom),
                        (say("failure.cause"), entry.cause),
                        (say("failure.check"), entry.check),
                        (say("failure.fix"), entry.fix),
                        (say("failure.who"), word("who", entry.who)),
                        (say("failure.source"), entry.source),
                    ]
                )
            )
        return shown


def _entries(answer: Any) -> list[Any]:
    return list(answer.get("failures", [])) if isinstance(answer, dict) else list(answer)


def _failure(entry: Any) -> FailureView:
    return entry if isinstance(entry, FailureView) else FailureView.model_validate(entry)


def _card(diagnosis: Diagnosis) -> list[blocks.Block]:
    if diagnosis.card is None:
        return []
    shown = [problem(diagnosis.card.problem)] if diagnosis.card.problem else []
    return [*shown, blocks.facts([(say("diagnose.card"), diagnosis.card.address)]), types(diagnosis.card)]


def _run(run: RunView | None) -> list[blocks.Block]:
    if run is None:
        return []
    text = f"{run.id} · {heading(run.step)} · {word('run', run.verdict)} · {moment(run.opened_at)}"
    return [blocks.facts([(say("diagnose.run"), text)]), before_after(run)]


def _journal(journal: Mapping[str, Any]) -> blocks.Block:
    bad = journal.get("first_bad")
    if bad:
        text = say("diagnose.journal.bad", **{key: bad.get(key, "") for key in ("line", "file", "reason")})
    elif journal.get("cut"):
        text = str(journal["cut"])
    else:
        text = say("diagnose.journal.ok", records=journal.get("records", 0))
    return blocks.facts([(say("diagnose.journal"), text)])


def timeline(records: list[dict[str, Any]]) -> blocks.Block:
    """Lanes 操作员 | 程序 | 设备 | 税局; each record opens down to what was written."""
    rows = []
    for record in records:
        lane = str(record.get("lane", "program"))
        rows.append(
            {
                "lane": lane if lane in LANES else "program",
                "time": moment(str(record.get("time", ""))),
                "text": str(record.get("en" if english() and record.get("en") else "text", record.get("kind", ""))),
                "more": {k: v for k, v in record.items() if k not in ("lane", "time", "text", "en")},
            }
        )
    return blocks.lanes(
        say("diagnose.timeline"), [(lane, say(f"lane.{lane}")) for lane in LANES if known(f"lane.{lane}")], rows
    )
