"""Small rooms, said what they are for, and nothing in the tree that does not belong there."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import statistics
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

LONGEST = 400
MOST = 150
PRODUCT = ("fapiao_kernel", "widgets")
# An address that packages are fetched from: an index page, a registry's field in a lock file, an index option.
REGISTRY = re.compile(
    rb"https?://[^\s\"']*/(simple|packages)/|\"resolved\": *\"http|--(extra-)?index-url|registry *= *http"
)
LOCKS = ("uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock", "package-lock.json", "yarn.lock", "pnpm-lock.yaml")
EXCUSES = re.compile(r"#\s*(noqa|type:\s*ignore)(?P<rest>.*)", re.IGNORECASE)
BINARY = {".png", ".ico", ".gif", ".jpg", ".woff2", ".zip", ".xlsx", ".ofd"}


def lines_of(file: Path) -> int:
    return file.read_bytes().count(b"\n")


def test_no_file_is_longer_than_a_room_should_be(python_files: list[Path], root: Path) -> None:
    long = {str(file.relative_to(root)): lines_of(file) for file in python_files if lines_of(file) > LONGEST}
    assert long == {}


def test_most_files_are_short(python_files: list[Path], root: Path) -> None:
    sizes = [lines_of(file) for file in python_files]
    longer = sorted(f"{lines_of(file)} {file.relative_to(root)}" for file in python_files if lines_of(file) > MOST)
    print(f"{len(sizes)} files, median {statistics.median(sizes)} lines; over {MOST}:", *longer, sep="\n  ")
    assert len(longer) < len(sizes) / 2


SAID_BY_THE_MODULE = {"main", "register", "router"}
"""One a module, the same in each: the module's own docstring says what it is."""


SUITES = "fapiao_kernel/testing/test_*.py"
"""The conformance kit's: there a test says what it is by its name, as in ``tests``."""


def public_parts(tree: ast.Module, where: Path) -> Iterator[tuple[int, str, ast.AST]]:
    """Public classes and functions of a module; a method is its class's matter."""
    said = ("_", "test_") if where.match(SUITES) else ("_",)
    for node in tree.body:
        named = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        if named and not node.name.startswith(said) and node.name not in SAID_BY_THE_MODULE:
            yield node.lineno, node.name, node


def test_every_public_module_class_and_function_says_what_it_is(python_files: list[Path], root: Path) -> None:
    silent = []
    for file in python_files:
        where = file.relative_to(root)
        if where.parts[0] not in (*PRODUCT, "bootstrap", "benchmarks", "start.py"):
            continue
        source = file.read_text("utf-8")
        tree = ast.parse(source)
        if source.strip() and ast.get_docstring(tree) is None:
            silent.append(f"{where}: module")
        silent += [
            f"{where}:{line}: {name}"
            for line, name, node in public_parts(tree, where)
            if ast.get_docstring(node) is None  # type: ignore[arg-type]  # the three kinds above all have one
        ]
    # A plain value whose name and fields say it all may stand without; a function may not.
    assert [line for line in silent if not re.search(r": [A-Z]\w*$", line)] == []


def reason(excuse: str) -> list[str]:
    """The words behind the codes of a ``noqa`` or ``type: ignore``."""
    without_codes = re.sub(r"^[:\s]*(\[[^\]]*\]|[A-Z]+[0-9]+[,\s]*)*", "", excuse)
    return re.findall(r"\w+", without_codes)


def test_every_excuse_carries_its_reason(python_files: list[Path], root: Path) -> None:
    bare = []
    for file in python_files:
        for token in tokenize.generate_tokens(io.StringIO(file.read_text("utf-8")).readline):
            found = EXCUSES.search(token.string) if token.type == tokenize.COMMENT else None
            if found and len(reason(found["rest"])) < 2:
                bare.append(f"{file.relative_to(root)}:{token.start[0]}: {token.string}")
    assert bare == []


def test_no_lock_file_names_a_registry(tracked: list[Path], root: Path) -> None:
    assert [str(file.relative_to(root)) for file in tracked if file.name in LOCKS] == []


@pytest.mark.parametrize("what", ["registry", "machine"])
def test_no_file_names_a_registry_or_this_machine(tracked: list[Path], root: Path, what: str) -> None:
    machine = [re.compile(re.escape(f"{place}{os.sep}").encode()) for place in (root, Path.home())]
    patterns = [REGISTRY] if what == "registry" else machine
    texts = [file for file in tracked if file.suffix not in BINARY and file != Path(__file__)]
    found = [str(file.relative_to(root)) for file in texts if any(p.search(file.read_bytes()) for p in patterns)]
    assert found == []


def test_requirements_hold_names_versions_and_hashes_only(root: Path) -> None:
    for line in (root / "requirements.txt").read_text("utf-8").splitlines():
        assert re.fullmatch(r"#.*||[a-z0-9.-]+==\S+( ; .+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?", line), line


def test_notebooks_hold_no_outputs_and_no_widget_state(tracked: list[Path], root: Path) -> None:
    for file in tracked:
        if file.suffix != ".ipynb":
            continue
        notebook = json.loads(file.read_text("utf-8"))
        where = str(file.relative_to(root))
        assert "widgets" not in notebook["metadata"], where
        for cell in notebook["cells"]:
            assert not cell.get("outputs"), where
            assert cell.get("execution_count") is None, where


def test_no_key_lies_in_the_tree(tracked: list[Path], root: Path) -> None:
    key = re.compile(rb"AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{20,}|-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{20,}")
    assert [str(file.relative_to(root)) for file in tracked if key.search(file.read_bytes())] == []
