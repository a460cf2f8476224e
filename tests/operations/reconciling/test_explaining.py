"""Which invoices come to a difference: exact in fen, every set of the size found, and never more work than allowed."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from fapiao_kernel.operations.reconciling.explaining import SETS, sets, vector
from tests.operations.reconciling.making import D

FEN = st.integers(-500, 500)
VALUES = st.lists(st.tuples(FEN, FEN), max_size=12)


def add(values, places):
    return tuple(sum(values[place][axis] for place in places) for axis in range(2))


def all_sets(target, values):
    """Every set there is, found the slow way; what is nothing explains nothing."""
    useful = [place for place, value in enumerate(values) if any(value)]
    return [places for size in (1, 2, 3) for places in combinations(useful, size) if add(values, places) == target]


@settings(max_examples=300, deadline=None)
@given(VALUES, st.data())
def test_what_is_found_is_what_there_is(values, data):
    """The target is made of some of the values, or is anything."""
    some = data.draw(st.lists(st.sampled_from(range(len(values))), max_size=3, unique=True) if values else st.just([]))
    target = data.draw(st.sampled_from([add(values, some), (1, 1)])) if values else (1, 1)
    found, whole = sets(target, values)
    if not any(target):
        assert (found, whole) == ([], True)
        return
    there = all_sets(target, values)
    assert set(found) <= set(there) and len(found) == min(len(there), SETS) == len(set(found))
    assert [len(one) for one in found] == sorted(len(one) for one in found), "the smallest first"
    assert whole == (len(there) <= SETS)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 400), st.integers(0, 2000))
def test_the_work_is_bounded_and_a_search_cut_short_says_so(count, steps):
    values = [(2 * n + 2, 0) for n in range(count)]
    found, whole = sets((1, 0), values, steps=steps)
    assert found == []
    assert whole == (count + count * (count - 1) // 2 <= steps)


def test_amount_and_tax_must_both_come_out():
    assert sets((100, 13), [(100, 12), (100, 13), (0, 1)])[0] == [(1,), (0, 2)]


def test_a_total_alone_is_one_number():
    assert vector(None, None, D("-113.00")) == (-11300,)
    assert sets((11300,), [(11300,), (5650,), (5650,)])[0] == [(0,), (1, 2)]


def test_a_single_fen_apart_is_no_explanation():
    assert sets(vector(D("0.01"), D("0.00"), D("0.01")), [vector(D("0.02"), D("0.00"), D("0.02"))]) == ([], True)
