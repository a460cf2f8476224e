"""Taxpayer ids: one company under its old and its new id, and no two companies taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fapiao_kernel.domain.taxpayer import same_taxpayer

NEW = "91420000TEST00001X"
OLD = "420000" + NEW[8:17]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (NEW, NEW),
        (NEW, NEW.lower()),
        (NEW, f" {NEW[:9]} {NEW[9:]}\n"),
        (NEW, OLD),
        (NEW, NEW + "01"),
        (OLD, NEW + "01"),
    ],
)
def test_one_company_under_its_ids(one: str, other: str) -> None:
    assert same_taxpayer(one, other)
    assert same_taxpayer(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (NEW, "91420000TEST00002X"),
        (NEW, "92420000TEST00001X"),
        (OLD, "420000TEST00002"),
        (OLD, "110000TEST00001"),
        (NEW, NEW[:-1]),
        (NEW, ""),
        ("", ""),
        ("  ", "  "),
        (NEW + "01", NEW + "02"),
    ],
)
def test_two_companies(one: str, other: str) -> None:
    assert not same_taxpayer(one, other)
    assert not same_taxpayer(other, one)


@given(st.text(max_size=22), st.text(max_size=22))
def test_it_is_symmetric_and_everything_that_is_something_is_itself(one: str, other: str) -> None:
    assert same_taxpayer(one, other) == same_taxpayer(other, one)
    assert same_taxpayer(one, one) == bool("".join(one.split()))
