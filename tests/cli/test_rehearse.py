"""``fapiao rehearse``: one object, the exit code of the verdict, and the card as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fapiao_kernel.client import connect
from tests.cli.conftest import Ran


def test_it_prints_the_verdict_the_units_and_what_a_real_clear_needs(home: Path, fapiao: Callable[..., Ran]) -> None:
    with connect(home) as client:
        client.practice_start(size=60)
    image = (home / "practice" / "card.json").read_bytes()
    done = fapiao("rehearse", "--json")
    assert done.code == 0, done.err
    assert set(done.value) == {"rehearsal", "verdict", "units", "steps", "findings", "report", "sha256"}
    assert done.value["verdict"] == "would_clear" and Path(done.value["report"]).is_file()
    assert {unit["outcome"] for unit in done.value["units"]} == {"cleared"}
    assert "rehearsal_return_waits" in [f["code"] for f in done.value["findings"]]
    assert (home / "practice" / "card.json").read_bytes() == image

    shown = fapiao("rehearse", "--types", "004")
    assert shown.code == 0 and "真实设备没有改动" in shown.out and "报告 report:" in shown.out
    wrong = fapiao("rehearse", "--types", "9", "--json")
    assert (wrong.code, wrong.value["error"]["code"]) == (2, "selection_wrong")


def test_what_would_be_refused_and_a_card_that_is_away_have_their_codes(home: Path, fapiao: Callable[..., Ran]) -> None:
    with connect(home) as client:
        client.practice_start(size=60, fault="uploads-missing")
    refused = fapiao("rehearse", "--json")
    assert (refused.code, refused.value["verdict"]) == (3, "would_be_refused")
    assert refused.value["findings"][0]["code"] == "check_uploads_wait"
    away = fapiao("rehearse", "--card", f"gb18240+serial://{home}/absent", "--json")
    assert (away.code, away.value["verdict"], away.value["report"]) == (5, "broken_off", "")
