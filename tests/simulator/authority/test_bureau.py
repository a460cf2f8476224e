import hashlib
import hmac

import pytest

from fapiao_kernel.simulator.authority.codec import BadMessage


def unit(bureau, kind="004"):
    return {"fplx_dm": kind, "sq": bureau.span}


def test_the_same_summary_twice_is_one_upload_with_one_receipt(bureau):
    first = bureau.upload()
    before = bureau.path.read_bytes()
    assert first.ok and bureau.upload().groups == first.groups
    assert bureau.path.read_bytes() == before


@pytest.mark.parametrize(
    ("sealed", "code"),
    [({"key": b"other key"}, "249"), ({"device": "990000000999"}, "159")],
)
def test_a_summary_of_another_key_or_device_is_refused(bureau, sealed, code):
    assert bureau.upload(**sealed).code == code


def test_a_summary_whose_span_is_not_the_requests_is_refused(bureau):
    sealed = bureau.seal(span="20260901-20260930").hex()
    assert bureau.ask("WLCB", {**unit(bureau), "fphz": sealed}).code == "800"


@pytest.mark.parametrize("fphz", ["", "00", "zz", "00" * 320])
def test_what_is_no_summary_is_refused(bureau, fphz):
    assert bureau.ask("WLCB", {**unit(bureau), "fphz": fphz}).code == "249"


def test_a_type_without_licence_is_refused(bureau):
    assert bureau.upload("025").code == "210"


def test_another_taxpayer_or_device_is_refused(bureau):
    assert bureau.ask("FK_SBCX", {"sq": bureau.span}, taxpayer="X").code == "1089"
    assert bureau.ask("FK_SBCX", {"sq": bureau.span}, device="1").code == "159"


def test_nothing_is_declared_before_the_return_is_filed(bureau):
    bureau.upload()
    assert bureau.declared() == (False, False)


def test_a_return_filed_before_the_summary_is_compared_once_the_summary_is_there(bureau):
    assert bureau.file("113.00").ok
    assert bureau.declared() == (True, False)
    bureau.upload()
    assert bureau.declared() == (True, True)


@pytest.mark.parametrize(
    ("total", "compared"), [("113.00", True), ("123.00", True), ("103.00", True), ("123.01", False), ("0.00", False)]
)
def test_return_and_summary_may_differ_by_ten_yuan(bureau, total, compared):
    bureau.upload()
    bureau.file(total)
    assert bureau.declared() == (True, compared)


def test_a_corrected_return_counts_in_place_of_the_first(bureau):
    bureau.upload()
    bureau.file("500.00")
    assert bureau.declared() == (True, False)
    bureau.file("113.00")
    assert bureau.declared() == (True, True)


def test_both_types_are_compared_as_one_sum(bureau):
    bureau.upload()
    bureau.upload("007", record=2, total=100000)
    bureau.file("1113.00")
    assert bureau.declared() == (True, True)


def test_a_type_reported_later_is_declared_by_a_supplement(bureau):
    bureau.upload()
    bureau.file("113.00")
    assert bureau.declared() == (True, True)
    bureau.upload("007", record=2, total=100000)
    assert bureau.declared() == (True, False)
    bureau.file("1000.00")
    assert bureau.declared() == (True, True)


def test_a_span_of_two_months_may_be_filed_month_by_month(bureau):
    span = "20260901-20261031"
    bureau.upload(span=span)
    bureau.file("100.00", "20260901-20260930")
    assert bureau.declared(span) == (False, False)
    bureau.file("13.00", "20261001-20261031")
    assert bureau.declared(span) == (True, True)


@pytest.mark.parametrize("total", ["", "x", "1.234", "NaN"])
def test_a_return_without_an_amount_is_refused(bureau, total):
    assert bureau.file(total).code == "01"


def test_no_payload_without_summary_return_and_comparison(bureau):
    assert bureau.ask("JKHCQQ", unit(bureau)).code == "195"
    bureau.upload()
    assert bureau.ask("JKHCQQ", unit(bureau)).code == "1085"
    bureau.file("9.00")
    refused = bureau.ask("JKHCQQ", unit(bureau))
    assert refused.code == "BD01" and "票表比对不通过" in refused.message
    bureau.file("113.00")
    assert bureau.ask("JKHCQQ", unit(bureau)).ok


