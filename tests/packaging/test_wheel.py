"""What the wheel carries: the product and all that its notebooks need, and nothing of the yard."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

SHARED = "fapiao_kernel-{version}.data/data/share/"
WORKSHOP = ("tests", "benchmarks", "bootstrap", "examples", "start.py", "docs", ".ci")


def shared(names: set[str]) -> set[str]:
    """Files that land below ``share/`` of the environment."""
    return {name.partition(".data/data/share/")[2] for name in names if ".data/data/share/" in name}


@pytest.mark.slow
def test_it_carries_every_notebook(names: set[str], root: Path) -> None:
    notebooks = root / "notebooks"
    ours = {
        file.relative_to(notebooks).as_posix()
        for file in notebooks.rglob("*.ipynb")
        if ".ipynb_checkpoints" not in file.parts
    }
    carried = {name.removeprefix("fapiao-kernel/notebooks/") for name in shared(names) if name.endswith(".ipynb")}
    assert "operator/monthly-clear.ipynb" in ours
    assert carried >= ours


@pytest.mark.slow
def test_it_carries_the_settings_and_the_kernelspec_of_jupyterlab(names: set[str]) -> None:
    lab = {name for name in shared(names) if name.startswith("jupyter/lab/settings/overrides.d/")}
    kernels = {name for name in shared(names) if name.startswith("jupyter/kernels/") and name.endswith("kernel.json")}
    assert lab and kernels


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["fapiao_kernel", "widgets/fapiao_widgets"])
def test_it_carries_every_file_of_the_packages(folder: str, names: set[str], root: Path) -> None:
    base = (root / folder).parent
    files = {
        file.relative_to(base).as_posix()
        for file in (root / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and file.suffix != ".pyc"
    }
    assert files and files - names == set()


@pytest.mark.slow
def test_it_carries_nothing_of_the_workshop(names: set[str]) -> None:
    assert [name for name in names if name.split("/")[0] in WORKSHOP] == []


@pytest.mark.slow
def test_it_carries_the_licence_and_the_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (entry_points,) = [name for name in names if name.endswith("dist-info/entry_points.txt")]
        assert any(name.endswith("licenses/LICENSE") for name in names)
        assert "fapiao = fapiao_kernel.cli.main:main" in archive.read(entry_points).decode("utf-8")
