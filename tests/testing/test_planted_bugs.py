"""A bug in a driver or a link is caught by the kit's test for it, and marks are strict."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# Loaded here once, so that the pytests inside find them loaded: each drops what it loaded itself.
import fapiao_kernel.devices.drivers.gb18240
import fapiao_kernel.simulator.world
import fapiao_kernel.testing.guided  # noqa: F401 see above
from fapiao_kernel.agent.plugins import Plugins
from fapiao_kernel.domain.practice import PracticeOptions
from fapiao_kernel.testing import kit
from tests.testing.planted import World

pytest_plugins = ["pytester"]
Plugins().findings(("links", "drivers", "practice"))  # ours, loaded for the same reason

PLANTED = Path(__file__).with_name("planted.py")
ENTRY_POINTS = """[fapiao.links]
planted = planted:LINK
[fapiao.drivers]
planted = planted:DRIVER
[fapiao.practice]
planted = planted:PRACTICE
"""

Run = Callable[..., tuple[pytest.RunResult, dict[str, Any]]]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The kit, destructive, on a planted plugin: ``run(tests, driver=…, link=…, marks=…)`` gives result and certificate."""
    (pytester.path / "planted.py").write_text(PLANTED.read_text("utf-8"), "utf-8")
    folder = pytester.path / "planted-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: planted\nVersion: 1.0\n")
    (folder / "RECORD").write_text("planted.py,,\nplanted-1.0.dist-info/RECORD,,\n")
    (folder / "entry_points.txt").write_text(ENTRY_POINTS)
    pytester.syspathinsert()

    def asked(
        *tests: str, destructive: bool = True, device: str = "planted+sim://bug", **planted: str
    ) -> tuple[pytest.RunResult, dict[str, Any]]:
        for name, value in planted.items():
            monkeypatch.setenv(f"PLANTED_{name.upper()}", value)
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        certificate = pytester.path / "certificate.json"
        result = pytester.runpytest_inprocess(
            "-p", "fapiao_kernel.testing.plugin", "-p", "no:cacheprovider",
            f"--fapiao-device={device}", f"--fapiao-certificate={certificate}",
            *(["--fapiao-destructive"] if destructive else []), "--pyargs", *map(_place, tests),
        )  # fmt: skip
        return result, json.loads(certificate.read_text("utf-8")) if certificate.exists() else {}

    return asked


def _place(test: str) -> str:
    """What pytest takes: a whole module of the kit, or one test in it."""
    for file in kit.FOLDER.glob("test_*.py"):
        if file.stem == test or f"def {test}(" in file.read_text("utf-8"):
            return f"fapiao_kernel.testing.{file.stem}" + (f"::{test}" if file.stem != test else "")
    raise LookupError(test)


BUGS = (
    ("link", "SendsTwice", "test_link_hands_a_command_over_once"),
    ("link", "Leaks", "test_link_opens_and_closes_many_times_and_leaves_nothing_open"),
    ("link", "AnswersLate", "test_link_gives_each_command_its_own_answer"),
    ("link", "RaisesItsOwn", "test_link_sends_nothing_after_close"),
    ("link", "SaysSentAfterClose", "test_link_sends_nothing_after_close"),
    ("driver", "AsksAtOpening", "test_driver_opening_asks_the_card_nothing"),
    ("driver", "TriesAgain", "test_driver_sends_a_clear_once_whatever_comes_back"),
    ("driver", "CallsTheUnknownRefused", "test_driver_a_clear_whose_answer_is_lost_is_unknown"),
    ("driver", "SpendsLastTries", "test_driver_spends_no_try_at_three_or_fewer_unless_by_name"),
    ("driver", "SendsAnyPin", "test_driver_does_not_send_a_pin_of_wrong_form"),
    ("driver", "TellsThePin", "test_driver_tells_no_pin_in_any_error"),
    ("driver", "LosesStatusWords", "test_driver_keeps_every_status_word_that_a_reading_gets"),
    ("driver", "FillsInWhatItCannotRead", "test_driver_takes_no_corrupt_answer_for_a_sound_one"),
    ("driver", "RemembersOldState", "test_driver_reads_a_state_that_changed_meanwhile_as_it_is_now"),
    ("driver", "LosesTheCents", "test_driver_reads_the_month_that_the_card_was_made_with"),
    ("driver", "NamesInAnotherCode", "test_driver_names_of_any_character_come_back"),
)


@pytest.mark.parametrize(("where", "bug", "test"), BUGS, ids=[bug for _, bug, _ in BUGS])
def test_a_bug_is_caught_by_the_test_for_it(run: Run, where: str, bug: str, test: str) -> None:
    result, certificate = run(test, **{where: bug})
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (told,) = [t for suite in certificate["suites"].values() for t in suite]
    assert (told["test"], told["outcome"]) == (test, "failed") and certificate["verdict"] == "partial"


