"""The PC/SC link on the real stack: pyscard, libpcsclite, pcscd, vsmartcard's virtual reader, and opensc-tool beside us."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fapiao_kernel.devices.drivers.gb18240 import DRIVER
from fapiao_kernel.devices.links.capture import open_replay, record
from fapiao_kernel.devices.links.pcsc import LINK, open_pcsc
from fapiao_kernel.devices.links.pcsc.service import LEAVE_CARD, SHARED, T0, T1, USER
from fapiao_kernel.devices.plug import Link
from fapiao_kernel.domain.errors import FapiaoError, NotReachable
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.simulator.card.atr import ATR
from tests.hardware_lab import pcsc_service
from tests.hardware_lab.pcsc_service import Service, wait_until
from tests.simulator.card.maker import PIN, make_image

pytestmark = pytest.mark.hardware_lab
RESET_CARD = 1
SELECT = bytes.fromhex("00A4000C02EF02")
READ = bytes.fromhex("00B000008B")
VERIFY = bytes.fromhex("C0F9000008") + PIN.encode()
DONE = b"\x90\x00"


@pytest.fixture(scope="session")
def scard() -> Any:
    """pyscard's own functions, as another program would use them."""
    if reason := pcsc_service.missing():
        pytest.skip(
            f"{reason}; enable: apt-get install pcscd vsmartcard-vpcd, and run as root (start.py test --hardware-lab)"
        )
    return pytest.importorskip(
        "smartcard.scard",
        exc_type=ImportError,
        reason="no pyscard; enable: apt-get install gcc libpcsclite-dev, pip install fapiao-kernel[pcsc]",
    )


@pytest.fixture(scope="module")
def folder(scard: Any) -> Iterator[Path]:
    """Where this process looks for pcscd, for good."""
    # Not pytest's own folder: the path of a socket has 107 characters at most.
    with tempfile.TemporaryDirectory(prefix="fapiao-pcscd-") as place, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PCSCLITE_CSOCK_NAME", f"{place}/{pcsc_service.SOCKET}")
        yield Path(place)


@pytest.fixture
def service(folder: Path, tmp_path: Path) -> Iterator[Service]:
    started = Service.start(folder, tmp_path / "readers")
    yield started
    started.stop()


