"""Pages of a view (翻页): whatever the filter and order, page after page is the whole list, each row once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fapiao_kernel.domain.errors import Refused, UsageError
from fapiao_kernel.records.ledger.browsing import paging
from fapiao_kernel.records.ledger.opening import open_ledger

from .conftest import DEVICES, Made, Row, make, view

NAMES = ("示例建材(武汉)有限公司", "示例建材（武汉）有限公司", 'O\'Brien "x"; --', "%_$p0", "", "ﾊﾝｶｸ", "\U0001f9fe")


def varied() -> list[Row]:
    """Equal amounts, names and days beside each other, so that ties are many; months, cards, types and voids of all kinds."""
    kinds = ("004", "007", "026", "081")
    return [
        make(
            place,
            code="" if place % 4 == 3 else f"99002611{place % 3:02d}",
            invoice_type=kinds[place % 4],
            issue_date=date(2026, 8 + place % 3, 1 + place % 5),
            device=None if place % 11 == 5 else DEVICES[place % 2],
            amount=f"{(place * 37) % 5 - 2}.{place % 3}0",
            status="void" if place % 7 == 0 else "normal",
            rate=("0.13", "0.06", "免税", "多税率")[place % 4],
            buyer_name=NAMES[place % len(NAMES)],
            remark="备注" * (place % 2),
            lines=place % 5,
            doubts=place % 3,
        )
        for place in range(70)
    ]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """Open, whole cleared and late units, marks before and after a clear, invoices of no unit."""
    folder: Path = tmp_path_factory.mktemp("ledger")
    connection = open_ledger(folder / "ledger.duckdb", practice=True)
    made = Made(connection)
    rows = varied()
    made.add(*rows[:50])
    in_units = [row for row in made.rows if row["unit_key"] is not None]
    made.void(*in_units[1:4])
    august = sorted({row["unit_key"] for row in in_units if row["period"] == date(2026, 8, 1)})
    september = sorted({row["unit_key"] for row in in_units if row["period"] == date(2026, 9, 1)})
    made.close(*august, september[0])
    made.void(in_units[6], in_units[9])
    made.add(*[row for row in rows[50:] if row["period"] != date(2026, 8, 1)])
    yield made
    connection.close()


# --- the oracle, in plain Python


def value(made: Made, row: Row, column: str) -> Any:
    match column:
        case "status":
            return made.status(row)
        case "state":
            return made.state(row)
        case "device_number":
            return "" if row["unit_key"] is None else f"{row['unit_key'] % 2**40:012d}"
    return row[column]


def shown(made: Made, row: Row, column: str) -> Any:
    held = value(made, row, column)
    if column == "period":
        return f"{held:%Y-%m}"
    return str(held) if isinstance(held, Decimal | date) else held


def holds(made: Made, row: Row, column: str, op: str, wanted: Any) -> bool:
    held = value(made, row, column)
    if column == "period" and op != "in":
        wanted = date.fromisoformat(f"{wanted}-01")
    match op:
        case "=":
            return bool(held == wanted)
        case "!=":
            return bool(held != wanted)
        case "<":
            return bool(held < wanted)
        case "<=":
            return bool(held <= wanted)
        case ">":
            return bool(held > wanted)
        case ">=":
            return bool(held >= wanted)
        case "contains":
            return wanted in held
        case "in":
            return held in wanted
    return (held == "") is (wanted is not False)


def in_order(rows: list[Row], made: Made, sort: list[tuple[str, bool]]) -> list[Row]:
    rows = sorted(rows, key=lambda row: (row["code"], row["number"]))
    for column, descending in reversed(sort):  # ``reverse`` keeps equal ones in their old order
        rows = sorted(rows, key=lambda row: value(made, row, column), reverse=descending)
    return rows


AMOUNTS = st.sampled_from(["-2.00", "0.10", "1.20", "2.00", "999.99"]).map(Decimal)
DAYS = st.dates(date(2026, 7, 30), date(2026, 11, 2))
TEXTS = {
    "code": ("", "9900261101", "9"),
    "number": ("00000010", "00000000000000000003", "0"),
    "rate": ("0.13", "免税"),
    "status": ("void", "normal"),
    "remark": ("备注", ""),
    "device_number": (*DEVICES, ""),
}
ORDERINGS = ["=", "!=", "<", "<=", ">", ">="]
FILTERS = st.one_of(
    st.tuples(st.sampled_from(["amount", "tax", "total"]), st.sampled_from(ORDERINGS), AMOUNTS),
    st.tuples(st.just("issue_date"), st.sampled_from(ORDERINGS), DAYS),
    st.tuples(st.just("period"), st.sampled_from(ORDERINGS), st.sampled_from(["2026-08", "2026-09", "2026-12"])),
    st.tuples(st.sampled_from(["lines", "doubts"]), st.sampled_from(ORDERINGS), st.integers(-1, 6)),
    st.tuples(st.sampled_from(["red", "fully_digital"]), st.sampled_from(["=", "!="]), st.booleans()),
    st.tuples(st.sampled_from(["remark", "code", "device_number", "red_of"]), st.just("empty"), st.booleans()),
    st.tuples(st.sampled_from(["number", "remark", "buyer_id"]), st.just("contains"), st.text(max_size=3)),
    st.sampled_from(sorted(TEXTS)).flatmap(
        lambda name: st.tuples(st.just(name), st.sampled_from(ORDERINGS), st.sampled_from(TEXTS[name]))
    ),
    st.tuples(st.just("rate"), st.just("in"), st.lists(st.sampled_from(["0.13", "0.06", "x'"]), max_size=3)),
)
SORTABLE = [
    *("amount", "total", "issue_date", "period", "buyer_name", "rate", "status", "red", "lines", "code", "number"),
    *("device_number", "doubts", "import_seq", "remark"),
]
SORTS = st.lists(st.tuples(st.sampled_from(SORTABLE), st.booleans()), max_size=3, unique_by=lambda sort: sort[0])
STATES = st.sampled_from(["open", "cleared", "all", "fully_digital", "card_unknown"])
PERIODS = st.sampled_from(["", "2026-08", "2026-09", "2026-10", "2026-11"])


def text_of(filters: list[tuple[str, str, Any]]) -> list[tuple[str, str, Any]]:
    return [(name, op, str(held) if isinstance(held, Decimal | date) else held) for name, op, held in filters]


@settings(max_examples=80, deadline=None)
@given(
    state=STATES,
    period=PERIODS,
    filters=st.lists(FILTERS, max_size=2),
    sort=SORTS,
    limit=st.integers(4, 30),
    units=st.integers(0, 2),
    offset=st.integers(0, 75),
    step=st.integers(1, 9),
)
def test_pages_one_after_the_other_are_the_filtered_and_sorted_whole(
    full: Made,
    state: str,
    period: str,
    filters: list[tuple[str, str, Any]],
    sort: list[tuple[str, bool]],
    limit: int,
    units: int,
    offset: int,
    step: int,
) -> None:
    keys = sorted({row["unit_key"] for row in full.rows if row["unit_key"] is not None})[:: 3 - units] if units else []
    wanted = in_order(
        [
            row
            for row in full.rows
            if (state == "all" or full.state(row) == state)
            and (not period or f"{row['period']:%Y-%m}" == period)
            and (not keys or row["unit_key"] in keys)
            and all(holds(full, row, *each) for each in filters)
        ],
        full,
        sort,
    )
    columns = ("code", "number", "amount", "issue_date", "period", "status", "red", "state", "device_number", "lines")
    expected = [tuple(shown(full, row, column) for column in columns) for row in wanted]
    asked = view(state, units=keys, period=period, filters=text_of(filters), sort=sort, columns=columns)
    told: list[Any] = []
    after, offsets = "", []
    for _ in range(len(full.rows) + 2):
        page = full.browser.page(asked, limit, after)
        offsets.append((page["offset"], len(told)))
        told += page["rows"]
        after = page["next"]
        if not after:
            break
    assert told == expected
    assert all(said == true for said, true in offsets)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paging, "STEP", step)
        patch.setattr(paging, "SHALLOW", 0)
        full.browser._anchors.clear()
        page = full.browser.page(asked, limit, offset=offset)
        assert page["rows"] == expected[offset : offset + limit]
        if page["next"]:  # from a jump on by key, now between anchors
            more = full.browser.page(asked, limit, page["next"])
            assert more["rows"] == expected[offset + limit : offset + 2 * limit]
        full.browser._anchors.clear()


def test_totals_of_a_view_are_the_sums_of_its_rows_voids_zero_and_counted_apart(full: Made) -> None:
    for state in ("open", "cleared", "all", "fully_digital", "card_unknown"):
        rows = [row for row in full.rows if state == "all" or full.state(row) == state]
        standing = [row for row in rows if full.status(row) != "void"]
        told = full.browser.totals(view(state))
        assert (told["count"], told["voids"]) == (len(rows), len(rows) - len(standing))
        assert told["reds"] == sum(row["red"] for row in standing)
        for name in ("amount", "tax", "total"):
            assert told["sums"][name] == str(sum((row[name] for row in standing), Decimal("0.00")))
        by_rate = {each["value"]: each["count"] for each in told["distinct"]["rate"]}
        assert by_rate == {rate: sum(row["rate"] == rate for row in rows) for rate in {row["rate"] for row in rows}}


def test_a_frozen_preview_shows_what_it_counted_and_nothing_that_came_later(full: Made) -> None:
    late = next(row for row in full.rows if row["unit_key"] in full.closed and full.state(row) == "open")
    key, watermark = late["unit_key"], full.closed[late["unit_key"]]
    told = full.browser.page(view(frozen=[(key, watermark)]), 100)["rows"]
    counted = [r for r in full.rows if r["unit_key"] == key and r["import_seq"] <= watermark]
    assert told == sorted((row["code"], row["number"]) for row in counted)
    again = full.browser.page(view(frozen=[(key, late["import_seq"])]), 100)["rows"]
    later = [r for r in full.rows if r["unit_key"] == key and watermark < r["import_seq"] <= late["import_seq"]]
    assert again == sorted((row["code"], row["number"]) for row in later)


# --- page marks


def test_a_page_mark_of_another_order_is_refused(made: Made) -> None:
    made.add(*[make(place) for place in range(5)])
    mark = made.browser.page(view(), 2)["next"]
    for other in (view(sort=[("amount", True)]), view("open"), view(filters=[("tax", "=", "13")])):
        with pytest.raises(UsageError) as refused:
            made.browser.page(other, 2, mark)
        assert refused.value.code == "grid_token"


def test_a_page_mark_goes_on_with_other_columns_shown(made: Made) -> None:
    made.add(*[make(place) for place in range(5)])
    mark = made.browser.page(view(), 2)["next"]
    assert made.browser.page(view(columns=["number"]), 2, mark)["rows"] == [("00000002",), ("00000003",)]


@pytest.mark.parametrize(
    "change",
    [lambda made: made.add(make(9)), lambda made: made.close(made.rows[0]["unit_key"])],
    ids=["import", "clear"],
)
def test_a_ledger_that_changed_says_so_instead_of_skipping_rows(made: Made, change: Callable[[Made], None]) -> None:
    made.add(*[make(place) for place in range(5)])
    mark = made.browser.page(view(), 2)["next"]
    change(made)
    with pytest.raises(Refused) as refused:
        made.browser.page(view(), 2, mark)
    assert refused.value.code == "grid_changed"
    assert len(made.browser.page(view(), 100)["rows"]) == len(made.rows)


@settings(max_examples=60, deadline=None)
@given(mark=st.one_of(st.text(min_size=1, max_size=60), st.binary(min_size=1).map(lambda raw: raw.hex())))
def test_a_broken_page_mark_is_refused_with_a_sentence(full: Made, mark: str) -> None:
    with pytest.raises(UsageError) as refused:
        full.browser.page(view(), 2, mark)
    assert refused.value.code == "grid_token"


def test_a_mark_made_by_hand_of_values_that_are_none_is_refused(full: Made) -> None:
    from fapiao_kernel.records.ledger.browsing import tokens

    asked = view(sort=[("amount", False)])
    mark = tokens.write(asked, (full.units.last_import, len(full.units.closed)), ("no amount", "x", "y"), 3)
    with pytest.raises(UsageError) as refused:
        full.browser.page(asked, 2, mark)
    assert refused.value.code == "grid_token"


def test_anchors_are_made_once_a_view_and_again_when_the_ledger_changed(made: Made, monkeypatch: Any) -> None:
    monkeypatch.setattr(paging, "STEP", 3)
    monkeypatch.setattr(paging, "SHALLOW", 0)
    calls: list[int] = []
    real = paging.make_anchors
    monkeypatch.setattr(
        "fapiao_kernel.records.ledger.browsing.browser.make_anchors", lambda *a: (calls.append(1), real(*a))[1]
    )
    made.add(*[make(place) for place in range(20)])
    for offset in (4, 11, 17, 400):
        made.browser.page(view(), 2, offset=offset)
    assert len(calls) == 1
    made.add(make(30))
    assert made.browser.page(view(), 5, offset=19)["rows"] == [("9900261130", "00000019"), ("9900261130", "00000030")]
    assert len(calls) == 2


def test_an_import_that_comes_in_between_is_in_the_answer_whole(made: Made) -> None:
    made.add(make(1))
    asked = view("open")
    real, came = made.browser._stand, []

    def meanwhile(cursor: Any) -> Any:
        standing = real(cursor)
        if not came:
            came.append(1)
            made.add(make(2), make(3, invoice_type="081"))
        return standing

    made.browser._stand = meanwhile  # type: ignore[method-assign]  # the moment between looking and asking
    assert made.browser.page(asked, 9)["rows"] == [("9900261130", "00000001"), ("9900261130", "00000002")]


def test_whoever_asks_while_anchors_are_made_gets_the_same_and_others_do_not_wait() -> None:
    from fapiao_kernel.records.ledger.browsing.shelf import Shelf

    shelf, go, made_of = Shelf(), threading.Event(), []

    def slow() -> list[tuple[str, ...]]:
        made_of.append("slow")
        assert go.wait(10)
        return [("a",)]

    told: list[Any] = []
    asking = [threading.Thread(target=lambda: told.append(shelf.have(("v", (1, 0)), slow))) for _ in range(2)]
    for each in asking:
        each.start()
    assert shelf.have(("other", (1, 0)), lambda: [("b",)]) == [("b",)]
    go.set()
    for each in asking:
        each.join()
    assert (told, made_of) == ([[("a",)]] * 2, ["slow"])


def test_anchors_of_the_state_before_are_forgotten() -> None:
    from fapiao_kernel.records.ledger.browsing.shelf import REMEMBERED, Shelf

    shelf = Shelf()
    for place in range(REMEMBERED + 1):
        shelf.have((f"v{place}", (1, 0)), list)
    assert (shelf.get(("v0", (1, 0))), shelf.get(("v1", (1, 0)))) == (None, [])
    shelf.have(("v", (2, 0)), list)
    assert shelf.get(("v1", (1, 0))) is None
