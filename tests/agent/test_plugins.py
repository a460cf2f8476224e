"""Plugins of strangers, each a real distribution on the path: what is wrong with one is a finding, and the others work."""

from __future__ import annotations

from pathlib import Path

import pytest

from fapiao_kernel.agent.plugins import Plugins
from fapiao_kernel.domain.errors import NotReachable
from tests.agent.strangers import LINK, install, path

__all__ = ["path"]


def said(plugins: Plugins, group: str = "links") -> list[str]:
    return [f.code for f in plugins.findings((group,))]


def test_a_plugin_that_cannot_be_imported_is_a_finding_and_the_others_work(path: Path) -> None:
    install(path, "stranger-gone", "raise LookupError('no card library here')", {"links:gone": "LINK"})
    install(path, "stranger-good", LINK.format(id="good"), {"links:good": "LINK"})
    plugins = Plugins()
    assert {"good", "serial"} <= set(plugins.group("links"))
    (finding,) = plugins.findings(("links",))
    assert finding.code == "plugin_broken"
    assert "no card library here" in finding.evidence and "stranger-gone 1.0" in finding.message


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("entry_points.txt", b"[fapiao.links]\nbad = bad\xff:LINK\n"),
        ("entry_points.txt", b"[fapiao.links]\nno equals sign\n"),
        ("METADATA", b"Version: 1.0\n"),
    ],
)
def test_a_distribution_whose_metadata_cannot_be_read_takes_no_other_along(
    path: Path, file: str, content: bytes
) -> None:
    info = install(path, "stranger-bad", LINK.format(id="bad"), {"links:bad": "LINK"})
    (info / file).write_bytes(content)
    install(path, "stranger-good", LINK.format(id="good"), {"links:good": "LINK"})
    plugins = Plugins()
    assert {"good", "serial"} <= set(plugins.group("links"))
    (finding,) = plugins.findings(("links",))
    assert finding.code == "plugin_unreadable" and info.name in finding.message


def test_what_a_broken_plugin_says_can_be_shown(path: Path) -> None:
    code = "class Odd(Exception):\n    def __str__(self): raise ValueError\nraise Odd"
    install(path, "stranger-odd", code, {"links:odd": "LINK"})
    install(path, "stranger-red", r"raise LookupError('\x1b[31m\n\ud800')", {"links:red": "LINK"})
    told = {f.evidence for f in Plugins().findings(("links",))}
    assert told == {"Odd: (ValueError)", "LookupError: \ufffd[31m\ufffd\ufffd"}


def test_a_plugin_that_ends_the_process_while_it_is_imported_is_broken(path: Path) -> None:
    install(path, "stranger-exit", "import sys; sys.exit(3)", {"links:exit": "LINK"})
    plugins = Plugins()
    assert "exit" not in plugins.group("links")
    assert said(plugins) == ["plugin_broken"]


def test_a_name_that_the_module_has_not_is_a_broken_plugin(path: Path) -> None:
    install(path, "stranger-name", LINK.format(id="named"), {"links:named": "NO_SUCH"})
    assert said(Plugins()) == ["plugin_broken"]


def test_another_interface_version_is_a_finding(path: Path) -> None:
    code = LINK.format(id="new").replace("api_version=1", "api_version=99")
    install(path, "stranger-new", code, {"links:new": "LINK"})
    plugins = Plugins()
    assert "new" not in plugins.group("links")
    assert said(plugins) == ["plugin_api"]


def test_an_object_without_what_its_group_needs_is_a_finding(path: Path) -> None:
    install(
        path, "stranger-half", "class DRIVER:\n    id = 'half'\n    open = 'not called'", {"drivers:half": "DRIVER"}
    )
    plugins = Plugins()
    assert "half" not in plugins.group("drivers")
    (finding,) = plugins.findings(("drivers",))
    assert finding.code == "plugin_incomplete"
    assert "profile, open" in finding.message


def test_a_plugin_that_calls_itself_otherwise_is_a_finding(path: Path) -> None:
    install(path, "stranger-two-names", LINK.format(id="other"), {"links:one": "LINK"})
    plugins = Plugins()
    assert not {"one", "other"} & set(plugins.group("links"))
    assert said(plugins) == ["plugin_id"]


def test_ours_wins_over_a_stranger_with_its_id(path: Path) -> None:
    install(path, "aaa-serial", LINK.format(id="serial"), {"links:serial": "LINK"})
    plugins = Plugins()
    assert plugins.get("links", "serial").open.__module__.startswith("fapiao_kernel.")
    assert said(plugins) == ["plugin_twice"]


def test_of_two_strangers_with_one_id_neither_is_used_and_both_are_named(path: Path) -> None:
    for name in ("stranger-a", "stranger-b"):
        install(path, name, LINK.format(id="same"), {"links:same": "LINK"})
    plugins = Plugins()
    with pytest.raises(NotReachable) as absent:
        plugins.get("links", "same")
    assert absent.value.code == "no_plugin"
    twice = plugins.findings(("links",))
    assert {f.code for f in twice} == {"plugin_twice_strange"}
    assert "stranger-a 1.0" in twice[0].message and "stranger-b 1.0" in twice[0].message


def test_a_plugin_that_is_not_there_is_not_reachable() -> None:
    with pytest.raises(NotReachable) as refused:
        Plugins().get("links", "none")
    assert refused.value.code == "no_plugin"


def test_our_own_plugins_come_by_the_same_road() -> None:
    found = Plugins()
    assert found.findings() == ()
    assert "gb18240" in found.group("drivers")
    assert "serial" in found.group("links")
    assert found.only("practice") is not None
