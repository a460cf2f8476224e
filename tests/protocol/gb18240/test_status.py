"""The status table is total, agrees with the note, and every code has its sentence."""

from __future__ import annotations

import re
from pathlib import Path

from fapiao_kernel.domain.errors import catalogue
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.protocol.gb18240.status import TABLE, UNKNOWN, meaning, tries_left

SAID = {"as commanded": Effect.DONE, "no": Effect.REJECTED, "not known": Effect.UNKNOWN}


def test_every_status_word_has_a_meaning_whose_sentence_exists() -> None:
    assert {meaning(sw).code for sw in range(0x10000)} <= set(catalogue())


def test_a_status_word_that_we_do_not_know_leaves_the_effect_unknown() -> None:
    assert meaning(0x6444) == UNKNOWN and UNKNOWN.effect is Effect.UNKNOWN


def test_tries_left_are_read_only_from_63cx() -> None:
    assert [tries_left(sw) for sw in (0x63C0, 0x63C8, 0x63CF, 0x63D0, 0x6983, 0x9000)] == [0, 8, 15, None, None, None]


def test_63cx_is_a_refusal_of_the_pin_alone_and_proves_none_of_any_other_command() -> None:
    assert meaning(0x63C2, 0xF9).effect is Effect.REJECTED
    for ins in (0xF1, 0xF2, 0xF3, 0xF4, 0xF6, 0xFB, 0):
        assert meaning(0x63C2, ins) == UNKNOWN


def test_the_table_says_what_the_note_says(root: Path) -> None:
    note = (root / "docs/protocol/practice-card.md").read_text("utf-8").split("## 7. Status words")[1].split("## 8")[0]
    told: dict[int, Effect] = {}
    for words, _, change, _ in re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", note, re.MULTILINE):
        for word in re.findall(r"\b[0-9A-F]{4}\b", words):
            told[int(word, 16)] = SAID[change.split(",")[0].strip()]
    assert told == {sw: status.effect for sw, status in TABLE.items()}
