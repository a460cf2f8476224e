"""The PIN at the terminal: never made up, and where nobody can type it, none."""

from __future__ import annotations

import getpass

import pytest

from fapiao_kernel.cli.preview import pin


def test_where_nobody_can_type_it_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr(getpass, "getpass", ended)
    assert pin(from_stdin=False)() == "", "an empty one is never shown to a card"