def test_without_a_bug_the_same_plugin_passes_and_is_certified_but_for_its_clears(run: Run) -> None:
    result, certificate = run("test_link", "test_driver", "test_driver_faults")
    assert result.ret == pytest.ExitCode.OK
    told = [(suite, t["outcome"]) for suite, tests in certificate["suites"].items() for t in tests]
    assert set(told) == {("link", "passed"), ("link", "skipped"), ("driver", "passed")}
    assert certificate["verdict"] == "partial", "nobody saw it clear"
    assert certificate["driver"]["distribution"] == "planted" and len(certificate["driver"]["record_sha256"]) == 64
    assert certificate["device"] == {"device_number": "999900004321", "simulated": True}
    assert certificate["marks"] == certificate["problems"] == [] and certificate["destructive"]


def test_a_marked_test_that_passes_fails_the_run(run: Run) -> None:
    name = "test_driver_opening_asks_the_card_nothing"
    result, certificate = run(name, marks=name)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert certificate["suites"]["driver"][0]["outcome"] == "failed"
    assert certificate["marks"] == [{"test": name, "reason": "planted for a test", "never": False}]


def test_a_marked_test_that_fails_is_told_as_marked(run: Run) -> None:
    name = "test_driver_opening_asks_the_card_nothing"
    result, certificate = run(name, driver="AsksAtOpening", marks=name)
    assert result.ret == pytest.ExitCode.OK
    (told,) = certificate["suites"]["driver"]
    assert told["outcome"] == "marked" and "not yet: planted for a test" in told["reason"]


def test_a_mark_that_names_no_test_fails_the_run(run: Run) -> None:
    result, certificate = run("test_driver_opening_asks_the_card_nothing", marks="test_driver_that_never_was")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert certificate["problems"] == ["mark without a test: test_driver_that_never_was"]
    assert certificate["verdict"] == "partial"


def test_nothing_that_changes_a_device_runs_unasked(run: Run) -> None:
    changing = (
        "test_link_answers_what_is_no_command_or_raises_our_error",
        "test_link_hands_a_command_over_once",
        "test_driver_spends_no_try_at_three_or_fewer_unless_by_name",
        "test_clearing_goes_from_report_to_record",
        "test_clearing_what_is_cleared_already_is_success",
    )
    result, certificate = run(*changing, destructive=False)
    assert result.ret == pytest.ExitCode.OK
    told = {t["test"]: t for suite in certificate["suites"].values() for t in suite}
    assert set(told) == set(changing)
    assert all(t["outcome"] == "skipped" and "--fapiao-destructive" in t["reason"] for t in told.values())
    assert certificate["verdict"] == "partial" and not certificate["destructive"]


ALL = ("test_link", "test_driver", "test_driver_faults", "test_clearing")


def test_a_real_card_is_not_changed_even_when_that_is_asked_for(run: Run, tmp_path: Path) -> None:
    world = World().start(tmp_path, PracticeOptions(size=5))
    image = json.loads(Path(world.line).read_text("utf-8"))
    image["identity"]["card_number"] = "1234000000000001"
    Path(world.line).write_text(json.dumps(image), "utf-8")
    before = Path(world.line).read_bytes()
    result, certificate = run(*ALL, device=f"planted+planted://{world.line}")
    assert result.ret == pytest.ExitCode.OK and Path(world.line).read_bytes() == before
    result.stdout.fnmatch_lines(["*!!! planted+planted://* nothing that changes it will be sent*"])
    assert certificate["device"]["simulated"] is False
    assert {t["outcome"] for t in certificate["suites"]["clearing"]} == {"skipped"}


def test_a_simulated_device_that_is_there_is_tested_with_the_pin_that_is_told(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World().start(tmp_path, PracticeOptions(size=5))
    monkeypatch.setenv("FAPIAO_KIT_PIN", world.pin)
    tries = "test_driver_a_wrong_pin_costs_one_try_and_the_right_one_restores_them"
    result, certificate = run(tries, device=f"planted+planted://{world.line}")
    assert result.ret == pytest.ExitCode.OK
    assert [t["outcome"] for t in certificate["suites"]["driver"]] == ["passed"]
    result.stdout.fnmatch_lines(["*!!! planted+planted://* IT WILL BE CHANGED*"])
    assert world.pin not in result.stdout.str() and world.pin not in json.dumps(certificate)


def test_without_a_device_the_kit_says_what_it_needs(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--pyargs", "fapiao_kernel.testing")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--fapiao-device ADDRESS*"])


@pytest.mark.parametrize("address", ["planted", "nobody+sim://novice", "planted+sim://another"])
def test_an_address_that_leads_nowhere_is_told_before_any_test(run: Run, address: str) -> None:
    result, certificate = run("test_link", device=address)
    assert result.ret == pytest.ExitCode.USAGE_ERROR and "passed" not in result.stdout.str()
    assert certificate == {}
