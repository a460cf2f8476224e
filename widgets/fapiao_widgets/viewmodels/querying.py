"""Queries in a notebook (查询): what is written on a magic's line, how old an answer is, and the list of ready-made ones."""

from __future__ import annotations

import keyword
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fapiao_widgets.text import say

LIMIT = 100_000
"""Rows of an answer, unless asked otherwise (the agent's own default)."""
SECONDS = 30.0
"""Seconds that a query may take, unless asked otherwise (the agent's own default)."""
FORMS = ("grid", "df", "relation")
_MONTH = re.compile(r"\d{4}-\d{2}")


class Misspelt(ValueError):
    """A magic's line that cannot be read: the text is the sentence to show, with how it is written behind it."""

    def __init__(self, key: str, **facts: object) -> None:
        super().__init__(f"{say(key, **facts)}\n{say('magic.usage')}")


@dataclass(frozen=True)
class Asked:
    """What a ``%%fapiao`` cell asks: the query, the variable that keeps its answer (``""``: none), and in which form."""

    sql: str
    name: str = ""
    form: str = "grid"
    limit: int = LIMIT
    seconds: float = SECONDS


def read(line: str, cell: str) -> Asked:
    """A ``%%fapiao`` cell. Raises ``Misspelt``. Whether it is one statement that only reads is for the ledger to say."""
    words, found = _words(line), {"limit": LIMIT, "seconds": SECONDS}
    name, forms = "", []
    while words:
        word = words.pop(0)
        option, given, value = word.partition("=")
        if option in ("--limit", "--seconds"):
            text = value if given else (words.pop(0) if words else "")
            found[option[2:]] = _number(option, text)
        elif word.startswith("--") and word[2:] in FORMS:
            forms.append(word[2:])
        elif word.startswith("-"):
            raise Misspelt("magic.unknown_option", text=word)
        elif name or not word.isidentifier() or keyword.iskeyword(word):
            raise Misspelt("magic.bad_name", text=word)
        else:
            name = word
    if len(set(forms)) > 1:
        raise Misspelt("magic.one_form")
    if not cell.strip():
        raise Misspelt("magic.empty")
    return Asked(cell, name, forms[0] if forms else "grid", int(found["limit"]), float(found["seconds"]))


def _number(option: str, text: str) -> float:
    wanted = r"\d{1,9}" if option == "--limit" else r"\d{1,6}(\.\d+)?"
    if not re.fullmatch(wanted, text) or float(text) <= 0:
        raise Misspelt("magic.needs_number", option=option)
    return float(text)


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise Misspelt("magic.bad_parameter", text=line) from error


def parameters(line: str, query: Mapping[str, Any]) -> dict[str, Any]:
    """``name=value`` words as the named query declares them: a month stands for its first day, lists are split at commas."""
    kinds = {each["name"]: str(each["type"]) for each in query.get("params", ())}
    given: dict[str, Any] = {}
    for word in _words(line):
        name, sign, value = word.partition("=")
        if not sign or not name.isidentifier():
            raise Misspelt("magic.bad_parameter", text=word)
        given[name] = as_kind(value, kinds.get(name, ""))
    return given


def as_kind(value: Any, kind: str) -> Any:
    """A parameter's value for the wire."""
    if not isinstance(value, str):
        return value
    if kind.endswith("[]"):
        return [as_kind(each.strip(), kind[:-2]) for each in value.split(",") if each.strip()]
    return f"{value}-01" if kind == "DATE" and _MONTH.fullmatch(value) else value


def find(name: str, queries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The named query's own description; ``{}`` where it is not listed (the ledger then says so itself)."""
    return next((query for query in queries if query["name"] == name or name in query.get("also", ())), {})


def listing(queries: Sequence[Mapping[str, Any]], english: bool) -> list[list[str]]:
    """Rows of the list: name, what it shows, parameters, how to write it."""
    return [
        [
            str(query["name"]),
            str(query["en" if english else "zh"]),
            "；".join(_parameter(each) for each in query["params"]) or say("magic.none"),
            " ".join([f"%fapiao {query['name']}", *(_example(each) for each in query["params"][:1])]),
        ]
        for query in queries
    ]


def _parameter(param: Mapping[str, Any]) -> str:
    default = param.get("default")
    told = say("magic.required") if default is None else say("magic.default", value=default)
    label = param.get("zh") or ""
    return f"{param['name']} {label}（{param['type']}，{told}）".replace(" （", "（")


def _example(param: Mapping[str, Any]) -> str:
    value = {"DATE": "2026-10", "BIGINT[]": "1,2", "INTEGER[]": "1,2"}.get(str(param["type"]), "…")
    return f"{param['name']}={value}"


def age(seconds: float) -> str:
    """How long ago, in words."""
    if seconds < 120:
        return say("sql.age.seconds", n=f"{seconds:.0f}")
    return say("sql.age.minutes", n=f"{seconds / 60:.0f}")


def snapshot(seconds: float, journal: int) -> str:
    """「快照：3 秒前 · 日志第 42 条」: from when the rows are, and up to which record of the journal they go."""
    return say("sql.snapshot", age=age(seconds), journal=f"{journal:,}")
