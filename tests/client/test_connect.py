from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fapiao_kernel.client import RequestError, connect, home_folder
from fapiao_kernel.client.paths import as_given


def test_without_start_an_agent_that_does_not_run_is_told(home: Path) -> None:
    with pytest.raises(RequestError) as refused:
        connect(home, start=False)
    assert (refused.value.code, refused.value.exit_code) == ("agent_not_running", 5)


def test_the_home_is_the_argument_else_the_environment(home: Path, tmp_path: Path) -> None:
    assert home_folder() == home
    assert home_folder(tmp_path) == tmp_path


def test_a_stale_agent_file_is_not_believed(home: Path) -> None:
    known = {"url": "http://127.0.0.1:9", "pid": 1, "boot_id": "gone", "version": "0"}
    (home / "agent.json").write_text(json.dumps(known))
    with pytest.raises(RequestError) as refused:
        connect(home, start=False)
    assert refused.value.code == "agent_not_running"


def test_the_agent_outlives_the_process_that_started_it(home: Path) -> None:
    code = "from fapiao_kernel.client import connect; import sys; print(connect(sys.argv[1]).boot_id)"
    done = subprocess.run([sys.executable, "-c", code, str(home)], capture_output=True, text=True, check=True)
    with connect(home, start=False) as client:
        assert client.boot_id == done.stdout.strip()


def test_a_killed_agent_is_started_anew_and_its_clients_find_the_new_one(home: Path) -> None:
    with connect(home) as client:
        boot = client.boot_id
        os.kill(client.pid, signal.SIGKILL)
        with connect(home) as another:
            assert another.boot_id != boot
            client.changes(-1)
            assert client.boot_id == another.boot_id


def test_a_proxy_of_the_environment_never_sees_the_token(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with connect(home) as client:
        assert client.status().home == str(home)


def test_files_are_named_as_they_were_given() -> None:
    places = {"/a/b": "b", "/c/x.xlsx": "./x.xlsx"}
    assert as_given("/c/x.xlsx", places) == "./x.xlsx"
    assert as_given("/a/b/y.ofd", places) == str(Path("b/y.ofd"))
    assert as_given("/z", places) == "/z"
