from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import EntryPoint

import pytest

from fapiao_kernel.agent.plugins import Plugins
from fapiao_kernel.domain.errors import NotReachable


def plugins(*entries: tuple[str, str]) -> Plugins:
    def find(group: str) -> Iterable[EntryPoint]:
        return [EntryPoint(name, value, group) for name, value in entries] if group == "fapiao.links" else []

    return Plugins(find)


def test_a_broken_plugin_is_a_finding_and_the_others_work() -> None:
    found = plugins(("gone", "no_such_module:LINK"), ("good", "decimal:Decimal"))
    assert list(found.group("links")) == ["good"]
    (finding,) = found.findings()
    assert finding.code == "plugin_broken"
    assert "no_such_module" in finding.evidence


def test_an_id_that_stands_twice_is_a_finding_and_ours_is_kept() -> None:
    found = plugins(("one", "aaa.other:LINK"), ("one", "fapiao_kernel.domain.money:ZERO"))
    assert found.get("links", "one") == 0
    assert [f.code for f in found.findings()] == ["plugin_twice"]


def test_another_interface_version_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    import string

    monkeypatch.setattr(string.Template, "api_version", 99, raising=False)
    found = plugins(("new", "string:Template"))
    assert not found.group("links")
    assert [f.code for f in found.findings()] == ["plugin_api"]


def test_a_plugin_that_is_not_there_is_not_reachable() -> None:
    with pytest.raises(NotReachable) as refused:
        plugins().get("links", "none")
    assert refused.value.code == "no_plugin"


def test_our_own_plugins_come_by_the_same_road() -> None:
    found = Plugins()
    assert found.findings() == ()
    assert "gb18240" in found.group("drivers")
    assert "serial" in found.group("links")
    assert found.only("practice") is not None
