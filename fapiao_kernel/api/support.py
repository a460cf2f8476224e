"""Diagnosis (诊断) over the wire."""

from __future__ import annotations

from typing import Any

from fapiao_kernel.api.runs import CheckView, RunView
from fapiao_kernel.api.shapes import CardView, Shape


class ExplainRequest(Shape):
    """A pasted code or sentence."""

    text: str


class FailureView(Shape):
    """One entry of the failure catalogue (domain note 7): meaning → check → fix → who."""

    number: int
    codes: list[str]
    symptom: str
    cause: str
    check: str
    fix: str
    who: str
    source: str


class Diagnosis(Shape):
    """``answer`` is the sentence to 「设备到底清了没有」, ``ground`` how we know; the rest is the state behind it."""

    answer: str
    answer_en: str
    cleared: bool | None
    ground: list[str]
    card: CardView | None
    run: RunView | None
    journal: dict[str, Any]
    checks: list[CheckView]
    versions: dict[str, str]
    timeline: list[dict[str, Any]]
