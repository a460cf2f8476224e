"""The PIN at the terminal: never made up, and where nobody can type it, none."""

from __future__ import annotations

import getpass
import io

import pytest

from fapiao_kernel.cli.preview import pin


def test_where_nobody_can_type_it_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr(getpass, "getpass", ended)
    assert pin(from_stdin=False)() == "", "an empty one is never shown to a card"


def test_without_a_terminal_the_next_line_of_stdin_is_no_pin(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_terminal(*given: object, **more: object) -> int:
        raise OSError

    monkeypatch.setattr("os.open", no_terminal)  # of /dev/tty
    monkeypatch.setattr("sys.stdin", io.StringIO("12345678\n"))
    assert pin(from_stdin=False)() == ""
