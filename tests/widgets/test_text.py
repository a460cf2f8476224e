"""Sentences, formats and layers."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import fapiao_widgets
import pytest
from fapiao_widgets.text import ALL_EN as EN
from fapiao_widgets.text import ALL_ZH as ZH
from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import formats
from hypothesis import given
from hypothesis import strategies as st

from fapiao_kernel.domain.money import text as money_text

ROOM = Path(fapiao_widgets.__file__).parent


def facts(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_both_languages_have_the_same_sentences_with_the_same_facts() -> None:
    assert {k: facts(v) for k, v in ZH.items()} == {k: facts(v) for k, v in EN.items()}


def test_english_is_one_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAPIAO_LANG", "en")
    assert say("unknown.button") == "Read the device and settle the outcome"


def test_every_sentence_asked_for_by_name_is_there() -> None:
    asked = {
        key
        for file in (ROOM / "viewmodels").glob("*.py")
        for key in re.findall(r'say\(\s*"([a-z._]+)"', file.read_text(encoding="utf-8"))
    }
    assert asked <= set(ZH)


def test_view_models_import_no_widget_library() -> None:
    for file in (ROOM / "viewmodels").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(n.split(".")[0] in ("ipywidgets", "anywidget", "traitlets", "IPython") for n in names), file


def test_the_front_end_asks_nothing_of_the_network() -> None:
    for file in (ROOM / "static").iterdir():
        assert not re.search(r"https?://|@import|\bimport\s", file.read_text(encoding="utf-8")), file


def test_the_front_end_never_writes_markup_from_data() -> None:
    for file in (ROOM / "static").glob("*.js"):
        assert "innerHTML" not in file.read_text(encoding="utf-8")


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2, allow_nan=False))
def test_an_amount_keeps_every_digit(value) -> None:
    written = money_text(value)
    shown = formats.amount(written)
    assert shown.replace(",", "") == written
    assert re.fullmatch(r"-?\d{1,3}(,\d{3})*\.\d\d", shown)


def test_a_date_comes_with_how_far_it_is_away() -> None:
    assert formats.dated("2026-11-17", "2026-11-05") == "2026-11-17（还有 12 天）"
    assert formats.dated("2026-11-05", "2026-11-05") == "2026-11-05（就是今天）"
    assert formats.dated("2026-11-01", "2026-11-05") == "2026-11-01（已过 4 天）"


def test_a_long_path_is_shown_by_its_end() -> None:
    assert formats.short("/home/wang/.local/share/x/backups/a/b1.tar") == "…/backups/a/b1.tar"
    assert formats.short("/h/a/b1") == "/h/a/b1"
