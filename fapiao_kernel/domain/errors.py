"""Errors (错误): each with a code, what is known of its effect, what to do, and who does it.

Sentences live in ``messages/*.toml``, one file a room, keyed by code; call sites give the code and the facts.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from fapiao_kernel.domain.finding import Effect, Finding, Severity, Who


@dataclass(frozen=True)
class Message:
    """One entry of the catalogue: sentence and remedy in Chinese and English, templates with ``{facts}``."""

    code: str
    zh: str
    en: str
    remedy_zh: str
    remedy_en: str
    who: Who
    effect: Effect
    severity: Severity

    def sentence(self, facts: Mapping[str, object]) -> str:
        return _fill(self.en if english() else self.zh, facts)

    def remedy(self, facts: Mapping[str, object]) -> str:
        return _fill(self.remedy_en if english() else self.remedy_zh, facts)


class FapiaoError(Exception):
    """Anything that stops an act. ``effect`` says what is known of the device; ``original`` is the raw answer, masked.

    ``exit_code`` follows DESIGN §10: 2 wrong use, 3 refused by a gate, 4 outcome unknown, 5 agent or device not reachable.
    """

    exit_code = 3

    def __init__(self, code: str, *, effect: Effect | None = None, original: str = "", **facts: object) -> None:
        entry = message(code)
        self.code = code
        self.facts = facts
        self.sentence = entry.sentence(facts)
        self.remedy = entry.remedy(facts)
        self.who = entry.who
        self.effect = effect or entry.effect
        self.severity = entry.severity
        self.original = original
        super().__init__(f"{code}: {self.sentence}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Whole across a process boundary, in the words that it was raised with."""
        return _again, (type(self), self.args, self.__dict__.copy())

    def finding(self, row: int | None = None) -> Finding:
        """The same statement as a finding."""
        severity = self.severity if self.severity is not Severity.OK else Severity.BLOCKER
        return Finding(self.code, severity, self.sentence, self.original, self.remedy, self.who, self.effect, row)


def _again(kind: type[FapiaoError], args: tuple[Any, ...], state: Mapping[str, Any]) -> FapiaoError:
    error = kind.__new__(kind)
    Exception.__init__(error, *args)
    error.__dict__.update(state)
    return error


class UsageError(FapiaoError):
    """Wrong use: an argument that cannot be meant (exit 2)."""

    exit_code = 2


class Refused(FapiaoError):
    """A gate, the card or the authority said no, and nothing was changed (exit 3)."""

    @classmethod
    def of(cls, found: Finding) -> Refused:
        """The refusal that a finding makes: its own code, sentence, remedy and owner, word for word."""
        error = cls.__new__(cls)
        Exception.__init__(error, f"{found.code}: {found.message}")
        error.code, error.facts = found.code, {}
        error.sentence, error.remedy, error.who = found.message, found.remedy, found.who
        error.effect, error.severity, error.original = found.effect, found.severity, found.evidence
        return error


class OutcomeUnknown(FapiaoError):
    """A device act was sent and its answer is missing (exit 4): only a read-back settles it."""

    exit_code = 4

    def __init__(self, code: str, *, original: str = "", **facts: object) -> None:
        super().__init__(code, effect=Effect.UNKNOWN, original=original, **facts)


class NotReachable(FapiaoError):
    """Agent, device or authority cannot be reached (exit 5). ``effect`` tells whether anything had been sent."""

    exit_code = 5


class Cancelled(FapiaoError):
    """A person stopped it (取消) before anything of it counted: nothing half done stays (exit 3)."""

    def __init__(self, code: str = "import_cancelled", **facts: object) -> None:
        super().__init__(code, effect=None, original="", **facts)


class ProtocolError(FapiaoError):
    """Bytes that do not follow the protocol: the answer cannot be trusted (exit 5)."""

    exit_code = 5


def finding(
    code: str,
    *,
    severity: Severity | None = None,
    evidence: str = "",
    row: int | None = None,
    weight: int = 0,
    **facts: object,
) -> Finding:
    """A finding with the catalogue's sentence, remedy and owner."""
    entry = message(code)
    return Finding(
        code,
        severity or entry.severity,
        entry.sentence(facts),
        evidence,
        entry.remedy(facts),
        entry.who,
        entry.effect,
        row,
        weight,
    )


def message(code: str) -> Message:
    """The catalogue's entry; an unknown code is a bug of ours and says so (``KeyError``)."""
    return catalogue()[code]


@cache
def catalogue() -> Mapping[str, Message]:
    """Every message of every room. A code that stands in two files is refused (``ValueError``)."""
    entries: dict[str, Message] = {}
    folder = resources.files("fapiao_kernel.domain") / "messages"
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".toml"):
            continue
        for code, fields in tomllib.loads(file.read_text(encoding="utf-8")).items():
            if code in entries:
                raise ValueError(f"message code twice: {code} ({file.name})")
            entries[code] = _entry(code, fields)
    return entries


def _entry(code: str, fields: Mapping[str, str]) -> Message:
    return Message(
        code,
        fields["zh"],
        fields["en"],
        fields.get("remedy_zh", ""),
        fields.get("remedy_en", ""),
        Who(fields.get("who", "me")),
        Effect(fields.get("effect", "NOT_SENT")),
        Severity(fields.get("severity", "blocker")),
    )


def _fill(template: str, facts: Mapping[str, object]) -> str:
    return template.format_map({key: str(value) for key, value in facts.items()})


def english() -> bool:
    """Whether sentences are in English; Chinese unless ``FAPIAO_LANG=en``."""
    return os.environ.get("FAPIAO_LANG", "zh").lower().startswith("en")
