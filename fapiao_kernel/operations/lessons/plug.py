"""The lesson plug (entry point group ``fapiao.lessons``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from fapiao_kernel.domain.clearing import Run
from fapiao_kernel.ports import Record


class Lesson(Protocol):
    """One lesson. ``fault``: the practice fault it drops in (``""`` none). ``guide``: Markdown keyed by step (``domain.steps.Step``)."""

    @property
    def id(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def fault(self) -> str: ...

    @property
    def guide(self) -> Mapping[str, str]: ...

    def sheet(self, run: Run, records: Sequence[Record]) -> dict[str, Any]:
        """The result sheet (成绩单), plain values in the form of ``api.shapes.ResultSheet``.

        ``records``: the journal's, the refusals noted of the run among them.
        """
        ...
