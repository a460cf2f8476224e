"""One owner a device: real processes, killed and not, of one user and of two; and finding who has a device without a lock of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fapiao_kernel.devices import holder as holder_module
from fapiao_kernel.devices import owner
from fapiao_kernel.devices.holder import holder, program
from fapiao_kernel.devices.owner import claim, seen
from fapiao_kernel.domain.errors import NotReachable
from fapiao_kernel.domain.finding import Effect

HOLD = """
import os, sys
from pathlib import Path
from fapiao_kernel.devices.owner import claim
from fapiao_kernel.domain.errors import catalogue
catalogue()  # read while this user still may read the checkout
where, folder, user = sys.argv[1:]
if user:
    os.setgid(int(user))
    os.setuid(int(user))
kept = claim(where, Path(folder) if folder else None)
print("mine", flush=True)
sys.stdin.read()
kept.close()
"""
LOCKED = "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, 2 | 4); print('mine', flush=True); sys.stdin.read()"
OPENED = "import sys; f = open(sys.argv[1]); print('mine', flush=True); sys.stdin.read()"

Start = Callable[..., subprocess.Popen[str]]
linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells who has a device")


@pytest.fixture
def start() -> Iterator[Start]:
    """``start(code, arguments…)``: a process that has what its code takes; closing its stdin lets it go."""
    running: list[subprocess.Popen[str]] = []

    def started(code: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "mine\n"
        return process

    yield started
    for process in running:
        process.kill()
        process.communicate()


def test_a_device_has_one_owner_until_it_gives_it_up(tmp_path: Path) -> None:
    first = claim("/dev/ttyS7", tmp_path)
    with pytest.raises(NotReachable) as caught:
        claim("/dev/ttyS7", tmp_path)
    assert (caught.value.code, caught.value.effect) == ("device_busy_by", Effect.NOT_SENT)
    assert caught.value.facts["pid"] == os.getpid()
    first.close()
    second = claim("/dev/ttyS7", tmp_path)
    first.close()
    with pytest.raises(NotReachable):
        claim("/dev/ttyS7", tmp_path)
    second.close()


def test_another_process_is_named_and_its_death_frees_the_device(
    tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = start(HOLD, "/dev/ttyS7", str(tmp_path), "")
    with pytest.raises(NotReachable) as caught:
        claim("/dev/ttyS7", tmp_path)
    assert (caught.value.code, caught.value.facts["pid"]) == ("device_busy_by", other.pid)
    assert str(caught.value.facts["program"]).startswith("python")
    told = seen("/dev/ttyS7", tmp_path)
    assert told is not None and told.pid == other.pid and told.since.endswith("+00:00")
    other.kill()  # SIGKILL on POSIX: it cannot tidy up
    other.wait()
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(holder_module, "PROC", tmp_path / "no-proc")  # as on macOS
        assert seen("/dev/ttyS7", tmp_path) is None
    claim("/dev/ttyS7", tmp_path).close()
    assert seen("/dev/ttyS7", tmp_path) is None


@pytest.mark.skipif(sys.platform == "win32", reason="links to devices are a matter of POSIX")
def test_a_link_to_a_device_is_the_same_device(tmp_path: Path) -> None:
    device = tmp_path / "ttyUSB0"
    device.touch()
    link = tmp_path / "usb-maker-product-if00"
    link.symlink_to(device)
    kept = claim(str(link), tmp_path)
    with pytest.raises(NotReachable):
        claim(str(device), tmp_path)
    kept.close()


def test_two_devices_have_two_owners(tmp_path: Path) -> None:
    claims = [claim(where, tmp_path) for where in ("/dev/ttyS7", "/dev/ttyS8", "usb:1-2", "usb:1-3")]
    for kept in claims:
        kept.close()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root, to be two users at once")
def test_the_lock_holds_between_two_users_of_the_machine(start: Start) -> None:
    where, nobody = f"/dev/nothing-{os.getpid()}", "65534"
    try:
        ours = claim(where)
        ran = subprocess.run(
            [sys.executable, "-c", HOLD, where, "", nobody], stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        assert ran.returncode != 0 and "device_busy_by" in ran.stderr and str(os.getpid()) in ran.stderr
        ours.close()
        theirs = start(HOLD, where, "", nobody)
        with pytest.raises(NotReachable) as caught:
            claim(where)
        assert caught.value.facts["pid"] == theirs.pid
        theirs.kill()
        theirs.wait()
        claim(where).close()
    finally:
        for left in owner._shared_folder().glob(f"dev-nothing-{os.getpid()}-*"):
            left.unlink()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with pytest.raises(NotReachable) as caught:
        claim("/dev/ttyS7", tmp_path)
    assert caught.value.code == "device_lock_denied"


@pytest.mark.skipif(sys.platform == "win32", reason="permissions as POSIX has them")
def test_the_folder_for_locks_is_made_where_every_user_may_write_and_is_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, shared = tmp_path / "closed", tmp_path / "shared"
    closed.mkdir(0o755)
    shared.mkdir()
    shared.chmod(0o1777)
    monkeypatch.setattr(owner, "SHARED", (str(tmp_path / "absent"), str(closed), str(shared)))
    claim("/dev/ttyS7").close()
    assert (shared / owner.FOLDER).stat().st_mode & 0o7777 == 0o777
    assert [entry.name for entry in shared.iterdir()] == [owner.FOLDER]


def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotReachable) as caught:
        claim("/dev/ttyS7", tmp_path / "file")
    assert (caught.value.code, caught.value.effect) == ("device_lock_denied", Effect.NOT_SENT)


def test_an_owner_that_told_rubbish_is_busy_all_the_same(tmp_path: Path) -> None:
    kept = claim("/dev/ttyS7", tmp_path)
    (told,) = tmp_path.glob("*.json")
    endless = '{"pid": Infinity, "program": "x", "since": ""}'
    for rubbish in ("", "{", "[]", '{"pid": "x"}', endless, "[" * 100_000):
        told.write_text(rubbish)
        with pytest.raises(NotReachable) as caught:
            claim("/dev/ttyS7", tmp_path)
        assert caught.value.code == "device_busy"
    kept.close()


@linux_only
@pytest.mark.parametrize("code", [LOCKED, OPENED])
def test_a_program_that_has_a_device_by_other_means_is_found(tmp_path: Path, start: Start, code: str) -> None:
    device = tmp_path / "ttyUSB0"
    device.touch()
    assert holder(str(device)) is None
    other = start(code, str(device))
    found = holder(str(device))
    assert found is not None and found.pid == other.pid and found.program.startswith("python")


def test_where_the_system_does_not_tell_a_device_is_busy_with_whoever_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holder_module, "PROC", tmp_path / "no-proc")
    assert holder(str(tmp_path)) is None
    kept = claim("/dev/ttyS7", tmp_path)
    with pytest.raises(NotReachable) as caught:
        claim("/dev/ttyS7", tmp_path)
    assert caught.value.code == "device_busy_by"
    kept.close()


@linux_only
def test_a_lock_is_seen_even_where_open_files_are_not(
    tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holder_module, "_opened", lambda _node: iter(()))  # as with another user's process
    device = tmp_path / "ttyUSB0"
    device.touch()
    other = start(LOCKED, str(device))
    found = holder(str(device))
    assert found is not None and found.pid == other.pid


@linux_only
def test_a_port_reserved_by_a_uucp_lock_has_a_holder_while_that_lives(
    tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holder_module, "UUCP_FOLDERS", (tmp_path,))
    (tmp_path / "elsewhere").touch()
    other = start(OPENED, str(tmp_path / "elsewhere"))
    lock = tmp_path / "LCK..ttyUSB9"
    lock.write_text(f"{other.pid:10}\n")
    found = holder("/dev/ttyUSB9")
    assert found is not None and found.pid == other.pid
    other.kill()
    other.communicate()
    assert holder("/dev/ttyUSB9") is None
    for rubbish in ("no number", "", "\n"):
        lock.write_text(rubbish)
        assert holder("/dev/ttyUSB9") is None


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (["/usr/bin/python3", "-m", "fapiao_kernel.agent", "--home", "/home/zhang"], "fapiao agent"),
        (["/usr/bin/python3.11", "-P", "-X", "utf8", "-m", "ipykernel_launcher", "-f", "secret"], "ipykernel_launcher"),
        (["python", "/opt/x/fapiao_kernel/agent/__main__.py"], "fapiao agent"),
        (["/v/bin/python", "/v/bin/fapiao", "clear", "--pin", "12345678"], "fapiao"),
        (["python", "-c", "print('secret')"], "python"),
        (["/usr/bin/minicom", "-D", "/dev/ttyUSB0"], "minicom"),
        ([r"C:\Program Files\税控\开票.exe", "secret"], "开票.exe"),
        (["python"], "python"),
        ([""], "?"),
        ([], "?"),
    ],
)
def test_a_program_is_named_without_its_arguments(argv: list[str], name: str) -> None:
    assert program(argv) == name
