"""Real files (never part of the project), checked against what is printed on them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

EXPECTED = {
    "ofd/custom-data-only.ofd": ("10000.00", "600.00", "10600.00", 0, "", False, date(2020, 8, 5), "026"),
    "ofd/fully-digital-20-digit.ofd": ("4197.17", "251.83", "4449.00", 1, "", True, date(2024, 5, 28), "081"),
    "ofd/vat-electronic-ordinary-100lines.ofd": (
        *("10000.00", "600.00", "10600.00", 100, "016000019234", False),
        *(date(2020, 8, 5), "026"),
    ),
    "ofd/vat-electronic-ordinary-1line.ofd": (
        "510.68",
        "15.32",
        "526.00",
        1,
        "927000236092",
        False,
        date(2020, 7, 23),
        "026",
    ),
    "ofd/vat-tax-exempt-masked-tax.ofd": (
        "198.04",
        "1.96",
        "200.00",
        1,
        "667007910547",
        False,
        date(2020, 10, 4),
        "026",
    ),
    "xml/fully-digital-special-6pct.xml": ("2.00", "0.12", "2.12", 1, "", True, date(2023, 2, 23), "081"),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_file_is_read_as_printed(samples, intake, name):
    reading = intake.read(name, samples / name)
    (invoice,) = reading.invoices
    amount, tax, total, lines, machine, digital, day, kind = EXPECTED[name]
    assert reading.findings == ()
    assert (invoice.amount, invoice.tax, invoice.total) == (Decimal(amount), Decimal(tax), Decimal(total))
    assert (len(invoice.lines), invoice.machine_number) == (lines, machine)
    assert (invoice.fully_digital, invoice.issue_date, invoice.invoice_type.value) == (digital, day, kind)
    if invoice.lines:
        assert sum(line.amount for line in invoice.lines) == invoice.amount
        assert sum(line.tax for line in invoice.lines) == invoice.tax


def test_the_sample_folder_holds_two_files_of_one_invoice(samples, intake):
    readings = [intake.read(name, path) for name, path in intake.files([samples])]
    keys = [invoice.key for reading in readings for invoice in reading.invoices]
    assert (len(keys), len(set(keys))) == (6, 5)
