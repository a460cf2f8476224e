import json
import os
import signal
import stat
import subprocess
import sys

import httpx
import pytest

from fapiao_kernel.protocol.authority import MessageId, Request, decode_reply, encode_request
from fapiao_kernel.simulator import processes
from fapiao_kernel.simulator.clock import last_kept

ARGUMENTS = ("模拟局端", "fapiao_kernel.simulator.authority")


@pytest.fixture
def launch(bureau, tmp_path):
    def start():
        return processes.launch(*ARGUMENTS, ["--state", str(bureau.path)], tmp_path / "log")["url"]

    yield start
    processes.end(bureau.path)


def post(url, message, *groups, headers=None):
    data = encode_request(Request(MessageId(message), "990000000261", "91999999000000107U", groups))
    return httpx.post(url, content=data, headers=headers, trust_env=False)


def test_it_says_where_it_listens_and_writes_its_pid_file(launch, bureau):
    url = launch()
    told = json.loads(processes.pid_file(bureau.path).read_text())
    assert told == {"pid": told["pid"], "url": url}
    assert httpx.get(url + "/health", trust_env=False).json()["ok"] is True
    assert processes.running(bureau.path) == told


def test_what_was_uploaded_survives_a_kill(launch, bureau):
    group = {"fplx_dm": "004", "sq": bureau.span, "fphz": bureau.seal().hex()}
    receipt = decode_reply(post(launch(), "WLCB", group).content).groups
    pid = processes.running(bureau.path)["pid"]
    os.kill(pid, signal.SIGKILL)
    assert processes._gone(pid, 5)
    assert processes.running(bureau.path) is None
    url = launch()
    assert decode_reply(post(url, "WLCB", group).content).groups == receipt
    assert decode_reply(post(url, "FK_LXSB", {"sq": bureau.span, "jshj": "113.00"}).content).ok
    assert decode_reply(post(url, "FK_SBCX", {"sq": bureau.span}).content).groups[0]["bdbz"] == "1"


def test_it_ends_on_request_and_keeps_how_far_time_had_come(launch, bureau):
    url = launch()
    before = httpx.get(url + "/health", trust_env=False).json()["time"]
    pid = processes.running(bureau.path)["pid"]
    processes.end(bureau.path)
    assert processes._gone(pid, 0)
    assert not processes.pid_file(bureau.path).exists()
    assert last_kept(bureau.path).isoformat() >= before


def test_a_foreign_host_gets_nothing(launch, bureau):
    answer = post(launch(), "FK_SJ", headers={"Host": "tax.example"})
    assert answer.status_code == 421 and answer.content == b""


def test_a_body_that_is_no_message_gets_400_and_the_server_goes_on(launch):
    url = launch()
    assert httpx.post(url, content=b"<nonsense", trust_env=False).status_code == 400
    assert decode_reply(post(url, "FK_SJ").content).ok


def test_a_body_beyond_the_size_is_not_read(launch):
    assert httpx.post(launch(), content=b" " * 1_000_001, trust_env=False).status_code == 413


def test_a_tax_side_that_is_down_answers_503(launch, bureau):
    bureau.make(faults=["down"])
    assert post(launch(), "FK_SJ").status_code == 503


def test_the_state_is_readable_by_its_owner_alone(launch, bureau):
    launch()
    assert stat.S_IMODE(bureau.path.stat().st_mode) == 0o600


def test_a_process_that_cannot_start_is_named_and_leaves_no_process(tmp_path):
    from fapiao_kernel.domain.errors import NotReachable

    with pytest.raises(NotReachable) as error:
        processes.launch(*ARGUMENTS, ["--state", str(tmp_path / "absent.json")], tmp_path / "log")
    assert error.value.code == "practice_process_failed"
    assert "absent.json" in (tmp_path / "log").read_text()


def test_a_pid_that_went_to_a_stranger_is_left_alone(bureau):
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        processes.pid_file(bureau.path).write_text(json.dumps({"pid": stranger.pid, "url": "x"}))
        assert processes.running(bureau.path) is None
        processes.end(bureau.path)
        assert stranger.poll() is None
    finally:
        stranger.communicate(b"\n")
