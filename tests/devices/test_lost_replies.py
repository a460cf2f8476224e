"""What a driver says when the line or the power fails in mid-act, and what the card then shows."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import date

import pytest

from fapiao_kernel.devices.links.serial_t1 import BLOCK_WAIT, open_serial
from fapiao_kernel.domain.clearing import Outcome
from fapiao_kernel.domain.errors import NotReachable, OutcomeUnknown
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.ports import Card
from tests.devices.conftest import WAIT, OpenCard, StartCard
from tests.simulator.card.maker import ORDINARY, PIN, SPECIAL, CardProcess, counts, payload_for

SPAN = "004 2026-10-01..2026-10-31"
pty_only = pytest.mark.skipif(sys.platform == "win32", reason="no pty on Windows")


def reported(card: Card) -> bytes:
    """The payload for 专票 after its report."""
    card.verify_pin(PIN)
    return payload_for(card.report((SPECIAL,)).sealed)


def books(card: Card, process: CardProcess, act: str) -> dict[str, dict[str, int]]:
    """The image's books once the card is idle: it writes down that it answered after it has answered."""
    card.read_state()
    return counts(process.image, act)


def lock_date(card: Card) -> date:
    return card.read_state().monitoring[0].lock_date


def test_a_lost_reply_leaves_the_clear_unknown_and_a_reopened_link_reads_it_as_cleared(
    start_card: StartCard, open_card: OpenCard
) -> None:
    process = start_card({"at": "clear", "do": "lose_reply_after_commit"})
    card = open_card(process)
    payload = reported(card)
    with pytest.raises(OutcomeUnknown) as caught:
        card.clear((SPECIAL,), payload)
    assert (caught.value.code, caught.value.effect) == ("outcome_unknown_clear", Effect.UNKNOWN)
    with pytest.raises(NotReachable) as broken:
        card.clear((SPECIAL,), payload)
    assert broken.value.effect is Effect.NOT_SENT
    card.close()
    again = open_card(process)
    assert lock_date(again) == date(2026, 12, 17)
    assert counts(process.image, "clear") == {SPAN: {"applied": 1, "answered": 0}}


def test_a_lost_reply_leaves_the_report_unknown_and_the_summary_is_read_back(
    start_card: StartCard, open_card: OpenCard
) -> None:
    process = start_card({"at": "report", "do": "lose_reply_after_commit"})
    card = open_card(process)
    card.verify_pin(PIN)
    with pytest.raises(OutcomeUnknown) as caught:
        card.report((SPECIAL,))
    assert caught.value.code == "outcome_unknown_report"
    card.close()
    again = open_card(process)
    summary = again.read_summary((SPECIAL,))
    assert summary is not None
    again.verify_pin(PIN)
    assert again.clear((SPECIAL,), payload_for(summary.sealed)).outcome is Outcome.CLEARED
    assert counts(process.image, "report") == {SPAN: {"applied": 1, "answered": 0}}


@pytest.mark.parametrize("fault", ["drop_reply", "corrupt_reply"])
def test_a_reply_spoilt_once_is_repaired_and_the_act_applied_once(
    start_card: StartCard, open_card: OpenCard, fault: str
) -> None:
    process = start_card({"at": "clear", "do": fault}, {"at": "report", "do": fault})
    card = open_card(process)
    assert card.clear((SPECIAL,), reported(card)).outcome is Outcome.CLEARED
    assert books(card, process, "clear") == {SPAN: {"applied": 1, "answered": 1}}
    assert books(card, process, "report") == {SPAN: {"applied": 1, "answered": 1}}


def test_a_slow_card_asks_for_time_and_gets_it(start_card: StartCard, open_card: OpenCard) -> None:
    process = start_card({"at": "clear", "do": "delay", "seconds": 1.2})
    card = open_card(process, BLOCK_WAIT)
    assert card.clear((SPECIAL,), reported(card)).outcome is Outcome.CLEARED
    assert books(card, process, "clear") == {SPAN: {"applied": 1, "answered": 1}}


def test_a_power_loss_before_the_commit_is_unknown_and_then_read_as_not_cleared(
    start_card: StartCard, open_card: OpenCard
) -> None:
    process = start_card({"at": "clear", "do": "power_loss_before_commit"})
    card = open_card(process)
    payload = reported(card)
    with pytest.raises(OutcomeUnknown):
        card.clear((SPECIAL,), payload)
    assert process.wait() == 9
    again = open_card(start_card())
    assert lock_date(again) == date(2026, 11, 17)
    again.verify_pin(PIN)
    assert again.clear((SPECIAL,), payload).outcome is Outcome.CLEARED
    assert counts(process.image, "clear")[SPAN]["applied"] == 1


def test_a_power_loss_after_the_commit_is_unknown_and_then_read_as_cleared(
    start_card: StartCard, open_card: OpenCard
) -> None:
    process = start_card({"at": "clear", "do": "power_loss_after_commit"})
    card = open_card(process)
    payload = reported(card)
    with pytest.raises(OutcomeUnknown):
        card.clear((SPECIAL,), payload)
    process.wait()
    again = open_card(start_card())
    assert lock_date(again) == date(2026, 12, 17)
    again.verify_pin(PIN)
    assert again.clear((SPECIAL,), payload).outcome is Outcome.ALREADY_CLEARED
    assert counts(process.image, "clear") == {SPAN: {"applied": 1, "answered": 0}}


