"""Queries in a notebook (查询): what is written on a magic's line, how old an answer is, and the list of ready-made ones."""

from __future__ import annotations

import keyword
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import sqltext

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
        elif name:
            raise Misspelt("magic.two_names", first=name, second=word)
        elif not word.isidentifier() or keyword.iskeyword(word):
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


def parameters(line: str) -> dict[str, str]:
    """``name=value`` words. Raises ``Misspelt``."""
    given = {}
    for word in _words(line):
        name, sign, value = word.partition("=")
        if not sign or not name.isidentifier():
            raise Misspelt("magic.bad_parameter", text=word)
        given[name] = value
    return given


def as_kind(value: Any, kind: str) -> Any:
    """A parameter's value as its kind is written: a month stands for its first day, lists are split at commas."""
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
    word = "en" if english else "zh"
    return [
        [
            str(query["name"]),
            str(query[word]),
            "；".join(_parameter(each, word) for each in query["params"]) or say("magic.none"),
            " ".join([f"%fapiao {query['name']}", *_example(query["params"])]),
        ]
        for query in queries
    ]


def titles(query: Mapping[str, Any], english: bool) -> tuple[str, dict[str, str]]:
    """What a named query and its columns are called."""
    word = "en" if english else "zh"
    return str(query.get(word, "")), {each["name"]: str(each[word]) for each in query.get("columns", ())}


def _parameter(param: Mapping[str, Any], word: str) -> str:
    if label := param.get(word):
        return f"{param['name']} {label}"
    default = param.get("default")
    told = say("magic.required") if default is None else say("magic.default", value=default)
    return f"{param['name']}（{param['type']}，{told}）"


def _example(params: Sequence[Mapping[str, Any]]) -> list[str]:
    """The first parameter that a person would write by hand."""
    plain = [each for each in params if not str(each["type"]).endswith("[]")]
    return [f"{each['name']}={'2026-10' if each['type'] == 'DATE' else '…'}" for each in plain[:1]]


def written_out(query: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """A named query with its parameters as one SELECT that can be changed and run in a ``%%fapiao`` cell.

    ``""`` where a parameter is only known to the agent (the frozen preview's own).
    """
    sources = {}
    for each in query.get("params", ()):
        value, kind = given.get(each["name"], each.get("default")), each["type"]
        if value is None:
            return ""
        literal = _literal(value) if each["name"] in given else str(value)
        sources[each["name"]] = f"CAST({literal} AS {kind}) AS {each['name']}"
    body = "\n".join(line for line in str(query.get("sql", "")).splitlines() if not line.startswith("-- "))
    return f"WITH asked AS (SELECT {', '.join(sources.values()) or '0'})\n{body}" if body else ""


def _literal(value: Any) -> str:
    return f"[{', '.join(_literal(each) for each in value)}]" if isinstance(value, list) else sqltext.quoted(value)


def age(seconds: float) -> str:
    """How long ago, in words."""
    if seconds < 120:
        return say("sql.age.seconds", n=f"{seconds:.0f}")
    return say("sql.age.minutes", n=f"{seconds / 60:.0f}")


def snapshot(seconds: float, journal: int) -> str:
    """「快照：3 秒前 · 日志第 42 条」: from when the rows are, and up to which record of the journal they go."""
    return say("sql.snapshot", age=age(seconds), journal=f"{journal:,}")
