"""The clear record: complete, escaped, self-contained, honest; the facts without a hole."""

from __future__ import annotations

import copy
import os
import re
from html.parser import HTMLParser

import pytest

from fapiao_kernel.domain.errors import FapiaoError
from fapiao_kernel.records.proof import facts as facts_form
from fapiao_kernel.records.proof.markup import Markup, tag
from fapiao_kernel.records.proof.witnesses import witnesses


def page(story, **changed) -> str:
    return story.record(**copy.deepcopy(changed)).record.read_text("utf-8")


class Balanced(HTMLParser):
    """Counts that every element which is opened is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag_name, attrs):
        if tag_name not in ("meta", "br"):
            self.open.append(tag_name)

    def handle_endtag(self, tag_name):
        assert self.open.pop() == tag_name


def text_of(html: str) -> str:
    return re.sub(r"<[^>]+>", "", html.split("</style>")[1])


def test_the_answer_comes_first_and_then_the_dates_that_decide_it(story):
    text = text_of(page(story))
    answer = text.index("已清卡：专票 2026-10、普票 2026-10")
    assert answer < text.index("锁死日期 2026-11-17 → 2026-12-15") < text.index("机器编号")


def test_each_type_shows_before_and_after(story):
    html = page(story)
    moved = '<span class="old">2026-11-17</span><span class="arrow">→</span><span class="new">2026-12-15</span>'
    assert html.count(moved) == 2


def test_what_the_parts_say_is_all_there(story):
    text = text_of(page(story))
    for said in (
        "5,436,341.54",
        "13%",
        "免税",
        "设备月统计",
        "QK20261105000071",
        "读回一致",
        "输入机器编号后四位 7890",
        "李会计",
    ):
        assert said in text
    assert story.facts["preview"]["units"][0]["digest"] in text
    assert story.journal.records()[story.facts["journal_last"] - 1].hash in text


def test_a_simulated_card_wears_the_band_and_a_real_one_does_not(story):
    assert "模拟设备 · 练习用" in text_of(page(story))
    assert "练习用" not in page(story, simulated=False)


def test_the_page_fetches_nothing_and_runs_nothing(story):
    html = page(story)
    assert not re.search(r"<script|<link|<img|<iframe|src=|href=|url\(|https?://|@import", html)
    assert "default-src 'none'" in html.replace("&#x27;", "'")


def test_every_text_is_escaped(story):
    bad = '<img src=x onerror="alert(1)">&'
    facts = copy.deepcopy(story.facts)

    def poison(value, key=""):
        if isinstance(value, dict):
            return {k: poison(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [poison(item, key) for item in value]
        free = (  # every text that comes from outside
            "taxpayer_name",
            "taxpayer_id",
            "message",
            "title",
            "sentence",
            "path",
            "sha256",
            "reason",
            "receipt",
            "card_number",
            "digest",
        )
        return bad if key in free else value

    for key in (
        "taxpayer_name",
        "taxpayer_id",
        "verification",
        "declaration",
        "backups",
        "authority",
        "versions",
        "units",
    ):
        facts[key] = poison(facts[key], key)
    facts["opened_by"] = facts["versions"]["x"] = bad
    html = page(story, **facts)
    assert "<img" not in html
    assert html.count("&lt;img") > 10
    Balanced().feed(html)


def test_the_page_is_well_formed(story):
    parser = Balanced()
    parser.feed(page(story))
    assert parser.open == []


def test_only_tag_makes_markup():
    assert tag("p", "<b>", Markup("<i></i>"), title='"') == '<p title="&quot;">&lt;b&gt;<i></i></p>'


def test_english_by_one_setting(story, monkeypatch):
    monkeypatch.setenv("FAPIAO_LANG", "en")
    html = page(story)
    assert "Cleared: special 2026-10, ordinary 2026-10" in html
    assert '<html lang="en">' in html


@pytest.mark.parametrize(
    ("verdict", "outcomes", "said"),
    [
        ("partial", ("cleared", "refused"), "部分清卡：已清 专票 2026-10；未清 普票 2026-10"),
        ("refused", ("refused", "not_sent"), "没有清卡"),
        ("unknown", ("cleared", "unknown"), "结果未知：普票 2026-10"),
        ("already_cleared", ("already_cleared", "already_cleared"), "没有重复清卡"),
        ("open", ("not_sent", "not_sent"), "结果未知"),
    ],
)
def test_an_outcome_that_is_no_success_says_so_at_the_top(story, verdict, outcomes, said):
    units = [{**u, "outcome": o} for u, o in zip(story.facts["units"], outcomes, strict=True)]
    text = text_of(page(story, verdict=verdict, units=units))
    assert said in text[:400]
    assert ("✔ 已清卡：" in text[:400]) is False


def test_three_ticks_stand_when_device_ledger_and_tax_side_agree(story):
    assert [w.state for w in witnesses(story.facts)] == ["yes", "yes", "yes"]


def test_a_lock_date_that_did_not_move_is_no_tick(story):
    story.facts["units"][0]["lock_date_after"] = story.facts["units"][0]["lock_date_before"]
    assert witnesses(story.facts)[0].state == "no"


def test_a_device_that_was_not_read_again_is_unknown_and_never_a_tick(story):
    assert witnesses({**story.facts, "card_after": None})[0].state == "ask"


@pytest.mark.parametrize(
    ("part", "key", "value"), [("all", "total", "1.00"), ("open", "count", 1), ("cleared", "total", "8134520.54")]
)
def test_a_ledger_that_lost_or_moved_anything_else_is_no_tick(story, part, key, value):
    story.facts["census_after"][part][key] = value
    assert witnesses(story.facts)[1].state == "no"


def test_numbers_that_an_import_in_between_moved_are_unknown_and_no_tick(story):
    story.facts["census_after"]["all"]["count"] += 3
    warned = {"name": "ledger_all", "title": "", "finding": {"severity": "warning", "message": ""}}
    assert witnesses({**story.facts, "verification": [warned]})[1].state == "ask"
    blocked = {**warned, "finding": {"severity": "blocker", "message": ""}}
    assert witnesses({**story.facts, "verification": [warned, blocked]})[1].state == "no"


@pytest.mark.parametrize("receipts", [[], None, [{"units": []}], ""])
def test_no_receipt_of_the_tax_side_is_unknown(story, receipts):
    assert witnesses({**story.facts, "authority": {"receipts": receipts}})[2].state == "ask"


@pytest.mark.parametrize("key", facts_form.TOP)
def test_a_missing_fact_is_a_bug_that_names_it(story, key):
    del story.facts[key]
    with pytest.raises(FapiaoError) as caught:
        facts_form.check(story.facts)
    assert caught.value.code == "bug"
    assert key in caught.value.sentence


def test_a_hole_deep_in_the_facts_is_named_by_its_place(story):
    del story.facts["preview"]["units"][1]["digest"]
    with pytest.raises(FapiaoError, match=r"preview\.units\[1\]\.digest"):
        facts_form.check(story.facts)


def test_a_secret_in_the_facts_is_refused_and_nothing_is_written(story):
    story.facts["versions"]["PIN"] = "88888888"
    with pytest.raises(FapiaoError) as caught:
        story.record()
    assert "88888888" not in str(caught.value)
    assert not story.home.records.exists()


@pytest.mark.parametrize("run", ["../x", "a/b", "", ".hidden"])
def test_a_run_id_that_is_no_file_name_is_refused(story, run):
    with pytest.raises(FapiaoError):
        story.recorder().write(run, {**story.facts, "run": run})


def test_a_folder_that_cannot_be_written_is_told_with_the_device_already_changed(story):
    story.home.records.write_text("a file where the folder should be")
    with pytest.raises(FapiaoError) as caught:
        story.record()
    assert (caught.value.code, caught.value.effect) == ("proof_unwritable", "DONE")


def test_all_files_are_on_the_disk_before_the_recorder_returns(story, monkeypatch):
    real, synced = os.fsync, set()

    def spy(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", spy)
    files = story.record()
    made = (files.record, files.bundle, files.sheet, files.data)
    assert {path.stat().st_ino for path in (*made, files.record.parent)} <= synced
    assert sorted(p.name for p in files.record.parent.iterdir()) == sorted(path.name for path in made)
