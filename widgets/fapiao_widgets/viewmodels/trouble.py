"""The failure card (失败卡片): what happened, whether the device was changed, what to do, who does it, the code. Nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fapiao_kernel.api.runs import CheckView
from fapiao_kernel.api.shapes import ErrorView, FindingView
from fapiao_kernel.client import RequestError
from fapiao_kernel.domain.errors import FapiaoError
from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import blocks
from fapiao_widgets.viewmodels.formats import word

REFUSALS = (RequestError, FapiaoError)
"""What a request to the agent may end in; each becomes a failure card."""

_TONES = {"ok": "good", "info": "quiet", "warning": "warning", "blocker": "bad", "unknown": "bad"}
_ICONS = {"ok": "✓", "info": "i", "warning": "!", "blocker": "✕", "unknown": "?"}


@dataclass(frozen=True)
class Trouble:
    """What a failure card says, whatever it came from."""

    code: str
    sentence: str
    effect: str
    remedy: str
    who: str
    original: str = ""

    @classmethod
    def of_error(cls, error: Any) -> Trouble:
        """From the client's ``RequestError``, an ``ErrorView`` or any ``FapiaoError``."""
        return cls(
            str(error.code),
            str(error.sentence),
            str(getattr(error.effect, "value", error.effect)),
            str(error.remedy),
            str(getattr(error.who, "value", error.who)),
            str(error.original),
        )

    @classmethod
    def of_reading(cls, error: Any) -> Trouble:
        """From what only reads the ledger: the device was not changed, whatever became of the answer."""
        return replace(cls.of_error(error), effect="NOT_SENT")

    @classmethod
    def of_finding(cls, finding: FindingView) -> Trouble:
        return cls(finding.code, finding.message, finding.effect, finding.remedy, finding.who, finding.evidence)


def gone(error: Any) -> bool:
    """Whether there is no agent: connecting anew starts one."""
    return str(error.code) == "agent_unreachable"


def card(trouble: Trouble, copy: str = "") -> blocks.Block:
    """The failure card's block; ``copy`` is what 「复制给支持」 puts on the clipboard."""
    rows = [
        [say("fail.what"), trouble.sentence],
        [say("fail.effect"), word("effect", trouble.effect)],
        [say("fail.do"), trouble.remedy or say("none")],
        [say("fail.who"), word("who", trouble.who)],
        [say("fail.code"), trouble.code],
    ]
    if trouble.original:
        rows.append([say("fail.original"), trouble.original])
    lines = "\n".join(f"{label}：{value}" for label, value in rows)
    return {
        "kind": "failure",
        "rows": rows,
        "effect": trouble.effect,
        "copy": "\n".join(part for part in (lines, copy) if part),
        "copy_label": say("foot.support"),
    }


def check_items(checks: list[CheckView]) -> blocks.Block:
    """Checks with those that hold the clear up first: 'unknown' is not 'ok'."""
    order = ["blocker", "unknown", "warning", "info", "ok"]
    ranked = sorted(checks, key=lambda c: order.index(c.finding.severity) if c.finding.severity in order else 0)
    return blocks.items(say("checks"), [_check(check) for check in ranked])


def _check(check: CheckView) -> blocks.Block:
    finding = check.finding
    remedy = f"{finding.remedy}（{word('who', finding.who)}）" if finding.remedy and finding.severity != "ok" else ""
    return blocks.item(
        _ICONS.get(finding.severity, "?"),
        word("check", finding.severity),
        _TONES.get(finding.severity, "bad"),
        check.title,
        " · ".join(part for part in (finding.message, finding.evidence) if part),
        remedy,
    )


def finding_items(caption: str, findings: list[FindingView]) -> blocks.Block:
    """Findings of a preview or an import, without a card each."""
    return blocks.items(
        caption,
        [
            _check(CheckView(name=f.code, title=f.message, finding=f.model_copy(update={"message": ""})))
            for f in findings
        ],
    )


def problem(error: ErrorView) -> blocks.Block:
    """The failure card of an error."""
    return card(Trouble.of_error(error))


def support_text(parts: Mapping[str, object]) -> str:
    """What 「复制给支持」 copies: state names, codes and versions; no secret and no invoice."""
    return "\n".join(f"{key}: {value}" for key, value in parts.items() if value not in ("", None))
