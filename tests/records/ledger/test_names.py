"""Names for comparing (名称归一), and which of them are their own form."""

from __future__ import annotations

import re

from fapiao_kernel.records.ledger.names import normalised
from fapiao_kernel.records.ledger.taking.parties import _NORMAL


def test_every_name_that_sql_takes_for_its_own_form_is_that() -> None:
    characters = [chr(c) for c in (*range(0x30, 0x3A), *range(0x41, 0x5B), *b"()", *range(0x4E00, 0x9FA6))]
    assert [c for c in characters if normalised(c) != c] == []
    together = "".join(characters)
    assert normalised(together) == together


def test_what_sql_takes_for_its_own_form_is_no_more_than_these() -> None:
    (pattern,) = re.findall(r"'(.*)'", _NORMAL)
    asked = re.compile(pattern.replace(r"\x{4E00}-\x{9FA5}", "\u4e00-\u9fa5"))
    odd = "a（）＋ｱ　 ⼦ﬁ·〔\u9fa6\uf900"
    assert [c for c in odd if asked.fullmatch(c)] == []
