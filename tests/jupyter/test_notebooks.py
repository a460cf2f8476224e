"""The user's working copies of the notebooks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fapiao_kernel.jupyter.notebooks import bring, cells, shipped


def write(path: Path, *sources: str, outputs: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = [
        {"cell_type": "code", "source": [s], "outputs": [{}] * outputs, "execution_count": outputs or None}
        for s in sources
    ]
    path.write_text(json.dumps({"cells": made}), encoding="utf-8")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write(tmp_path / "shipped" / "start.ipynb", "one")
    write(tmp_path / "shipped" / "operator" / "clear.ipynb", "two")
    return tmp_path / "shipped"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home" / "notebooks"


def test_the_first_time_every_notebook_is_copied_with_its_folder(source: Path, folder: Path) -> None:
    assert bring(source, folder).new == ["operator/clear.ipynb", "start.ipynb"]
    assert cells(folder / "operator" / "clear.ipynb") == cells(source / "operator" / "clear.ipynb")


def test_a_copy_that_was_only_run_is_refreshed(source: Path, folder: Path) -> None:
    bring(source, folder)
    write(folder / "start.ipynb", "one", outputs=2)
    write(source / "start.ipynb", "one, newer")
    assert bring(source, folder).refreshed == ["start.ipynb"]
    assert cells(folder / "start.ipynb") == cells(source / "start.ipynb")


def test_a_copy_that_its_owner_changed_is_kept(source: Path, folder: Path) -> None:
    bring(source, folder)
    write(folder / "start.ipynb", "mine")
    mine = cells(folder / "start.ipynb")
    write(source / "start.ipynb", "one, newer")
    assert bring(source, folder).kept == ["start.ipynb"]
    assert cells(folder / "start.ipynb") == mine


def test_the_second_time_nothing_is_written(source: Path, folder: Path) -> None:
    bring(source, folder)
    write(folder / "start.ipynb", "one", outputs=1)
    before = (folder / "start.ipynb").read_text()
    done = bring(source, folder)
    assert (done.new, done.refreshed, done.kept) == ([], [], [])
    assert (folder / "start.ipynb").read_text() == before


def test_the_shipped_notebooks_are_found() -> None:
    assert (shipped() / "start.ipynb").is_file()
