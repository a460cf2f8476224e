"""A query of an analyst, stopped while it runs (停止查询): over a real agent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from fapiao_kernel.client import Client
from fapiao_kernel.client.errors import RequestError

HUGE = "select length(repeat('x', 3000000000))"
"""In the owner's process nothing would stop it; here it meets the limit of its own."""
SLOW = "with recursive r as (select 1 as n union all select n + 1 from r where n < 2000000000) select count(*) from r"


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    found = subprocess.run(["ps", "-ww", "--ppid", str(pid), "-o", "pid=,args="], capture_output=True, text=True)
    return [int(line.split()[0]) for line in found.stdout.splitlines() if "sandbox_child" in line]


def test_a_query_that_wants_three_gigabytes_is_ended_and_the_agent_answers_all_the_while(filled: Client) -> None:
    slowest = 0.0
    failed: list[str] = []

    def ask() -> None:
        with pytest.raises(RequestError) as refused:
            filled.query(HUGE, seconds=20)
        failed.append(refused.value.code)

    asking = threading.Thread(target=ask)
    asking.start()
    while asking.is_alive():
        began = time.perf_counter()
        filled.census()
        slowest = max(slowest, time.perf_counter() - began)
        asking.join(0.05)
    assert failed[0] in ("sql_too_big", "sql_too_long")
    assert children(filled.pid) == []
    assert slowest < 5  # it answered; how fast is the benchmark's affair


def test_an_interrupt_of_the_asker_ends_the_query_and_the_next_one_is_answered(filled: Client, tmp_path: Path) -> None:
    program = (
        "from fapiao_kernel.client import connect\n"
        f"with connect({str(filled.home)!r}) as client:\n"
        "    try:\n"
        f"        client.query({SLOW!r}, seconds=60)\n"
        "    except KeyboardInterrupt:\n"
        "        print('stopped')\n"
    )
    asking = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 20
    while not children(filled.pid):
        assert time.monotonic() < deadline, "the query never began"
        time.sleep(0.02)
    os.kill(asking.pid, signal.SIGINT)
    said, _ = asking.communicate(timeout=20)
    assert said.strip() == "stopped"
    assert children(filled.pid) == []
    assert filled.query("select 42").relation.fetchall() == [(42,)]


def test_an_answer_says_how_old_its_snapshot_is_and_up_to_which_record_it_goes(filled: Client) -> None:
    first = filled.query("select count(*) from invoice")
    again = filled.query("select count(*) from invoice")
    assert again.age > first.age >= 0
    assert again.journal == first.journal > 0


def test_stopping_a_query_that_is_over_says_that_there_is_none(filled: Client) -> None:
    assert filled.stop_query("nothing") is False
