"""The allow-list of a production home (允许的插件): this version of that distribution, as it was installed, and nothing else."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.distributions import Version
from fapiao_kernel.agent.plugin_acts import PluginActs
from fapiao_kernel.agent.settings import PRACTICE, PRODUCTION
from fapiao_kernel.domain.errors import Refused, UsageError
from fapiao_kernel.domain.home import Home
from tests.agent.strangers import LINK, install, path

__all__ = ["path"]

NAME = "stranger-link"


class Houses:
    """One home's agents, one after the other."""

    def __init__(self, home: Path) -> None:
        self._home = Home(home)
        self.now = self._open()

    def again(self) -> House:
        """The agent ends, and another starts, in which no module of a stranger is."""
        self.now.close()
        sys.modules.pop("stranger_link", None)
        self.now = self._open()
        return self.now

    def _open(self) -> House:
        house = House(self._home)
        house.worker.settled()
        return house


@pytest.fixture
def houses(tmp_path: Path) -> Iterator[Houses]:
    houses = Houses(tmp_path / "home")
    yield houses
    houses.now.close()


@pytest.fixture
def house(houses: Houses) -> House:
    """A fresh home, nothing running."""
    return houses.now


@pytest.fixture
def stranger(path: Path) -> Path:
    """One link of a stranger, installed; its dist-info."""
    return install(path, NAME, LINK.format(id="strange"), {"links:strange": "LINK"})


def codes(house: House) -> list[str]:
    return [f.code for f in house.plugins.findings(("links",))]


def kinds(house: House) -> list[str]:
    return [r.kind for r in house.journal.records() if r.kind.startswith("plugin.")]


@pytest.mark.parametrize("kind", ["", PRACTICE])
def test_a_home_that_is_not_of_production_loads_it_and_says_so(house: House, stranger: Path, kind: str) -> None:
    if kind:
        house.settings.claim(kind)
    assert "strange" in house.plugins.group("links")
    assert codes(house) == ["plugin_strange"]
    assert kinds(house) == []


def test_a_home_that_becomes_one_of_production_lets_go_of_what_is_not_allowed(house: House, stranger: Path) -> None:
    kept = house.plugins.live("links")
    assert "strange" in kept
    house.settings.claim(PRODUCTION)
    assert "strange" not in kept
    assert codes(house) == ["plugin_loaded_before", "plugin_not_allowed"], "its code is still in this process"
    assert "serial" in kept


def test_an_allowed_one_is_loaded_and_noted_once(house: House, stranger: Path) -> None:
    house.settings.claim(PRODUCTION)
    PluginActs(house).allow("Stranger_Link")
    assert "strange" in house.plugins.group("links")
    assert codes(house) == []
    before = house.plugins.stamp
    house.settings.allow_plugin(Version("another", "1.0", ""))
    assert house.plugins.stamp != before, "all are judged anew"
    assert "strange" in house.plugins.group("links")
    noted = [r.data for r in house.journal.records() if r.kind == "plugin.loaded"]
    assert noted == [
        {
            "group": "links",
            "id": "strange",
            "value": "stranger_link:LINK",
            "name": NAME,
            "version": "1.0",
            "sha256": hashlib.sha256((stranger / "RECORD").read_bytes()).hexdigest(),
        }
    ]


