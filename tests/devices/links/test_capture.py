"""Record and replay: the same answers byte for byte, and no secret in the file."""

from __future__ import annotations

import errno
import json
import os
import stat
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fapiao_kernel.devices.links.capture import link as capture
from fapiao_kernel.devices.links.capture import open_replay, record
from fapiao_kernel.devices.plug import Link, Secret, Side
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, ProtocolError, UsageError
from fapiao_kernel.domain.finding import Effect

STARTED = "2026-11-05T09:00:00+08:00"
SECRETS = (Secret(0xC0, 0xF9), Secret(0xC0, 0xB7, Side.RESPONSE))
SELECT = bytes.fromhex("00A4000C02EF02")

quick = settings(
    derandomize=True, max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
"""A capture is never overwritten, so each example names a file of its own in the one folder."""


class Scripted:
    """A link that gives what it is told to, one answer or error a command."""

    name = "scripted"

    def __init__(self, answers: Sequence[bytes | FapiaoError]) -> None:
        self._answers = list(answers)
        self.closed = False

    def transmit(self, apdu: bytes) -> bytes:
        answer = self._answers.pop(0)
        if isinstance(answer, FapiaoError):
            raise answer
        return answer

    def close(self) -> None:
        self.closed = True


def outcomes(link: Link, commands: Sequence[bytes]) -> list[object]:
    """What each command came to: the answer, or all that an error says."""
    told: list[object] = []
    for command in commands:
        try:
            told.append(link.transmit(command))
        except FapiaoError as error:
            told.append((type(error), error.code, error.effect, error.original, error.sentence))
    return told


def taken(folder: Path, answers: Sequence[bytes | FapiaoError], commands: Sequence[bytes]) -> Path:
    """A capture of these exchanges."""
    file = folder / f"{len(list(folder.iterdir()))}.jsonl"
    link = record(Scripted(answers), file, SECRETS, STARTED)
    outcomes(link, commands)
    link.close()
    return file


errors = st.sampled_from(
    [
        NotReachable("device_silent", effect=Effect.UNKNOWN, where="COM3"),
        NotReachable("device_gone", effect=Effect.NOT_SENT, original="OSError 5", where="COM3"),
        ProtocolError("protocol_apdu", original="60", length=1),
    ]
)
plain = st.builds(
    lambda ins, rest: bytes([0xC0, ins]) + rest, st.sampled_from([0xB0, 0xF6, 0xC0]), st.binary(max_size=40)
)
answers = st.builds(lambda data: data + b"\x90\x00", st.binary(max_size=300))
courses = st.lists(st.tuples(plain, st.one_of(answers, errors)), max_size=12)


@quick
@given(courses)
def test_a_replay_gives_every_answer_and_every_error_again(tmp_path: Path, course: list[tuple[bytes, bytes]]) -> None:
    commands, given_ = [command for command, _ in course], [answer for _, answer in course]
    replay = open_replay(str(taken(tmp_path, given_, commands)))
    assert outcomes(replay, commands) == outcomes(Scripted(given_), commands)
    with pytest.raises(ProtocolError) as ended:
        replay.transmit(SELECT)
    assert (ended.value.code, ended.value.effect) == ("capture_ended", Effect.NOT_SENT)


pins = st.binary(min_size=6, max_size=16)
shapes = st.sampled_from(
    [
        lambda pin: bytes([0x00, 0x20, 0, 0x80, len(pin)]) + pin,
        lambda pin: bytes([0x0C, 0x20, 0, 0x80, len(pin)]) + pin + b"\x00",  # under secure messaging
        lambda pin: bytes([0x11, 0x24, 0, 0x80, len(pin)]) + pin,  # chained, channel 1
        lambda pin: bytes([0x00, 0x2C, 0, 0x80, 0, 0, len(pin)]) + pin,  # extended
        lambda pin: bytes([0x00, 0xC2, 0, 0, len(pin) + 5, 0, 0x20, 0, 0x80, len(pin)]) + pin,  # within an ENVELOPE
        lambda pin: bytes([0x00, 0x20, 0, 0x80, len(pin) + 3]) + pin,  # Lc wrong
        lambda pin: bytes([0x00, 0x20]) + pin,  # cut short
        lambda pin: bytes([0xC0, 0xF9, 0, 0, len(pin)]) + pin,  # the driver's own
    ]
)


@quick
@given(pins, shapes, st.booleans())
def test_no_pin_is_ever_in_the_file(tmp_path: Path, pin: bytes, shape: object, fails: bool) -> None:
    command = shape(pin)  # type: ignore[operator]  # hypothesis draws a function
    error = NotReachable("device_gone", effect=Effect.UNKNOWN, original=pin.hex().upper(), where="COM3")
    file = taken(tmp_path, [error if fails else b"\x90\x00"], [command])
    exchange = json.loads(file.read_text("utf-8").splitlines()[1])
    assert pin.hex() not in file.read_text("utf-8").lower()
    assert len(exchange["command"]) == 2 * len(command)
    assert exchange["command"].startswith(command[:2].hex().upper())


@quick
@given(st.binary(min_size=6, max_size=200), st.booleans())
def test_a_secret_answer_keeps_its_length_and_status_alone(tmp_path: Path, secret: bytes, waits: bool) -> None:
    ask, get = bytes([0xC0, 0xB7, 0, 0, 0]), bytes([0xC0, 0xC0, 0, 0, len(secret)])
    course = [ask, get] if waits else [ask]
    given_ = [bytes([0x61, len(secret)]), secret + b"\x90\x00"] if waits else [secret + b"\x90\x00"]
    file = taken(tmp_path, given_, course)
    assert secret.hex() not in file.read_text("utf-8").lower()
    assert outcomes(open_replay(str(file)), course)[-1] == bytes(len(secret)) + b"\x90\x00"


def test_a_secret_answer_stays_masked_when_the_card_wants_another_length_first(tmp_path: Path) -> None:
    ask = bytes([0xC0, 0xB7, 0, 0, 0])
    course = [ask, bytes([0, 0xC0, 0, 0, 0]), bytes([0, 0xC0, 0, 0, 6]), bytes([0, 0xC0, 0, 0, 6])]
    file = taken(tmp_path, [b"\x61\x00", b"\x6c\x06", b"secret\x90\x00", b"public\x90\x00"], course)
    assert b"secret".hex() not in file.read_text("utf-8").lower()
    assert b"public".hex() in file.read_text("utf-8").lower()


def test_what_no_rule_masks_stays_readable(tmp_path: Path) -> None:
    file = taken(tmp_path, [b"\x01\x02\x90\x00"], [SELECT])
    assert json.loads(file.read_text("utf-8").splitlines()[1])["command"] == SELECT.hex().upper()
    assert json.loads(file.read_text("utf-8").splitlines()[1])["response"] == "01029000"


def test_another_pin_replays_and_another_command_does_not(tmp_path: Path) -> None:
    verify = bytes.fromhex("C0F9000008") + b"12345678"
    file = taken(tmp_path, [b"\x90\x00", b"\x90\x00"], [verify, SELECT])
    replay = open_replay(str(file))
    assert replay.transmit(bytes.fromhex("C0F9000008") + b"87654321") == b"\x90\x00"
    with pytest.raises(ProtocolError) as differs:
        replay.transmit(SELECT[:-1] + b"\x03")
    assert (differs.value.code, differs.value.effect) == ("capture_differs", Effect.NOT_SENT)
    assert differs.value.facts == {"line": 3}
    with pytest.raises(NotReachable) as broken:
        replay.transmit(SELECT)
    assert broken.value.code == "device_link_broken"


def test_the_head_says_what_was_recorded_since_when_and_what_is_masked(tmp_path: Path) -> None:
    head = json.loads(taken(tmp_path, [], []).read_text("utf-8"))
    assert (head["format"], head["version"], head["link"], head["started"]) == (
        "fapiao-capture",
        1,
        "scripted",
        STARTED,
    )
    assert {"cla": "C0", "ins": "F9", "side": "command"} in head["masks"]


def test_an_exchange_is_in_the_file_with_its_time_before_its_answer_is_given_on(tmp_path: Path) -> None:
    file = tmp_path / "card.jsonl"
    ticks = iter([1_000_000, 3_500_000])
    link = record(Scripted([b"\x90\x00"]), file, clock=lambda: next(ticks))
    link.transmit(SELECT)
    assert json.loads(file.read_text("utf-8").splitlines()[1])["us"] == 2500
    assert open_replay(str(file)).transmit(SELECT) == b"\x90\x00"  # though the recording link was never closed


def test_a_capture_is_never_overwritten(tmp_path: Path) -> None:
    file = taken(tmp_path, [b"\x90\x00"], [SELECT])
    before = file.read_bytes()
    with pytest.raises(UsageError) as refused:
        record(Scripted([]), file)
    assert refused.value.code == "capture_exists" and file.read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file modes; enable: run on Linux or macOS")
def test_a_capture_is_for_the_user_alone(tmp_path: Path) -> None:
    assert stat.S_IMODE(taken(tmp_path, [], []).stat().st_mode) == 0o600


def test_a_full_disk_stops_the_recording_and_not_the_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = Scripted([b"\x90\x00", b"\x6a\x82"])
    link = record(inner, tmp_path / "card.jsonl")

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "write", full)
    assert [link.transmit(SELECT), link.transmit(SELECT)] == [b"\x90\x00", b"\x6a\x82"]
    monkeypatch.undo()
    assert link.problem is not None and link.problem.code == "capture_stopped"
    link.close()
    assert inner.closed