def test_the_payload_has_the_notes_layout_and_opens_with_the_shared_key(bureau):
    random = b"random!!"
    bureau.upload(record=2, random=random)
    bureau.file("113.00")
    payload = bytes.fromhex(bureau.ask("JKHCQQ", unit(bureau)).groups[0]["fpjkmw"])
    assert len(payload) == 29
    assert payload[25:] == hmac.new(bureau.key, b"mac2" + payload[:25] + random, hashlib.sha256).digest()[:4]
    stream = hashlib.sha256(bureau.key + b"cipher" + random).digest()
    plain = bytes(a ^ b for a, b in zip(payload[1:25], stream, strict=False))
    assert plain[0] == 2
    assert plain[1:13].hex() == "20261217" + "20261101" + "20261130"
    assert plain[13:] == random + bytes(3)


def test_asking_again_gives_the_same_payload(bureau):
    bureau.upload()
    bureau.file("113.00")
    assert bureau.ask("JKHCQQ", unit(bureau)).groups == bureau.ask("JKHCQQ", unit(bureau)).groups


def test_only_a_clear_that_was_authorised_can_be_acknowledged(bureau):
    bureau.upload()
    assert bureau.ask("QLJSJGQR", unit(bureau)).code == "195"
    assert bureau.ask("FK_QKCX", unit(bureau)).groups[0]["qkbz"] == "0"


def test_the_same_acknowledgement_twice_is_one(bureau):
    bureau.upload()
    bureau.file("113.00")
    bureau.ask("JKHCQQ", unit(bureau))
    first = bureau.ask("QLJSJGQR", unit(bureau))
    before = bureau.path.read_bytes()
    assert first.ok and bureau.ask("QLJSJGQR", unit(bureau)).groups == first.groups
    assert bureau.path.read_bytes() == before
    assert bureau.ask("FK_QKCX", unit(bureau)).groups[0]["qkbz"] == "1"


def test_a_span_that_is_cleared_takes_no_other_summary(bureau):
    bureau.upload()
    bureau.file("113.00")
    bureau.ask("JKHCQQ", unit(bureau))
    bureau.ask("QLJSJGQR", unit(bureau))
    assert bureau.upload(random=b"another!").code == "202"
    assert bureau.upload().ok


def test_a_report_made_again_is_authorised_by_its_new_random(bureau):
    bureau.upload(random=b"older 11")
    bureau.file("113.00")
    older = bureau.ask("JKHCQQ", unit(bureau)).groups
    bureau.upload(random=b"newer 22")
    assert bureau.ask("JKHCQQ", unit(bureau)).groups != older


def test_everything_is_still_known_after_a_restart(bureau):
    receipt = bureau.upload().groups
    bureau.file("113.00")
    bureau.ask("JKHCQQ", unit(bureau))
    bureau.ask("QLJSJGQR", unit(bureau))
    bureau.restart()
    assert bureau.declared() == (True, True)
    assert bureau.ask("FK_QKCX", unit(bureau)).groups[0]["qkbz"] == "1"
    assert bureau.upload().groups == receipt


def test_the_comparison_fault_fails_once_and_is_healed_by_filing_again(bureau):
    bureau.make(faults=["comparison-failed"])
    bureau.upload()
    bureau.file("113.00")
    assert bureau.declared() == bureau.declared() == (True, False)
    bureau.file("113.00")
    assert bureau.declared() == (True, True)


def test_a_refusing_tax_side_says_so_in_a_message(bureau):
    bureau.make(faults=["refuse"])
    assert bureau.upload().code == "9999"


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xff", b"<business/>", b"<business id='NOPE'><body/></business>", b"<!DOCTYPE a><business/>"],
)
def test_what_is_no_message_is_not_answered(bureau, data):
    with pytest.raises(BadMessage):
        bureau.bureau.answer(data)
