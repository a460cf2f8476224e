"""EF06 on the simulated card: the list beside the image, and the command that reads many records at once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from fapiao_kernel.domain.invoice import Invoice, InvoiceStatus, InvoiceType
from fapiao_kernel.simulator.card.card import SimulatedCard
from fapiao_kernel.simulator.card.details import Details, details_file, write_details
from fapiao_kernel.simulator.card.entries import LENGTH, record
from tests.simulator.card.maker import PIN, make_image
from tests.simulator.card.test_card import ask, report, status, verify

SELECT = "00A4000C02EF06"
OCTOBER_SPECIAL = "0004202610"


def issued(place: int, /, day: date = date(2026, 10, 9), total: str = "113.00", **changes) -> Invoice:
    """A 专票."""
    amount = Decimal(total)
    fields = {"code": "4403201130", "number": f"{place:08}", "invoice_type": InvoiceType.SPECIAL, "issue_date": day}
    return Invoice(**{**fields, "amount": amount, "tax": Decimal("0.00"), "total": amount, **changes})


def details(unit: str, first: int, length: int = 360) -> str:
    return f"C0C800000000 09{unit}{first:08X}{length:04X}".replace(" ", "")


@pytest.fixture
def image(tmp_path):
    return make_image(tmp_path / "card.json")


@pytest.fixture
def card(image):
    write_details(
        details_file(image), [issued(n) for n in (3, 1, 2)] + [issued(9, date(2026, 9, 30), code="4403201131")]
    )
    return SimulatedCard(image)


def test_a_record_by_hand():
    one = issued(7, total="-11.30", red=True, status=InvoiceStatus.VOID)
    body = "0004" + b"4403201130".hex() + "0000" + b"00000007".hex() + "20261009" + "03" + "FFFFFFFFFFFFFB96"
    assert record(one)[:-1].hex().upper() == body.upper()
    check = 0
    for byte in record(one):
        check ^= byte
    assert (check, len(record(one))) == (0, LENGTH)


def test_records_come_in_order_of_number_and_of_the_month_asked_for_alone(card):
    assert status(card, SELECT) == "9000"
    reply = ask(card, details(OCTOBER_SPECIAL, 1))
    assert reply == b"".join(record(issued(n)) for n in (1, 2, 3)) + b"\x90\x00"
    assert ask(card, details("0004202609", 1)) == record(issued(9, date(2026, 9, 30), code="4403201131")) + b"\x90\x00"


def test_as_many_whole_records_as_fit_and_then_none(card):
    status(card, SELECT)
    assert len(ask(card, details(OCTOBER_SPECIAL, 1, 2 * LENGTH + 35))) == 2 * LENGTH + 2
    assert ask(card, details(OCTOBER_SPECIAL, 3, 300)) == record(issued(3)) + b"\x90\x00"
    assert status(card, details(OCTOBER_SPECIAL, 4)) == "6A83"
    assert status(card, details("0007202610", 1)) == "6A83"


@pytest.mark.parametrize(
    ("apdu", "expected"),
    [
        (details(OCTOBER_SPECIAL, 0), "6A80"),
        (details("000A202610", 1), "6A80"),
        (details(OCTOBER_SPECIAL, 1, 35), "6C24"),
        ("C0C800000000080004202610000001" + "0168", "6700"),
    ],
)
def test_what_is_no_question_is_refused(card, apdu, expected):
    status(card, SELECT)
    assert status(card, apdu) == expected


def test_another_file_selected_is_refused(card):
    status(card, "00A4000C02EF05")
    assert status(card, details(OCTOBER_SPECIAL, 1)) == "6981"


def test_a_card_without_a_list_has_no_such_file(image):
    card = SimulatedCard(image)
    assert status(card, SELECT) == "6A82"
    assert status(card, details(OCTOBER_SPECIAL, 1)) == "6981"


def test_the_list_is_no_part_of_the_image_and_no_act_writes_it_again(image, card):
    before = details_file(image).stat().st_mtime_ns, details_file(image).read_bytes()
    assert verify(card, PIN) == "9000"
    assert report(card)[-2:] == b"\x90\x00"
    assert (details_file(image).stat().st_mtime_ns, details_file(image).read_bytes()) == before
    assert "4403201131" not in image.read_text("utf-8")


def test_what_no_card_issues_or_no_field_holds_is_not_listed(tmp_path):
    digital = issued(1, code="", number="26117000000000000001", invoice_type=InvoiceType.DIGITAL_ORDINARY)
    write_details(tmp_path / "d", [digital, issued(1, code="1234567890123"), issued(1, number="票"), issued(2)])
    assert (tmp_path / "d").read_bytes() == record(issued(2))
    assert Details(tmp_path / "d").read(b"\x00\x04", b"\x20\x26\x10", 1, 9) == record(issued(2))