def test_what_cannot_be_noted_in_the_journal_is_not_used(
    house: House, houses: Houses, stranger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.settings.claim(PRODUCTION)
    PluginActs(house).allow(NAME)
    later = houses.again()

    def full(*given: object, **more: object) -> None:
        raise Refused("journal_unwritable", folder="journal", reason="full")

    with monkeypatch.context() as broken:
        broken.setattr(later.journal, "append", full)
        assert "strange" not in later.plugins.group("links")
    assert "strange" in later.plugins.group("links")


def test_another_version_is_not_loaded_until_it_is_allowed(
    house: House, houses: Houses, stranger: Path, path: Path
) -> None:
    house.settings.claim(PRODUCTION)
    PluginActs(house).allow(NAME)
    install(path, NAME, LINK.format(id="strange"), {"links:strange": "LINK"}, version="2.0")
    later = houses.again()
    assert codes(later) == ["plugin_changed"]
    PluginActs(later).allow(NAME)
    assert codes(later) == []
    assert "strange" in later.plugins.group("links")


def test_one_that_is_replaced_under_a_running_agent_waits_for_the_next(
    house: House, houses: Houses, stranger: Path, path: Path
) -> None:
    house.settings.claim(PRODUCTION)
    PluginActs(house).allow(NAME)
    assert codes(house) == []
    install(path, NAME, LINK.format(id="strange"), {"links:strange": "LINK"}, version="2.0")
    PluginActs(house).allow(NAME)
    assert codes(house) == ["plugin_replaced"]
    assert codes(houses.again()) == []


def test_the_same_version_with_other_files_is_not_loaded(
    house: House, houses: Houses, stranger: Path, path: Path
) -> None:
    house.settings.claim(PRODUCTION)
    PluginActs(house).allow(NAME)
    install(path, NAME, LINK.format(id="strange") + "# other\n", {"links:strange": "LINK"})
    assert codes(houses.again()) == ["plugin_changed"]


def test_a_file_changed_by_hand_is_not_loaded_nor_allowed(
    house: House, houses: Houses, stranger: Path, path: Path
) -> None:
    house.settings.claim(PRODUCTION)
    PluginActs(house).allow(NAME)
    with (path / "stranger_link.py").open("a") as file:
        file.write("# by hand\n")
    later = houses.again()
    assert codes(later) == ["plugin_altered"]
    with pytest.raises(Refused, match="plugin_altered"):
        PluginActs(later).allow(NAME)


def test_one_whose_files_are_in_no_list_cannot_be_allowed(house: House, path: Path) -> None:
    install(path, NAME, LINK.format(id="strange"), {"links:strange": "LINK"}, recorded=False)
    with pytest.raises(Refused, match="plugin_unrecorded"):
        PluginActs(house).allow(NAME)


def test_code_that_its_list_has_without_a_hash_cannot_be_allowed(house: House, stranger: Path) -> None:
    with (stranger / "RECORD").open("a") as record:
        record.write("stranger_link/more.py,,\n")
    house.settings.claim(PRODUCTION)
    with pytest.raises(Refused, match="plugin_unrecorded"):
        PluginActs(house).allow(NAME)


def test_other_code_of_its_name_that_comes_first_on_the_path_is_not_it(
    house: House, stranger: Path, tmp_path: Path, monkeypatch
) -> None:
    before = tmp_path / "before"
    before.mkdir()
    (before / "stranger_link.py").write_text(LINK.format(id="strange"))
    monkeypatch.syspath_prepend(before)
    with pytest.raises(Refused, match="plugin_unrecorded"):
        PluginActs(house).allow(NAME)


def test_allowing_one_of_two_with_an_id_settles_which(house: House, stranger: Path, path: Path) -> None:
    install(path, "stranger-twin", LINK.format(id="strange"), {"links:strange": "LINK"})
    house.settings.claim(PRODUCTION)
    PluginActs(house).allow(NAME)
    assert house.plugins.get("links", "strange").open.__module__ == "stranger_link"
    PluginActs(house).allow("stranger-twin")
    assert "strange" not in house.plugins.group("links")
    PluginActs(house).forbid(NAME)
    assert house.plugins.get("links", "strange").open.__module__ == "stranger_twin"
    acts = [k for k in kinds(house) if k != "plugin.loaded"]
    assert acts == ["plugin.allowed", "plugin.allowed", "plugin.forbidden"]


def test_a_distribution_that_is_not_installed_cannot_be_allowed(house: House) -> None:
    with pytest.raises(UsageError, match="plugin_unknown"):
        PluginActs(house).allow("no-such-thing")


def test_what_is_allowed_outlives_the_agent(house: House, houses: Houses, stranger: Path) -> None:
    house.settings.claim(PRODUCTION)
    PluginActs(house).allow(NAME)
    assert "strange" in houses.again().plugins.group("links")
