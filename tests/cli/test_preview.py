"""``fapiao preview`` of a month of which the ledger lacks invoices: it names them, and its one JSON object stays what it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fapiao_kernel.api.differences import DifferenceView
from fapiao_kernel.cli.differing import difference_line
from fapiao_kernel.client import connect
from fapiao_kernel.domain.home import Home
from fapiao_kernel.domain.invoice import InvoiceStatus
from fapiao_kernel.domain.practice import PracticeOptions
from fapiao_kernel.simulator import full_export
from fapiao_kernel.simulator.sample_month import sample_month
from fapiao_kernel.simulator.world import PRACTICE
from tests.cli.conftest import Ran

SIZE = 60
NOTHING: dict[str, Any] = {"count": 0, "shown": []}


def entry(**changes: Any) -> DifferenceView:
    told = {"invoice_type": "004", "period": "2026-10", "by": "card_list", "list_agrees": True}
    lists = dict.fromkeys(("only_card", "only_ledger", "other"), NOTHING)
    return DifferenceView.model_validate({**told, **lists, **changes})


def numbers(count: int, shown: int) -> dict[str, Any]:
    return {"count": count, "shown": [{"code": "3300264130", "number": f"{n:08}"} for n in range(1, shown + 1)]}


def test_a_line_has_the_count_and_the_first_five_numbers_of_each_list() -> None:
    line = difference_line(entry(only_card=numbers(7, 7), only_ledger=numbers(1, 1)))
    assert "专票 2026-10" in line and "只在设备上 on the device alone 7 张" in line
    assert "00000005 …" in line and "00000006" not in line
    assert "只在发票库 in the ledger alone 1 张（3300264130 00000001）" in line
    assert "\n" not in line and "金额或状态" not in line


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"by": "volume_gaps", "list_agrees": None, "only_card": numbers(1, 1)}, "发票库中断号"),
        ({"by": "volume_gaps", "list_agrees": None, "unnamed": 3}, "说不出号码 not named 3 张"),
        ({"list_agrees": False, "only_card": numbers(1, 1)}, "设备的明细与它的统计不一致"),
    ],
)
def test_a_line_says_how_sure_the_numbers_are(changes: dict[str, Any], said: str) -> None:
    assert said in difference_line(entry(**changes))


def test_preview_names_the_invoice_that_was_not_imported_and_its_json_stays(
    home: Path, fapiao: Callable[..., Ran]
) -> None:
    month = sample_month(SIZE)
    lost = next(i for i in month.invoices[10:] if i.status is InvoiceStatus.NORMAL and not i.red)
    world = PRACTICE.start(Home(home).practice, PracticeOptions(size=SIZE))
    full_export.write(world.files[0], [i for i in month.exported if i.key != lost.key])
    with connect(home) as client:
        practice = client.practice_start(size=SIZE)
        run = client.open_run(practice.card)
        for act in (client.check, client.backup):
            client.wait(act(run.id).id)
        client.wait(client.report(run.id, practice.pin, client.run(run.id).period).id)
        client.file_return(run.id)
    shown = fapiao("preview")
    (line,) = [line for line in shown.out.splitlines() if "差异 differs" in line]
    assert f"{lost.code} {lost.number}" in line and "1 张" in line
    told = fapiao("preview", "--json")
    assert set(told.value) == {"revision", "units", "verdict", "findings"}
    assert "差异 differs" not in told.err
