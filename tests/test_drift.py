"""pyproject.toml is the one source of versions; what is written elsewhere follows it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def root() -> Path:
    return Path(__file__).resolve().parent.parent


def normal(requirements: list[str]) -> set[str]:
    """Requirements in one spelling."""
    parsed = [Requirement(text) for text in requirements]
    return {f"{canonicalize_name(one.name)}[{','.join(sorted(one.extras))}]{one.specifier}" for one in parsed}


def wanted(project: dict[str, Any]) -> list[str]:
    """What a checkout needs: the product, its tests, its build."""
    extras = project["project"]["optional-dependencies"]
    return [*project["project"]["dependencies"], *extras["test"], *extras["build"]]


def pins(root: Path) -> dict[str, list[str]]:
    """Name to pinned versions (one a system or Python where they differ)."""
    found: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([a-z0-9.-]+)==([^\s;]+)", (root / "requirements.txt").read_text("utf-8"), re.M):
        found.setdefault(canonicalize_name(name), []).append(version)
    return found


def test_environment_yml_has_exactly_the_requirements_of_pyproject(root: Path, project: dict[str, Any]) -> None:
    environment = yaml.safe_load((root / "environment.yml").read_text("utf-8"))
    (listed,) = [part["pip"] for part in environment["dependencies"] if isinstance(part, dict)]
    assert listed[-1] == "--editable ."
    assert normal(listed[:-1]) == normal(wanted(project))
    assert f"python{project['project']['requires-python']}" in environment["dependencies"]


def test_every_requirement_is_pinned_within_its_bounds(root: Path, project: dict[str, Any]) -> None:
    pinned = pins(root)
    wrong = []
    for text in [*wanted(project), *project["build-system"]["requires"]]:
        requirement = Requirement(text)
        versions = pinned.get(canonicalize_name(requirement.name), [])
        if not versions or not all(requirement.specifier.contains(version, prereleases=True) for version in versions):
            wrong.append(f"{text}: pinned {versions}")
    assert wrong == []


def test_every_pin_has_hashes(root: Path) -> None:
    blocks = re.split(r"^(?=[a-z0-9])", (root / "requirements.txt").read_text("utf-8"), flags=re.M)[1:]
    assert blocks and all("--hash=sha256:" in block for block in blocks)


def test_the_version_stands_in_one_place(root: Path, project: dict[str, Any]) -> None:
    assert project["project"]["version"] in (root / "CHANGELOG.md").read_text("utf-8")


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_readme_names_commands_and_files_that_exist(readme: str, root: Path) -> None:
    text = (root / readme).read_text("utf-8")
    assert "python3 start.py lab" in text and "python3 start.py test" in text
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)\)", text)
    assert links and [link for link in links if not (root / link).exists()] == []
