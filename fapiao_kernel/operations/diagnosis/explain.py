"""Explaining (释义): the catalogue's entries for a pasted code or sentence, however it was typed."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from fapiao_kernel.operations.diagnosis.catalogue import Failure, failures

MOST = 8
"""Entries shown at most; the best match first."""

_NEAR = 0.6
"""An entry scoring less than this part of the best one is left out."""

_SHORTEST_SENTENCE = 4
"""A pasted fragment shorter than this says too little to be looked for inside a symptom."""

_CODE = re.compile(r"(?<![\w.\-])[0-9a-z_]+(?!\w|[.\-]\d)", re.ASCII)
"""A word that may be a code: not a part of an amount or a date."""
_PLAIN_NUMBER = re.compile(r"\d{1,5}")


def explain(text: str) -> list[Failure]:
    """Entries that the text points to, best first; empty when it is unknown, and the caller says so.

    A code stands alone or inside a longer message (``错误码：0x0963C2``, ``SW 63C2``); full-width letters, digits and signs count
    as their half-width forms; a bare number of one or two digits counts only when it stands alone or after a word for "code".
    """
    wanted = normal(text)
    if not wanted:
        return []
    scored = [(score, f) for f in failures() if (score := _score(f, wanted))]
    scored.sort(key=lambda pair: (-pair[0], pair[1].number))
    best = scored[0][0] if scored else 0
    return [f for score, f in scored if score >= best * _NEAR][:MOST]


def normal(text: str) -> str:
    """Half width, lower case, ``SW`` and ``0x`` marks apart, one space between words."""
    flat = unicodedata.normalize("NFKC", text).lower().replace("，", ",").replace("。", ".")
    flat = re.sub(r"\b0x(?=[0-9a-f])", "", flat)
    flat = re.sub(r"\bsw[\s:=]*(?=[0-9a-f])", "sw ", flat)
    # "63 C2" and "90 00": a status word written as two bytes.
    flat = re.sub(r"\b(sw |^)([0-9a-f]{2}) ([0-9a-f]{2})(?=$|\W)", r"\1\2\3", flat.strip())
    return " ".join(flat.split())


def _score(failure: Failure, wanted: str) -> int:
    tokens = tuple(_CODE.findall(wanted))
    best = 0
    for code in failure.codes:
        best = max(best, _code_score(normal(code), wanted, tokens))
    return max(best, _sentence_score(normal(failure.symptom), wanted))


def _code_score(code: str, wanted: str, tokens: tuple[str, ...]) -> int:
    if not re.fullmatch(r"[0-9a-z_ ]+", code):
        return 500 + len(code) if code in wanted else _sentence_score(code, wanted)
    bare = code.removeprefix("sw ").strip()
    pattern = _pattern(bare)
    if pattern.fullmatch(wanted.removeprefix("sw ")):
        return 1000
    if _PLAIN_NUMBER.fullmatch(bare) and len(bare) < 3:
        # "2" or "36" is everywhere in a message; it is a code only where the message calls it one.
        named = re.search(rf"(?:code|retcode|代码|错误码|错误|编号|error)\D{{0,3}}\b0*{bare}\b", wanted)
        return 900 if named else 0
    if any(pattern.fullmatch(token) for token in tokens):
        return 800 + len(bare)
    return 0


@cache
def _pattern(code: str) -> re.Pattern[str]:
    """A code as a pattern: ``x`` after hex digits is one hex digit; a leading 0 of a hex form may be missing or doubled."""
    wild = re.sub(r"(?<=[0-9a-f])x(?![a-z])", "[0-9a-fx]", re.escape(code))
    return re.compile(f"0{{0,2}}{wild}" if re.match(r"[0-9]", code) else wild)


def _sentence_score(told: str, wanted: str) -> int:
    """How much of a catalogue sentence and the pasted one agree: the longest run of pairs of characters they share."""
    if wanted in told and len(wanted) >= _SHORTEST_SENTENCE:
        return 600 + len(wanted)
    if told in wanted and len(told) >= _SHORTEST_SENTENCE:
        return 600 + len(told)
    pasted, own = _pairs(wanted), _pairs(told)
    if len(pasted) < _SHORTEST_SENTENCE or len(own) < _SHORTEST_SENTENCE:
        return 0
    shared = len(pasted & own) / min(len(pasted), len(own))
    return round(shared * 400) if shared >= 0.6 else 0


def _pairs(text: str) -> set[str]:
    """Pairs of neighbouring Chinese characters."""
    runs = re.findall(r"[\u4e00-\u9fff]+", text)
    return {run[i : i + 2] for run in runs for i in range(len(run) - 1)}