def test_closing_from_another_thread_waits_for_the_line_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "shared.jsonl"
    recording = record(Scripted([b"\x90\x00"]), file)
    closing = threading.Thread(target=recording.close)
    write = capture._write

    def slowly(descriptor: int, line: str) -> None:
        closing.start()
        closing.join(0.05)
        assert closing.is_alive(), "its descriptor may be another file's by now"
        write(descriptor, line)

    monkeypatch.setattr(capture, "_write", slowly)
    recording.transmit(SELECT)
    closing.join(5)
    assert len(file.read_text("utf-8").splitlines()) == 2


def test_a_torn_last_line_is_told_when_the_replay_comes_to_it(tmp_path: Path) -> None:
    file = taken(tmp_path, [b"\x90\x00", b"\x90\x00"], [SELECT, SELECT])
    os.truncate(file, file.stat().st_size - 9)
    replay = open_replay(str(file))
    assert replay.torn and replay.transmit(SELECT) == b"\x90\x00"
    with pytest.raises(ProtocolError) as torn:
        replay.transmit(SELECT)
    assert (torn.value.code, torn.value.facts) == ("capture_torn", {"line": 3})


DAMAGE = [
    (1, '{"format":"fapiao-capture","version":2}'),
    (1, "[]"),
    (1, ""),
    (2, '{"command":"00A4","response":"9","us":1}'),
    (2, '{"command":"00A4","us":1}'),
    (2, '{"command":"00A4","response":"9000","us":"1"}'),
    (
        2,
        '{"command":"00A4","error":"SystemExit","code":"device_gone","effect":"UNKNOWN","original":"","facts":{},"us":1}',
    ),
    (2, '{"command":"00A4","error":"NotReachable","code":"nobody","effect":"UNKNOWN","original":"","facts":{},"us":1}'),
    (
        2,
        '{"command":"00A4","error":"NotReachable","code":"device_gone","effect":"UNKNOWN","original":"","facts":{},"us":1}',
    ),
]


