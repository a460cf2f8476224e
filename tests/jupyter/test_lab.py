"""How JupyterLab is started, and which settings it then has."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fapiao_kernel.domain.home import Home
from fapiao_kernel.jupyter.lab import command, environment
from tests.listening import wait_until_it_listens


def test_the_token_stays_on(tmp_path: Path) -> None:
    options = {part.partition("=")[0] for part in command(Home(tmp_path), 8899, False, [])}
    assert not any("token" in option or "password" in option for option in options)
    assert "--no-browser" in options


def test_each_home_has_a_lab_memory_of_its_own(tmp_path: Path) -> None:
    made = environment(Home(tmp_path))
    assert made["FAPIAO_HOME"] == str(tmp_path)
    assert Path(made["JUPYTERLAB_WORKSPACES_DIR"]).is_relative_to(tmp_path)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running JupyterLab; its address with the token."""
    home = Home(tmp_path_factory.mktemp("lab"))
    home.notebooks.mkdir()
    process = subprocess.Popen(
        command(home, 0, False, []),
        env={**environment(home), "HOME": str(home.root), "PYTHONUNBUFFERED": "1"},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr is not None
    address = ""
    for line in process.stderr:
        found = re.search(r"http://127\.0\.0\.1:\d+/\S*\?token=\w+", line)
        if found:
            address = found.group()
            break
    wait_until_it_listens(address)
    yield address
    process.terminate()
    process.stderr.close()
    process.wait(20)


def ask(lab: str, path: str) -> Any:
    base, token = re.match(r"(http://[^/]+)/\S*\?token=(\w+)", lab).groups()
    request = urllib.request.Request(f"{base}/{path}", headers={"Authorization": f"token {token}"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Jupyter's log is read through a pipe, which Windows buffers")
def test_the_shipped_settings_are_the_effective_ones(lab: str) -> None:
    defaults = {s["id"]: s["schema"].get("properties", {}) for s in ask(lab, "lab/api/settings")["settings"]}
    shipped = json.loads(
        (Path(sys.prefix) / "share/jupyter/lab/settings/overrides.d/fapiao-kernel.json").read_text(encoding="utf-8")
    )
    assert set(shipped) <= set(defaults)
    for plugin, values in shipped.items():
        for key, value in values.items():
            assert defaults[plugin][key]["default"] == value, f"{plugin} {key}"


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Jupyter's log is read through a pipe, which Windows buffers")
def test_our_kernel_is_offered_with_its_name_and_logo(lab: str) -> None:
    spec = ask(lab, "api/kernelspecs")["kernelspecs"]["fapiao"]
    assert spec["spec"]["display_name"] == "发票清卡"
    assert "logo-svg" in spec["resources"]
