"""The XML of fully digital invoices."""

from __future__ import annotations

from decimal import Decimal

import pytest

from fapiao_kernel.domain.invoice import InvoiceType

from .conftest import einvoice


@pytest.mark.parametrize(("code", "kind"), [("01", InvoiceType.DIGITAL_SPECIAL), ("02", InvoiceType.DIGITAL_ORDINARY)])
def test_the_label_tells_special_from_ordinary(put, read, code, kind):
    (invoice,) = read(put(einvoice(kind=code))).invoices
    assert (invoice.invoice_type, invoice.key) == (kind, ("", "26990000000000000001"))
    assert invoice.total == Decimal("106.00")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_the_encoding_that_it_states_is_followed(put, read, encoding):
    text = einvoice().replace("utf-8", encoding.removesuffix("-sig"))
    reading = read(put(text.encode(encoding)))
    assert [i.seller_name for i in reading.invoices] == ["示例"]


def test_a_red_one_is_marked(put, read):
    (invoice,) = read(put(einvoice(blue="N", amount="-100", tax="-6", total="-106"))).invoices
    assert (invoice.red, invoice.amount) == (True, Decimal("-100.00"))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kind": "77"}, "intake_kind_missing"),
        ({"number": "123"}, "intake_value_missing"),
        ({"amount": "many"}, "intake_value_missing"),
        ({"amount": ""}, "intake_value_missing"),
    ],
)
def test_a_bad_value_is_one_finding(put, read, changes, code):
    reading = read(put(einvoice(**changes)))
    assert ([f.code for f in reading.findings], len(reading.invoices)) == ([code], 0)
