from decimal import Decimal

import pytest

from fapiao_kernel.domain.errors import ProtocolError
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.protocol.authority import MessageId, Reply, fields

SPECIAL, ORDINARY = InvoiceType.SPECIAL, InvoiceType.ORDINARY
PERIODS = (Period(2026, 9), Period(2026, 10))


def reply(*groups):
    return Reply(MessageId.AUTHORISE, "00", "", groups)


def test_a_span_runs_from_the_first_day_to_the_last():
    assert fields.span(PERIODS) == "20260901-20261031"


def test_each_type_has_its_own_piece_of_the_sealed_summaries():
    first, second = fields.summary_groups((SPECIAL, ORDINARY), PERIODS, b"\x01" * 320 + b"\x02" * 320)
    assert (first["fplx_dm"], first["fphz"]) == ("004", "01" * 320)
    assert (second["fplx_dm"], second["fphz"]) == ("007", "02" * 320)


@pytest.mark.parametrize("length", [0, 319, 321, 640])
def test_a_summary_of_the_wrong_length_is_not_sent(length):
    with pytest.raises(ProtocolError):
        fields.summary_groups((SPECIAL,), PERIODS, bytes(length))


def test_a_return_is_written_with_two_decimals():
    assert fields.return_group(PERIODS, Decimal("7"))["jshj"] == "7.00"


def test_payloads_come_in_the_order_asked_for_with_their_digest():
    payload, digest = fields.payload(
        reply({"fplx_dm": "007", "fpjkmw": "02"}, {"fplx_dm": "004", "fpjkmw": "01"}), (SPECIAL, ORDINARY)
    )
    assert payload == b"\x01\x02"
    assert digest == "a12871fee210fb8619291eaea194581cbd2531e4b23759d225f6806923f63222"


@pytest.mark.parametrize(
    "groups",
    [
        (),
        ({"fplx_dm": "007", "fpjkmw": "01"},),
        ({"fplx_dm": "004"},),
        ({"fplx_dm": "004", "fpjkmw": "5E"}, {"fplx_dm": "007", "fpjkmw": "5E"}),
        ({"fplx_dm": "004", "fpjkmw": "5E"}, {"fplx_dm": "004", "fpjkmw": "5E"}),
        ({"fplx_dm": "004", "fpjkmw": "5E5"},),
    ],
)
def test_a_payload_that_does_not_answer_the_question_is_a_protocol_error_without_it(groups):
    with pytest.raises(ProtocolError) as error:
        fields.payload(reply(*groups), (SPECIAL,))
    assert "5E" not in str(error.value) and error.value.__cause__ is None


@pytest.mark.parametrize("groups", [(), ({},), ({"hzh": ""},), ({"hzh": "<x>"},), ({"hzh": "A" * 41},)])
def test_a_receipt_must_be_there_and_plain(groups):
    with pytest.raises(ProtocolError):
        fields.receipt(reply(*groups))


@pytest.mark.parametrize("groups", [(), ({},), ({"sbbz": "yes"},)])
def test_a_flag_is_one_or_zero_and_nothing_else(groups):
    with pytest.raises(ProtocolError):
        fields.flag(reply(*groups), "sbbz")


def test_a_flag_that_may_be_absent_is_false_then():
    assert not fields.optional_flag(reply({}), "lx")
    assert fields.optional_flag(reply({"lx": "1"}), "lx")


@pytest.mark.parametrize("written", ["", "yesterday", "2026-11-05T09:00:00"])
def test_a_time_needs_its_zone(written):
    with pytest.raises(ProtocolError):
        fields.moment(reply({"sj": written}))
