"""The render model's vocabulary (画面的积木): each function gives one block as a plain JSON object that the front end draws.

A view model says *what* is shown, in these blocks; the front end alone knows *how*.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Block = dict[str, Any]


def text(words: str, tone: str = "") -> Block:
    """A sentence. ``tone``: ``""``, ``warning`` or ``quiet``."""
    return {"kind": "text", "text": words, "tone": tone}


def facts(rows: Sequence[tuple[str, str]]) -> Block:
    """Label and value pairs."""
    return {"kind": "facts", "rows": [list(row) for row in rows]}


def table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[int] = ()) -> Block:
    """A table; ``numeric`` are the columns that are right-aligned with tabular figures."""
    return {
        "kind": "table",
        "caption": caption,
        "columns": [{"text": name, "num": at in numeric} for at, name in enumerate(columns)],
        "rows": [list(row) for row in rows],
    }


def items(caption: str, entries: Sequence[Block], *, inline: bool = False) -> Block:
    """A list of statements, each with icon, word and tone (nothing by colour alone); ``inline``: side by side."""
    return {"kind": "items", "caption": caption, "items": list(entries), "inline": inline}


def item(icon: str, word: str, tone: str, title: str, detail: str = "", remedy: str = "") -> Block:
    """One line of a list: icon, word and colour say the same."""
    return {"icon": icon, "word": word, "tone": tone, "title": title, "detail": detail, "remedy": remedy}


def field(name: str, label: str, *, hint: str = "", secret: bool = False, example: str = "") -> Block:
    """An input, found by its class ``fp-in-<name>``. A secret one is a password field, emptied as soon as it is sent."""
    return {"name": name, "label": label, "hint": hint, "secret": secret, "example": example}


def button(act: str, label: str, *, tone: str = "main", **payload: Any) -> Block:
    """A button, found by its class ``fp-act-<act>``; clicking sends ``{"do": act, **payload, **the form's inputs}``."""
    return {"act": act, "label": label, "tone": tone, "payload": payload}


def form(buttons: Sequence[Block], fields: Sequence[Block] = (), *, note: str = "") -> Block:
    """Inputs and their buttons."""
    return {"kind": "form", "fields": list(fields), "buttons": list(buttons), "note": note}


def progress(label: str, done: int, total: int) -> Block:
    """Measured progress; ``total`` 0 when it is not known (then no percentage is drawn)."""
    return {"kind": "progress", "label": label, "done": done, "total": total}


def lanes(caption: str, names: Sequence[tuple[str, str]], rows: Sequence[Block]) -> Block:
    """The timeline (时间线): one column a lane, one row a record ``{"lane", "time", "text", "more"}``."""
    return {"kind": "lanes", "caption": caption, "lanes": [list(name) for name in names], "rows": list(rows)}


def more(summary: str, blocks: Sequence[Block]) -> Block:
    """Blocks that open on a click."""
    return {"kind": "more", "summary": summary, "blocks": list(blocks)}


def cards(entries: Sequence[Block]) -> Block:
    """Choices side by side, each ``{"title", "blocks"}``."""
    return {"kind": "cards", "cards": list(entries)}


def links(entries: Sequence[tuple[str, str]]) -> Block:
    """Links to other notebooks: text and path relative to the notebooks' root."""
    return {"kind": "links", "links": [list(entry) for entry in entries]}