@pytest.fixture
def insert(service: Service, tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """``insert(options…)``: a card, when pcscd has noticed it."""

    def put(*options: str) -> subprocess.Popen[str]:
        image = tmp_path / "card.json"
        card = service.insert(image if image.exists() else make_image(image), *options)
        wait_until(lambda: present(service))
        return card

    return put


@pytest.fixture
def opened(service: Service) -> Iterator[Callable[..., Link]]:
    """``opened(…)``: our link on the reader; closed before pcscd goes."""
    links: list[Link] = []

    def open_(**options: Any) -> Link:
        links.append(open_pcsc(service.reader, **options))
        return links[-1]

    yield open_
    for link in links:
        link.close()


def present(service: Service) -> bool:
    return any(found.card_present for found in LINK.find() if found.reader == service.reader)


def fails(call: Callable[[], object]) -> FapiaoError:
    """The error that a call must end in."""
    with pytest.raises(FapiaoError) as caught:
        call()
    return caught.value


class Other:
    """Another program at the same card."""

    def __init__(self, scard: Any, reader: str) -> None:
        self._scard = scard
        self._context = scard.SCardEstablishContext(USER)[1]
        result, self.card, self._protocol = scard.SCardConnect(self._context, reader, SHARED, T0 | T1)
        assert result == 0

    def transmit(self, apdu: bytes) -> bytes:
        result, response = self._scard.SCardTransmit(self.card, self._protocol, list(apdu))
        assert result == 0
        return bytes(response)

    def leave(self, disposition: int = LEAVE_CARD) -> None:
        assert self._scard.SCardDisconnect(self.card, disposition) == 0
        self._scard.SCardReleaseContext(self._context)


def test_find_lists_each_reader_and_whether_a_card_is_in_it(service: Service, insert: Any) -> None:
    insert()
    found = {each.reader: each for each in LINK.find()}
    assert [each.card_present for each in found.values()] == [True, False]
    assert " " not in found[service.reader].where and found[service.reader].problem is None


def test_the_driver_reads_our_card_through_the_real_stack(service: Service, insert: Any) -> None:
    insert()
    card = DRIVER.open(LINK.open(LINK.find()[0].where), "gb18240+pcsc://lab")
    state = card.read_state()
    assert state.identity.simulated and state.identity.device_number == "661234567890"
    assert [each.reported for each in state.monitoring] == [False, False]
    card.close()


def test_a_card_is_reported_over_pcsc_and_its_extended_answer_comes_whole(insert: Any, opened: Any) -> None:
    insert()
    card = DRIVER.open(opened(), "gb18240+pcsc://lab")
    card.verify_pin(PIN)
    summary = card.report((card.read_state().monitoring[0].invoice_type,))
    assert len(summary.sealed) == 320


def test_an_extended_command_of_60_000_bytes_reaches_the_card(insert: Any, opened: Any) -> None:
    insert()
    command = bytes.fromhex("00A4000C00EA60") + bytes(60_000)
    assert opened().transmit(command)[-2:] == b"\x67\x00"  # read whole, and refused for its length


def test_a_session_over_pcsc_replays_byte_for_byte_and_holds_no_pin(insert: Any, opened: Any, tmp_path: Path) -> None:
    insert()
    file = tmp_path / "card.jsonl"
    link = record(opened(), file, DRIVER.secrets)
    course = [SELECT, READ, VERIFY, SELECT]
    answers = [link.transmit(apdu) for apdu in course]
    replay = open_replay(str(file))
    assert [replay.transmit(apdu) for apdu in course] == answers
    assert PIN.encode().hex().upper() not in file.read_text("utf-8").upper()


def test_a_card_that_never_answers_is_given_up_at_our_own_deadline(insert: Any, opened: Any, service: Service) -> None:
    insert("--do", "silent", "--at", "2")
    link = opened(deadline=0.3)
    assert link.transmit(SELECT) == DONE
    began = time.monotonic()
    error = fails(lambda: link.transmit(READ))
    assert (error.code, error.effect) == ("device_silent", Effect.UNKNOWN)
    assert time.monotonic() - began < 5
    again = fails(lambda: link.transmit(READ))
    assert (again.code, again.effect) == ("device_link_broken", Effect.NOT_SENT)
    link.close()
    service.draw()
    wait_until(lambda: not any(thread.name == "pcsc" for thread in threading.enumerate()))  # nothing of it stays


def test_a_slow_card_is_waited_for(insert: Any, opened: Any) -> None:
    insert("--do", "slow", "--at", "1", "--seconds", "0.4")
    assert opened().transmit(SELECT) == DONE


def test_a_card_drawn_out_in_mid_command_leaves_the_outcome_unknown(insert: Any, opened: Any) -> None:
    insert("--do", "close", "--at", "2")
    link = opened()
    assert link.transmit(SELECT) == DONE
    error = fails(lambda: link.transmit(READ))
    assert (error.code, error.effect) == ("device_gone", Effect.UNKNOWN)


def test_a_card_drawn_out_between_commands_is_put_back_and_opened_anew(
    insert: Any, opened: Any, service: Service
) -> None:
    insert()
    link = opened()
    assert link.transmit(SELECT) == DONE
    service.draw()
    wait_until(lambda: not present(service))
    assert fails(lambda: link.transmit(READ)).code == "device_gone"
    link.close()
    insert()
    assert opened().transmit(SELECT) == DONE


def test_a_reader_without_a_card_says_so(service: Service, opened: Any) -> None:
    assert fails(opened).code == "device_card_absent"


def test_without_a_reader_there_is_nothing_to_find_and_nothing_to_open(folder: Path, tmp_path: Path) -> None:
    service = Service.start(folder, tmp_path / "none", readers=False)
    try:
        assert LINK.find() == ()
        assert fails(lambda: LINK.open("any")).code == "device_reader_absent"
    finally:
        service.stop()


def test_without_pcscd_both_finding_and_opening_say_what_to_start(folder: Path) -> None:
    for call in (LINK.find, lambda: LINK.open("any")):
        error = fails(call)
        assert (type(error), error.code, error.effect) == (NotReachable, "device_pcsc_down", Effect.NOT_SENT)
        assert "pcscd" in error.remedy


def test_pcscd_killed_under_us_breaks_the_link_and_a_new_one_serves_the_card(
    insert: Any, opened: Any, service: Service, folder: Path, tmp_path: Path
) -> None:
    insert()
    link = opened()
    assert link.transmit(SELECT) == DONE
    service.kill()
    error = fails(lambda: link.transmit(READ))
    assert error.effect in (Effect.UNKNOWN, Effect.NOT_SENT) and isinstance(error, NotReachable)
    link.close()
    fresh = Service.start(folder, tmp_path / "again")
    try:
        fresh.insert(tmp_path / "card.json")
        wait_until(lambda: present(fresh))
        anew = open_pcsc(fresh.reader)
        assert anew.transmit(SELECT) == DONE
        anew.close()
    finally:
        fresh.stop()


def test_another_program_works_beside_us_and_not_within_a_run_of_ours(
    scard: Any, insert: Any, opened: Any, service: Service
) -> None:
    insert()
    link, other = opened(), Other(scard, service.reader)
    held, told = threading.Event(), []

    def elsewhere() -> None:
        held.wait(5)
        told.append(other.transmit(bytes.fromhex("00A4000C02EF01")))  # waits for our transaction to end

    thread = threading.Thread(target=elsewhere)
    thread.start()
    assert link.transmit(SELECT) == DONE
    held.set()
    assert link.transmit(READ)[-2:] == DONE and len(link.transmit(READ)) == 141  # EF02 still, as we selected it
    thread.join(5)
    assert told == [DONE]
    other.leave()
    assert link.transmit(SELECT) == DONE  # it left without powering the card off


def test_a_card_reset_by_another_program_is_told_before_anything_is_sent(
    scard: Any, insert: Any, opened: Any, service: Service
) -> None:
    insert()
    link, other = opened(), Other(scard, service.reader)
    assert link.transmit(VERIFY) == DONE
    other.leave(RESET_CARD)
    error = fails(lambda: link.transmit(SELECT))
    assert (error.code, error.effect) == ("device_card_reset", Effect.NOT_SENT)


def test_our_leaving_does_not_take_the_power_from_another_program(
    scard: Any, insert: Any, opened: Any, service: Service
) -> None:
    insert()
    link, other = opened(), Other(scard, service.reader)
    assert other.transmit(SELECT) == DONE
    assert link.transmit(VERIFY) == DONE
    link.close()
    assert len(other.transmit(READ)) == 141  # its file is still selected
    other.leave()


def test_a_second_opening_of_ours_names_who_has_the_card(insert: Any, opened: Any) -> None:
    insert()
    first = opened()
    error = fails(opened)
    assert (error.code, error.facts["pid"]) == ("device_busy_by", os.getpid())
    first.close()
    assert opened().transmit(SELECT) == DONE


def test_nothing_is_left_to_say_at_exit(insert: Any, service: Service) -> None:
    """A program that forgets to close, as scripts do: no traceback out of a destructor, and it does end."""
    insert()
    program = (
        "import sys; from fapiao_kernel.devices.links.pcsc import LINK\n"
        f"print(LINK.open(sys.argv[1]).transmit(bytes.fromhex('{SELECT.hex()}')).hex())"
    )
    done = subprocess.run([sys.executable, "-c", program, service.reader], capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout, done.stderr) == (0, "9000\n", "")


def test_the_conformance_kit_passes_the_link_on_the_real_stack(insert: Any, tmp_path: Path) -> None:
    insert()
    address = f"gb18240+pcsc://{LINK.find()[0].where}"
    kit = ["-p", "no:cacheprovider", "--pyargs", "fapiao_kernel.testing", "--fapiao-device", address, "-k", "test_link"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *kit, "--fapiao-destructive"],
        cwd=tmp_path,
        env={**os.environ, "FAPIAO_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert re.search(r"\b1\d passed|\b2\d passed", done.stdout), done.stdout


@pytest.fixture
def opensc(service: Service) -> Callable[..., str]:
    """``opensc(arguments…)``: what opensc-tool says of our reader. Nobody here wrote it."""
    tool = shutil.which("opensc-tool")
    if tool is None:
        pytest.skip("no opensc-tool; enable: apt-get install opensc (start.py test --hardware-lab)")

    def run(*arguments: str) -> str:
        done = subprocess.run([tool, *arguments], capture_output=True, text=True, timeout=20)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_opensc_tool_lists_our_reader_with_a_card(insert: Any, opensc: Any, service: Service) -> None:
    insert()
    line = next(line for line in opensc("--list-readers").splitlines() if service.reader in line)
    assert line.split()[1] == "Yes"


def test_opensc_tool_reads_the_answer_to_reset_of_our_card(insert: Any, opensc: Any) -> None:
    insert()
    assert bytes.fromhex(opensc("--atr").strip().replace(":", " ")) == ATR


def test_opensc_tool_gets_the_answers_that_our_link_gets(insert: Any, opened: Any, opensc: Any) -> None:
    insert()
    told = opensc("--send-apdu", SELECT.hex(), "--send-apdu", READ.hex())
    statuses = re.findall(r"SW1=0x([0-9A-F]{2}), SW2=0x([0-9A-F]{2})", told)
    data = bytes.fromhex("".join(re.findall(r"^((?:[0-9A-F]{2} )+)", told, re.MULTILINE)))
    link = opened()
    ours = [link.transmit(SELECT), link.transmit(READ)]
    assert [bytes.fromhex("".join(status)) for status in statuses] == [answer[-2:] for answer in ours] == [DONE, DONE]
    assert data == ours[1][:-2]
