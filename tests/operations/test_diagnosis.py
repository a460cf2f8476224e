"""Diagnosis: what a code means, and whether the device is cleared."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fapiao_kernel.domain.clearing import Event
from fapiao_kernel.domain.errors import FapiaoError
from fapiao_kernel.operations.diagnosis import Answer, diagnose, explain, failures
from fapiao_kernel.operations.diagnosis.timeline import LANES
from tests.operations.fakes import PIN, away
from tests.operations.world import World


def numbers(text: str) -> list[int]:
    return [failure.number for failure in explain(text)]


def test_the_catalogue_is_whole() -> None:
    assert [f.number for f in failures()] == list(range(1, 67))
    assert all(f.symptom and f.cause and f.check and f.fix and f.source and f.codes for f in failures())


def test_every_code_of_the_catalogue_finds_its_entry() -> None:
    assert [(f.number, c) for f in failures() for c in f.codes if f not in explain(c)] == []


def test_every_symptom_finds_its_entry_first() -> None:
    assert [f.number for f in failures() if f not in explain(f.symptom)[:2]] == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("09d118", 10),
        ("0x09D118", 10),
        ("０９ｄ１１８", 10),
        ("清卡返回 09d118", 10),
        ("SW 63C2", 32),
        ("63 c1", 32),
        ("0x0963C5", 32),
        ("sw=6983", 33),
        ("SAR_PIN_LOCKED 0x0A000025", 33),
        ("错误码:250,请上传", 7),
        ("返回：1007。", 29),
        ("TCD_9210", 17),
        ("CODE 2", 23),
        ("清卡失败：票表比对不通过！", 2),
        ("无上报汇总信息或当前处于非征期,无法进行远程清卡!", 1),
    ],
)
def test_a_pasted_code_or_sentence_is_explained(text: str, number: int) -> None:
    assert numbers(text)[0] == number


@pytest.mark.parametrize(
    "text", ["", "   ", "hello", "今天天气不错", "9000", "2026-11-05 共 3 张 250.00 元", "0", "。", "第 2 步"]
)
def test_what_is_unknown_is_not_guessed(text: str) -> None:
    assert explain(text) == []


@given(st.text(max_size=200))
def test_no_pasted_text_breaks_it(text: str) -> None:
    assert len(explain(text)) <= 8


@given(st.sampled_from("0123456789abcdefABCDEF"), st.sampled_from(["SW 63C{}", "63c{}", "0x0963c{}", "错误 0963C{}！"]))
def test_tries_left_are_read_whatever_the_digit(digit: str, form: str) -> None:
    assert 32 in numbers(form.format(digit))


# --- 「设备到底清了没有？」


def ask(world: World, *, plugged: bool = True, problem: FapiaoError | None = None) -> Answer:
    runs = world.engine.runs()
    return diagnose(
        run=runs[-1] if runs else None,
        card=world.card.read_state() if plugged else None,
        records=world.journal.records(),
        problem=problem,
    )


def test_a_finished_clear_is_cleared_and_the_dates_say_so(world: World) -> None:
    world.executed()
    answer = ask(world)
    assert answer.cleared is True
    assert answer.answer.startswith("已经清了")
    assert answer.answer_en.startswith("Yes")
    assert any("2026-12-17" in line for line in answer.ground)


def test_before_the_clear_it_is_not(world: World) -> None:
    world.confirmed()
    answer = ask(world)
    assert answer.cleared is False
    assert any("没有发送过" in line for line in answer.ground)


def test_a_lost_reply_is_unknown_until_read_back(world: World) -> None:
    run, token = world.confirmed()
    world.card.faults = {"clear 007": "lost"}
    with pytest.raises(FapiaoError):
        world.engine.execute(run.id, run.revision, token, PIN)
    answer = ask(world)
    assert answer.cleared is None
    assert "结果未知" in answer.answer
    assert "不要重做" in answer.remedy
    world.engine.read_back(run.id)
    assert ask(world).cleared is True


def test_a_part_names_what_is_and_what_is_not(world: World) -> None:
    run, token = world.confirmed()
    world.card.faults = {"clear 004": "refuse"}
    world.engine.execute(run.id, run.revision, token, PIN)
    answer = ask(world)
    assert answer.cleared is None
    assert "已清：普票 2026-10；未清：专票 2026-10" in answer.answer


def test_a_waiting_conclusion_is_cleared_all_the_same(world: World) -> None:
    run, token = world.confirmed()
    world.authority.down = {"acknowledge"}
    with pytest.raises(FapiaoError):
        world.engine.execute(run.id, run.revision, token, PIN)
    answer = ask(world)
    assert answer.cleared is True
    assert "收尾" in answer.answer


def test_a_device_that_contradicts_the_journal_is_told_as_such(world: World) -> None:
    before = dict(world.card.monitoring)
    world.executed()
    world.card.monitoring = before
    answer = ask(world)
    assert answer.cleared is None
    assert "不一致" in answer.answer


def test_a_device_that_is_due_again_next_month_is_no_contradiction(world: World) -> None:
    world.executed()
    world.clock.forward(days=30)
    assert ask(world).cleared is False


def test_without_device_and_records_nobody_knows(world: World) -> None:
    answer = ask(world, plugged=False, problem=away())
    assert answer.cleared is None
    assert "已拔出" in answer.ground[0]


def test_with_the_journal_alone_the_answer_says_that_it_is_unconfirmed(world: World) -> None:
    world.executed()
    answer = ask(world, plugged=False, problem=away())
    assert answer.cleared is True
    assert "未经设备证实" in answer.answer


def test_a_card_without_a_run_answers_by_its_dates(world: World) -> None:
    assert ask(world).cleared is False


def test_the_timeline_has_a_lane_for_each_who_acted(world: World) -> None:
    world.executed()
    rows = ask(world).timeline
    assert {row["lane"] for row in rows} == {"operator", "program", "device", "authority"}
    assert [row["seq"] for row in rows] == sorted(row["seq"] for row in rows)
    assert all(re.match(r"\d{4}-", row["time"]) and row["text"] for row in rows)
    assert set(LANES) == set(Event)
