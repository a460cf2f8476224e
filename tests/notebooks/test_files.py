"""What a shipped notebook may hold."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))


def content(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def test_there_is_one_notebook_for_everyone() -> None:
    names = {p.relative_to(ROOT / "notebooks").as_posix() for p in NOTEBOOKS}
    assert names == {
        "start.ipynb",
        "operator/monthly-clear.ipynb",
        "operator/issue.ipynb",
        "analyst/ledger.ipynb",
        "support/diagnose.ipynb",
        "trainer/first-lesson.ipynb",
    }


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_no_output_and_no_run_count_is_stored(path: Path) -> None:
    for cell in content(path)["cells"]:
        assert not cell.get("outputs") and cell.get("execution_count") is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_no_widget_state_is_stored(path: Path) -> None:
    assert "widgets" not in content(path)["metadata"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_code_is_hidden_and_five_lines_at_most(path: Path) -> None:
    for cell in content(path)["cells"]:
        if cell["cell_type"] == "code":
            query = "".join(cell["source"]).startswith("%%fapiao")  # an analyst's own to change: it is seen
            assert cell["metadata"].get("jupyter", {}).get("source_hidden", False) is not query
            assert len(cell["source"]) <= 5


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_no_cell_names_an_act(path: Path) -> None:
    source = "".join("".join(c["source"]) for c in content(path)["cells"] if c["cell_type"] == "code")
    assert not re.search(r"execute|confirm|report\(|conclude|read_back|clear\((?!\))", source)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_uses_our_kernel_and_speaks_chinese(path: Path) -> None:
    whole = content(path)
    assert whole["metadata"]["kernelspec"] == {"display_name": "发票清卡", "language": "python", "name": "fapiao"}
    assert re.search(r"[一-鿿]", "".join(whole["cells"][0]["source"]))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_every_link_leads_to_a_notebook(path: Path) -> None:
    for cell in content(path)["cells"]:
        for target in re.findall(r"\]\(([^)]+\.ipynb)\)", "".join(cell["source"])):
            assert (path.parent / target).resolve() in NOTEBOOKS