@pytest.mark.parametrize(("line", "text"), [*DAMAGE, (3, "[" * 100_000)], ids=range(len(DAMAGE) + 1))
def test_a_damaged_line_is_named(tmp_path: Path, line: int, text: str) -> None:
    file = taken(tmp_path, [b"\x90\x00", b"\x90\x00"], [SELECT, SELECT])
    lines = file.read_text("utf-8").splitlines()
    lines[line - 1] = text
    file.write_text("\n".join(lines) + "\n", "utf-8")
    with pytest.raises(ProtocolError) as damaged:
        open_replay(str(file))
    assert (damaged.value.code, damaged.value.facts["line"]) == ("capture_damaged", line)


@quick
@given(st.binary(max_size=200))
def test_any_file_at_all_is_a_capture_or_a_finding(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "any.jsonl"
    file.write_bytes(content)
    with pytest.raises(ProtocolError, match="capture_damaged"):
        open_replay(str(file))


def test_an_address_may_write_a_space_as_a_percent_sign_does(tmp_path: Path) -> None:
    taken(tmp_path, [b"\x90\x00"], [SELECT]).rename(tmp_path / "my card.jsonl")
    assert open_replay(f"{tmp_path}/my%20card.jsonl").transmit(SELECT) == b"\x90\x00"


@pytest.mark.parametrize("name", ["none.jsonl", "", "%00", "../../../../../../dev/zero"])
def test_a_file_that_is_not_there_or_is_none_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotReachable) as absent:
        open_replay(f"{tmp_path}/{name}")
    assert absent.value.code == "capture_absent"
