"""Practice and lessons (练习) over the wire."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from fapiao_kernel.api.ledger import FileView
from fapiao_kernel.api.shapes import Shape


class PracticeRequest(Shape):
    """``invoices``: the user's own files or folders in place of the sample month. ``fault``: one fault by name. ``plugin``: which
    practice plugin makes the world (``fapiao.practice``); empty: ours."""

    size: int = 2000
    seed: int = 20261
    invoices: list[str] = []
    fault: str = ""
    plugin: str = ""


class PracticeView(Shape):
    card: str
    authority: str
    taxpayer_id: str
    taxpayer_name: str
    device_number: str
    files: list[str]
    pin: str = Field(repr=False)
    fault: str = ""
    fresh: bool
    """Whether this call made the world (false: it was there and is attached again)."""
    imports: list[FileView] = []
    """Findings of the user's own files, when these were given."""
    seconds: dict[str, float] = {}


class ResultSheet(Shape):
    """A trainee's result sheet (成绩单): tasks ticked from the run itself, with what would have been right."""

    lesson: str
    title: str
    run: str
    tasks: list[dict[str, Any]]
    score: int
    out_of: int
    passed: bool
