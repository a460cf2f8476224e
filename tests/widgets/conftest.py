"""A client that answers from shapes and writes down what was asked of it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

_spec = importlib.util.spec_from_file_location("widget_shapes", Path(__file__).parent / "shapes.py")
assert _spec and _spec.loader
shapes = importlib.util.module_from_spec(_spec)
sys.modules["widget_shapes"] = shapes
_spec.loader.exec_module(shapes)

ACTS = ("check", "backup", "report", "declaration", "preview", "confirm", "execute", "read_back", "conclude", "cancel",
        "file_return", "open_run", "practice_start", "import_files", "lesson_start", "stop", "practice_stop")  # fmt: skip


class FakeClient:
    """``cards`` and ``runs`` are what there is; ``asked`` is every call by name; ``refuse`` maps a name to what it raises."""

    def __init__(self, cards: list[Any] | None = None, runs: list[Any] | None = None) -> None:
        self.cards = [shapes.card()] if cards is None else cards
        self.views = {r.id: r for r in runs or []}
        self.asked: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.refuse: dict[str, Exception] = {}

    @property
    def acts(self) -> list[str]:
        return [name for name, _, _ in self.asked if name in ACTS]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self.asked.append((name, args, kwargs))
            if name in self.refuse:
                raise self.refuse[name]
            return getattr(self, f"_{name}", lambda *a, **k: None)(*args, **kwargs)

        return call

    def _status(self) -> Any:
        return shapes.status(self.cards, list(self.views.values()))

    def _run(self, id: str) -> Any:
        return self.views[id]

    def _open_run(self, card: str, **asked: Any) -> Any:
        from fapiao_kernel.domain.clearing import State

        view = shapes.run(State.OPENED, card=card)
        self.views[view.id] = view
        return view

    def _practice(self) -> Any:
        from fapiao_kernel.api.practice import PracticeView

        return PracticeView(
            card=shapes.ADDRESS,
            authority="http://127.0.0.1:2",
            taxpayer_id="91330106MA2TEST01X",
            taxpayer_name="杭州练习商贸有限公司",
            device_number=shapes.DEVICE,
            files=[],
            pin=shapes.PIN,
            fault="answer_lost",
            fresh=False,
        )

    def _confirm(self, run: str, revision: str, tail: str, period: str) -> Any:
        from fapiao_kernel.api.runs import Confirmed

        return Confirmed(revision=revision, token="t-secret", expires_at=shapes.TIME)

    def _invoices(self, run: str, after: str = "", limit: int = 200) -> Any:
        row = {"invoice_type": "004", "code": "3300264130", "number": "00000001", "issue_date": "2026-10-03"}
        return {
            "rows": [{**row, "amount": "1000.00", "tax": "130.00", "total": "1130.00"}] * min(limit, 8),
            "next": None,
        }


@pytest.fixture
def client() -> FakeClient:
    return FakeClient()


@pytest.fixture
def published() -> list[dict[str, Any]]:
    return []
