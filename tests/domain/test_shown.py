"""What strangers say can be shown."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from fapiao_kernel.domain.shown import MOST, plain


@given(st.text())
def test_nothing_is_left_that_a_terminal_obeys_or_json_cannot_carry(text: str) -> None:
    shown = plain(text)
    assert not set(shown) & {*map(chr, range(32)), "\x7f", "\x9b", "\u202e"}
    assert len(shown) == min(len(text), MOST)
    json.dumps(shown, ensure_ascii=False).encode("utf-8")


def test_what_people_write_stays_as_it_is() -> None:
    name = "全角　空格 \u00a0 𠮷 café ⅷ ①"
    assert plain(name) == name
    assert plain("a\n\tb", keep="\n\t") == "a\n\tb"
