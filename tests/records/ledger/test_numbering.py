"""Numbers as bits: overlaps and gaps without a look at the invoices."""

from __future__ import annotations

import itertools

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fapiao_kernel.records.ledger import numbering
from fapiao_kernel.records.ledger.numbering import Gap

from .making import adder, codes, digital, invoice

NUMBERS = st.sets(st.integers(0, 700) | st.integers(99_990_000, 99_999_999), max_size=400)


@pytest.fixture(scope="module")
def connection():
    connection = duckdb.connect()
    connection.execute("CREATE TABLE number_map (book VARCHAR, bucket BIGINT, bits UBIGINT)")
    yield connection
    connection.close()


def draw(connection, code, numbers):
    connection.execute("CREATE OR REPLACE TEMP TABLE told (code VARCHAR, number VARCHAR)")
    connection.execute("INSERT INTO told SELECT $code, unnest($numbers::VARCHAR[])", {"code": code, "numbers": numbers})
    numbering.draw(connection, "told")


def eight(numbers):
    return [f"{number:08d}" for number in numbers]


def missing(numbers):
    """Gaps as anybody would find them: as many numbers stand around one as it lacks."""
    ordered = sorted(numbers)
    found, together = [], 1
    for place, (one, other) in enumerate(itertools.pairwise(ordered), 1):
        lacks = other - one - 1
        behind = next(
            (n for n in range(1, len(ordered) - place) if ordered[place + n] != other + n), len(ordered) - place
        )
        if lacks > together + behind:
            together = 0
        elif lacks:
            found.append(Gap("9900261130", one + 1, other - 1))
        together += 1
    return found


@settings(max_examples=40, deadline=None)
@given(first=NUMBERS, second=NUMBERS, whole=st.booleans())
def test_gaps_and_overlaps_are_those_of_the_numbers_themselves(connection, first, second, whole):
    if whole:
        second |= set(range(64, 400))  # full buckets between two others
    connection.execute("DELETE FROM number_map")
    numbering.begin(connection)
    draw(connection, "9900261130", eight(first))
    numbering.keep(connection)
    draw(connection, "9900261130", eight(second))
    assert numbering.overlaps(connection) or not first & second
    assert not numbering.twice(connection)
    numbering.keep(connection)
    assert list(numbering.gaps(connection)) == missing(first | second)


def test_a_number_that_stands_twice_is_noticed(connection):
    draw(connection, "9900261130", eight([1, 2, 2]))
    assert numbering.twice(connection)


def test_what_is_no_number_always_has_to_be_looked_at(connection):
    connection.execute("DELETE FROM number_map")
    numbering.begin(connection)
    draw(connection, "9900261130", ["x"])
    numbering.keep(connection)
    draw(connection, "9900261130", ["y"])
    assert numbering.overlaps(connection)


def test_gaps_are_told_with_their_range_over_the_file_and_the_ledger(ledger):
    add = adder(ledger)
    assert codes(add(invoice(1), invoice(2))) == []
    (gap,) = add(invoice(9), invoice(5)).findings[:1]
    assert (
        (gap.code, gap.weight) == ("ledger_number_gap", 2) and "00000003" in gap.message and "00000004" in gap.message
    )
    assert codes(add(invoice(9), invoice(5))) == []
    assert codes(add(invoice(3), invoice(4), invoice(6), invoice(7), invoice(8))) == []


def test_between_volumes_and_among_the_invoices_of_many_sellers_lies_no_gap(ledger):
    add = adder(ledger)
    volumes = (range(10, 20), range(21, 25), range(5000, 5010))
    assert codes(add(*(invoice(n) for volume in volumes for n in volume))) == ["ledger_number_gap"]
    assert codes(add(*(invoice(n, code="9900261131") for n in (7, 1234, 80001)))) == []


def test_many_gaps_are_counted_from_some_point(ledger):
    findings = adder(ledger)(*(invoice(2 * n) for n in range(60))).findings
    assert len(findings) == 21 and "39" in findings[-1].message


def test_fully_digital_numbers_have_no_gaps(ledger):
    assert codes(adder(ledger)(digital(1), digital(9))) == []
