"""The rehearsal's report: verdict first, nothing unescaped, every word there in both languages, whole files or none."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from fapiao_kernel.domain.errors import FapiaoError, catalogue
from fapiao_kernel.domain.rehearsal import RehearsalVerdict
from fapiao_kernel.records.proof import rehearsal_record
from fapiao_kernel.records.proof.rehearsal_words import _WORDS, word

STEPS = (
    "open", "check", "backup", "report", "file_return", "declaration", "preview", "confirm", "execute", "conclude",
)  # fmt: skip


def finding(code: str, severity: str, message: str, remedy: str = "") -> dict[str, Any]:
    return {"code": code, "severity": severity, "message": message, "evidence": "", "remedy": remedy, "who": "me",
            "effect": "NOT_SENT", "row": None}  # fmt: skip


def facts(verdict: str = "would_clear", **changes: Any) -> dict[str, Any]:
    unit = {"invoice_type": "004", "period": "2026-10", "name": "专票", "count": 1200, "voids": 3, "reds": 1,
            "amount": "1000000.00", "tax": "130000.00", "total": "1130000.00", "digest": "d" * 64,
            "outcome": "cleared"}  # fmt: skip
    ways = ["done"] * 7 + ["stopped", "broken", "not_reached"]
    tally = {"count": 1200, "total": "1130000.00"}
    none = {"count": 0, "total": "0.00"}
    return {
        "form": "rehearsal-1", "rehearsal": "y20261105-090000-7f3a", "card": "gb18240+sim://novice", "verdict": verdict,
        "device_number": "661234567890", "card_number": "1100000000000001", "taxpayer_id": "91440300708461136T",
        "taxpayer_name": "深圳<甲>有限公司", "simulated": False, "card_read": {"clock": "2026-11-05T09:00:00+08:00"},
        "read_at": "2026-11-05T09:00:01+08:00", "summaries": {}, "period": "2026-10", "by": "zhang",
        "begun_at": "2026-11-05T09:00:00+08:00", "ended_at": "2026-11-05T09:00:09+08:00",
        "steps": [{"name": n, "outcome": o, "seconds": 0.25, "findings": []} for n, o in zip(STEPS, ways, strict=True)],
        "units": [unit], "statistics": [{"invoice_type": "004", "period": "2026-10", "agrees": False}],
        "census_before": {"open": tally, "cleared": none, "all": tally},
        "census_after": {"open": none, "cleared": tally, "all": tally},
        "accepted": [], "needs": [finding("x", "blocker", "<script>1</script>", "去<大厅>")], "assumed": [],
        "twin": {"run": "r", "state": "finished", "journal_records": 31, "journal_head": "e" * 64},
        "error": None, "versions": {"fapiao-kernel": "0.1.0"}, **changes,
    }  # fmt: skip


@pytest.mark.parametrize("verdict", [each.value for each in RehearsalVerdict])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_verdict_and_the_untouched_device_stand_first(
    verdict: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAPIAO_LANG", language)
    page = rehearsal_record.render(facts(verdict))
    first = page.index('class="answer')
    said = word(verdict, units="").split("：")[0].split(":")[0]
    assert first < page.index(said) < page.index(word("untouched")) < page.index(word("h.needs"))


def test_what_is_left_to_do_is_counted_beside_the_verdict() -> None:
    needs = [finding("a", "warning", "甲"), finding("b", "unknown", "乙"), finding("c", "info", "丙")]
    assert "还有 2 项" in rehearsal_record.render(facts(needs=needs))
    assert word("left", n=0)[:6] not in rehearsal_record.render(facts(needs=needs[2:]))


def test_a_practice_device_is_called_one() -> None:
    assert word("practice") in rehearsal_record.render(facts(simulated=True))
    assert word("practice") not in rehearsal_record.render(facts())


def test_nothing_that_was_read_comes_into_the_page_as_markup() -> None:
    page = rehearsal_record.render(facts())
    assert "<script" not in page and "深圳&lt;甲&gt;有限公司" in page and "去&lt;大厅&gt;" in page
    assert "default-src &#x27;none&#x27;" in page and "http" not in page.replace("http-equiv", "")


def test_amounts_and_digests_stand_beside_their_unit() -> None:
    page = rehearsal_record.render(facts())
    for text in ("1,130,000.00", "1,200", "d" * 64, "e" * 64, "不一致", "1,200 → 0"):
        assert text in page


def test_a_rehearsal_that_opened_nothing_has_a_report_all_the_same() -> None:
    error = finding("device_gone", "unknown", "替身没有应答")
    page = rehearsal_record.render(
        facts("broken_off", units=[], statistics=[], period="", census_before=None, census_after=None, error=error)
    )
    assert "替身没有应答" in page and "演练中断" in page


def test_page_and_facts_are_written_whole_and_the_digest_is_the_pages(tmp_path: Path) -> None:
    files = rehearsal_record.write(tmp_path / "y", facts())
    assert hashlib.sha256(files.page.read_bytes()).hexdigest() == files.sha256
    assert json.loads(files.facts.read_text("utf-8")) == facts() == rehearsal_record.read_facts(tmp_path / "y")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "y").write_text("a file")
    with pytest.raises(FapiaoError) as refused:
        rehearsal_record.write(tmp_path / "y", facts())
    assert refused.value.code == "proof_unwritable"
    assert rehearsal_record.read_facts(tmp_path / "y") is None


def test_every_word_is_there_in_both_languages_and_takes_the_same_facts() -> None:
    from string import Formatter

    for key, pair in _WORDS.items():
        assert all(text.strip() for text in pair), key
        named = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in pair]
        assert named[0] == named[1], key
    assert {f"step.{name}" for name in STEPS} <= set(_WORDS)


def test_who_does_it_has_its_word_for_every_message() -> None:
    assert {entry.who.value for entry in catalogue().values()} <= set(_WORDS)