def test_a_refusal_of_one_type_leaves_the_other_cleared(start_card: StartCard, open_card: OpenCard) -> None:
    process = start_card({"at": "clear", "do": "refuse", "status": "6985", "type": "007"})
    card = open_card(process)
    first = reported(card)
    second = payload_for(card.report((ORDINARY,)).sealed)
    assert card.clear((SPECIAL,), first).outcome is Outcome.CLEARED
    answer = card.clear((ORDINARY,), second)
    assert (answer.outcome, answer.status) == (Outcome.REFUSED, "6985")
    assert [m.lock_date for m in card.read_state().monitoring] == [date(2026, 12, 17), date(2026, 11, 17)]


@pytest.mark.parametrize("status", ["6581", "6F00", "6444"])
def test_a_status_that_does_not_tell_leaves_the_outcome_unknown(
    start_card: StartCard, open_card: OpenCard, status: str
) -> None:
    refuse = {"do": "refuse", "status": status}
    process = start_card({"at": "clear", **refuse}, {"at": "report", "type": "007", **refuse})
    card = open_card(process)
    assert card.clear((SPECIAL,), reported(card)).outcome is Outcome.UNKNOWN
    with pytest.raises(OutcomeUnknown) as caught:
        card.report((ORDINARY,))
    assert caught.value.original == f"SW {status}"


def test_a_pin_whose_answer_is_lost_is_not_presented_again(start_card: StartCard, open_card: OpenCard) -> None:
    process = start_card({"at": "verify_pin", "do": "lose_reply_after_commit"})
    card = open_card(process)
    with pytest.raises(NotReachable) as caught:
        card.verify_pin("00000000")
    assert (caught.value.code, caught.value.effect) == ("pin_answer_lost", Effect.UNKNOWN)
    card.close()
    assert open_card(process).read_state().pin_tries == 7


@pty_only
def test_a_card_that_is_gone_before_the_act_was_not_sent_anything(start_card: StartCard, open_card: OpenCard) -> None:
    process = start_card()
    card = open_card(process)
    payload = reported(card)
    process.kill()
    with pytest.raises(NotReachable) as caught:
        card.clear((SPECIAL,), payload)
    assert (caught.value.code, caught.value.effect) == ("device_gone", Effect.NOT_SENT)
    assert lock_date(open_card(start_card())) == date(2026, 11, 17)


@pty_only
def test_a_card_killed_while_it_works_leaves_the_outcome_unknown_at_once(
    start_card: StartCard, open_card: OpenCard
) -> None:
    process = start_card({"at": "clear", "do": "delay", "seconds": 30})
    card = open_card(process)
    payload = reported(card)
    threading.Timer(0.15, process.kill).start()
    with pytest.raises(OutcomeUnknown) as caught:
        card.clear((SPECIAL,), payload)
    assert caught.value.code == "outcome_unknown_clear"


def test_a_reading_that_fails_says_that_nothing_was_sent_to_change(start_card: StartCard, open_card: OpenCard) -> None:
    card = open_card(start_card({"at": "clock", "do": "lose_reply_after_commit"}))
    with pytest.raises(NotReachable) as caught:
        card.read_state()
    assert (caught.value.code, caught.value.effect) == ("device_silent", Effect.NOT_SENT)


CLIENT = """
import sys
from fapiao_kernel.devices.drivers.gb18240 import DRIVER
from fapiao_kernel.devices.links.serial_t1 import open_serial
card = DRIVER.open(open_serial(sys.argv[1]), "gb18240+sim://novice")
card.verify_pin(sys.stdin.readline().strip())
print("reporting", flush=True)
card.report(card.profile.clears_together[0])
"""


def test_a_card_outlives_a_client_killed_in_mid_act_and_serves_the_next(
    start_card: StartCard, open_card: OpenCard
) -> None:
    process = start_card({"at": "report", "do": "delay", "seconds": 30})
    client = subprocess.Popen(
        [sys.executable, "-c", CLIENT, process.line], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert client.stdin is not None and client.stdout is not None
    client.stdin.write(PIN + "\n")
    client.stdin.flush()
    assert client.stdout.readline() == "reporting\n"
    client.kill()
    client.communicate()
    card = open_card(process)
    assert card.read_summary((SPECIAL,)) is None
    assert card.clear((SPECIAL,), bytes(29)).status == "6982"


@pty_only
def test_a_device_held_by_another_program_is_busy(start_card: StartCard, open_card: OpenCard) -> None:
    process = start_card()
    open_card(process)
    with pytest.raises(NotReachable) as caught:
        open_serial(process.line, WAIT)
    assert (caught.value.code, caught.value.facts["pid"]) == ("device_busy_by", os.getpid())


@pytest.mark.parametrize("where", ["/dev/pts/999999", "socket://127.0.0.1:1"])
def test_a_device_that_is_not_there_is_absent(where: str) -> None:
    with pytest.raises(NotReachable) as caught:
        open_serial(where, WAIT)
    assert (caught.value.code, caught.value.effect) == ("device_absent", Effect.NOT_SENT)


@pytest.mark.parametrize("where", ["socket://nowhere", "\0"])
def test_a_place_that_is_none_cannot_be_opened(where: str) -> None:
    with pytest.raises(NotReachable) as caught:
        open_serial(where, WAIT)
    assert caught.value.effect is Effect.NOT_SENT


@pty_only
def test_a_line_on_which_nobody_answers_is_silent() -> None:
    master, slave = os.openpty()
    try:
        with pytest.raises(NotReachable) as caught:
            open_serial(os.ttyname(slave), 0.05)
        assert caught.value.code == "device_silent"
    finally:
        os.close(master)
        os.close(slave)
