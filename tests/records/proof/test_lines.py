"""A unit's lines against the frozen preview: every change shows, in the digest or in a figure that a person understands."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fapiao_kernel.records.proof.lines import disagreements
from tests.records.proof.conftest import lines_of

pytestmark = pytest.mark.usefixtures("reasons_in_english")


@pytest.fixture
def unit(story):
    return dict(story.facts["preview"]["units"][0])


def said(content: bytes, unit, step: int = 1 << 20) -> list[str]:
    return list(disagreements((content[at : at + step] for at in range(0, len(content), step)), unit))


@pytest.mark.parametrize("step", [1, 7, 4096, 1 << 20])
def test_the_lines_that_were_frozen_agree_however_they_are_cut(unit, step):
    assert said(lines_of("004"), unit, step) == []


def test_a_line_taken_out_changes_digest_and_count(unit):
    whole = lines_of("004").splitlines(keepends=True)
    found = said(b"".join(whole[:-1]), unit)
    assert found == ["their SHA-256 is not the frozen digest", "count: 811 ≠ 812"]


def test_lines_with_a_digest_of_their_own_still_must_give_the_totals(unit):
    content = lines_of("004").replace(b"4210380.12", b"4210380.13")
    unit["digest"] = hashlib.sha256(content).hexdigest()
    assert said(content, unit) == ["amount: 4850580.13 ≠ 4850580.12"]


def test_a_void_that_became_normal_is_counted(unit):
    content = lines_of("004").replace(b"\x1fvoid\x1f", b"\x1fnormal\x1f", 1)
    assert "voids: 8 ≠ 9" in said(content, unit)


def test_the_same_invoice_twice_is_found(unit):
    first = lines_of("004").splitlines(keepends=True)[0]
    assert said(first + lines_of("004"), unit) == ["not in order of code and number, or twice (line 2)"]


def test_another_types_lines_are_not_of_the_form(unit):
    with pytest.raises(ValueError, match="line 1"):
        said(lines_of("007"), unit)


def test_a_line_without_an_end_is_not_read_into_memory_without_end(unit):
    taken = []

    def endless():
        for number in range(1000):
            taken.append(number)
            yield b"x" * 65536

    with pytest.raises(ValueError, match="d1"):
        list(disagreements(endless(), unit))
    assert len(taken) < 5


def test_a_unit_without_invoices_has_no_lines(unit):
    zeros = {"count": 0, "voids": 0, "reds": 0, "amount": "0.00", "tax": "0.00", "total": "0.00"}
    assert said(b"", {**unit, **zeros, "digest": hashlib.sha256().hexdigest()}) == []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 5000), bits=st.integers(1, 255))
def test_any_byte_changed_shows(unit, at, bits):
    content = bytearray(lines_of("004"))
    content[at] ^= bits
    try:
        assert said(bytes(content), unit)
    except ValueError as error:
        assert str(error)
