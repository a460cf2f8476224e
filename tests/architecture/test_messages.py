"""The one catalogue of sentences: complete in both languages, each code once, each code that is raised in it."""

from __future__ import annotations

import ast
import string
import tomllib
from pathlib import Path

import pytest

from fapiao_kernel.domain.errors import catalogue

FIELDS = {"zh", "en", "remedy_zh", "remedy_en", "who", "effect", "severity"}
"""All that an entry may have; who, effect and severity default to me, NOT_SENT and blocker (``domain.errors``)."""
RAISED = {
    "FapiaoError", "Refused", "NotReachable", "OutcomeUnknown", "ProtocolError", "UsageError", "finding",
}  # fmt: skip


def rooms(root: Path) -> list[Path]:
    return sorted((root / "fapiao_kernel/domain/messages").glob("*.toml"))


def fields_named(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_the_catalogue_loads_and_no_code_stands_twice() -> None:
    assert len(catalogue()) > 0


def test_every_message_is_whole_in_both_languages(root: Path) -> None:
    wrong = []
    for file in rooms(root):
        for code, entry in tomllib.loads(file.read_text("utf-8")).items():
            if not set(entry) <= FIELDS or not entry.get("zh", "").strip() or not entry.get("en", "").strip():
                wrong.append(f"{file.name}: {code}: {sorted(entry)}")
            elif bool(entry.get("remedy_zh", "").strip()) != bool(entry.get("remedy_en", "").strip()):
                wrong.append(f"{file.name}: {code}: a remedy in one language only")
    assert wrong == []


def test_both_languages_tell_the_same_facts(root: Path) -> None:
    differ = []
    for file in rooms(root):
        for code, entry in tomllib.loads(file.read_text("utf-8")).items():
            for one, other in (("zh", "en"), ("remedy_zh", "remedy_en")):
                if fields_named(entry.get(one, "")) != fields_named(entry.get(other, "")):
                    differ.append(f"{file.name}: {code}: {one} / {other}")
    assert differ == []


def raised_codes(file: Path) -> list[tuple[int, str, set[str] | None]]:
    """``(line, code, facts)`` of each literal code; facts None when some come by ``**``."""
    found: list[tuple[int, str, set[str] | None]] = []
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in RAISED and isinstance(node.args[0].value, str):
            keys = [keyword.arg for keyword in node.keywords]
            found.append((node.lineno, node.args[0].value, None if None in keys else {key for key in keys if key}))
    return found


@pytest.mark.parametrize("folder", ["fapiao_kernel", "widgets"])
def test_every_code_that_is_raised_has_its_sentence_and_gets_its_facts(folder: str, root: Path) -> None:
    wrong = []
    for file in sorted((root / folder).rglob("*.py")):
        for line, code, facts in raised_codes(file):
            where = f"{file.relative_to(root)}:{line}: {code}"
            if code not in catalogue():
                wrong.append(f"{where}: not in the catalogue")
                continue
            entry = catalogue()[code]
            needed = set().union(
                *(fields_named(text) for text in (entry.zh, entry.en, entry.remedy_zh, entry.remedy_en))
            )
            if facts is not None and not needed <= facts:
                wrong.append(f"{where}: lacks {sorted(needed - facts)}")
    assert wrong == []
