import pytest

from fapiao_kernel.simulator.identifiers import organisation_check, practice_uscc, uscc_check
from fapiao_kernel.simulator.sample_stock import BUYERS, SELLER_ID, SELLER_NAME


@pytest.mark.parametrize("known", ["91110000600037341L", "91440300708461136T", "91110108551385082Q"])
def test_check_characters_of_public_codes_come_out_right(known):
    assert uscc_check(known[:17]) == known[17]
    assert organisation_check(known[8:16]) == known[16]


def test_practice_ids_are_distinct_and_of_no_real_division():
    ids = [practice_uscc(n) for n in range(500)]
    assert len(set(ids)) == 500
    assert all(len(i) == 18 and i[2:8] == "999999" for i in ids)


def test_every_name_says_that_it_is_an_example():
    assert all(name.startswith("示例") for _, name in BUYERS)
    assert SELLER_NAME.startswith("示例") and len(SELLER_ID) == 18


def test_buyers_are_written_with_both_kinds_of_brackets():
    names = "".join(name for _, name in BUYERS)
    assert "（" in names and "(" in names
    assert len(BUYERS) == 25
