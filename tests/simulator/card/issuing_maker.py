"""A card that has invoices and numbers to give out, and its issuing commands as bytes, for the tests of issuing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from fapiao_kernel.domain.card import CardIdentity, Monitoring, Volume
from fapiao_kernel.domain.invoice import Invoice, InvoiceStatus, InvoiceType
from fapiao_kernel.simulator.card.details import details_file, write_details
from fapiao_kernel.simulator.card.image import new_image
from fapiao_kernel.simulator.clock import CHINA, offset_to
from fapiao_kernel.simulator.totals import statistics_of
from tests.simulator.card.maker import KEY, ORDINARY, PIN, SPECIAL

OCTOBER = (date(2026, 11, 17), date(2026, 10, 1), date(2026, 10, 31), date(2026, 10, 8))
IN_OCTOBER = datetime(2026, 10, 20, 9, 0, tzinfo=CHINA)
IN_NOVEMBER = datetime(2026, 11, 5, 9, 0, tzinfo=CHINA)
CODE, SECOND, OTHER = "4403201130", "4403201131", "044032100111"
VOLUMES = (
    Volume(SPECIAL, CODE, "00000001", "00000007"),
    Volume(SPECIAL, SECOND, "00000001", "00000003"),
    Volume(SPECIAL, "4403201132", "00000001", "00000003", pending=True),
    Volume(ORDINARY, OTHER, "00000501", "00000600"),
)
UNUSED = {VOLUMES[0]: "00000005", VOLUMES[1]: "00000001", VOLUMES[2]: "00000001", VOLUMES[3]: "00000503"}
"""Three numbers are left in the first volume of 专票 and three in the second; those before are the base invoices'."""


def invoice(kind: InvoiceType, code: str, place: int, amount: str, tax: str, **changes: Any) -> Invoice:
    yuan = Decimal(amount), Decimal(tax)
    return Invoice(code, f"{place:08}", kind, date(2026, 10, place % 28 + 1), *yuan, sum(yuan, Decimal(0)), **changes)


BASE = (
    invoice(SPECIAL, CODE, 1, "100.00", "13.00"),
    invoice(SPECIAL, CODE, 2, "200.00", "26.00", status=InvoiceStatus.VOID),
    invoice(SPECIAL, CODE, 3, "-100.00", "-13.00", red=True, red_of=CODE + "00000001"),
    invoice(SPECIAL, CODE, 4, "300.00", "39.00"),
    invoice(ORDINARY, OTHER, 501, "50.00", "0.00"),
    invoice(ORDINARY, OTHER, 502, "60.00", "5.40"),
)


def issuing_card(
    path: Path, faults: Sequence[Mapping[str, Any]] = (), *, now: datetime = IN_OCTOBER, base: Sequence[Invoice] = BASE
) -> Path:
    """A card with 专票 and 普票 and October open, on 20 October."""
    write_details(details_file(path), base)
    new_image(
        path,
        identity=CardIdentity(
            "661234567890", "9999000000000001", "91440300708461136T", "深圳甲有限公司", date(2036, 10, 28), True
        ),
        pin=PIN,
        clock_offset=offset_to(now),
        monitoring=[Monitoring(t, *OCTOBER, False, 0) for t in (SPECIAL, ORDINARY)],
        statistics=statistics_of(base),
        volumes=VOLUMES,
        shared_key=KEY,
        faults=faults,
        unused=UNUSED,
    )
    return path


def key(code: str, number: str) -> bytes:
    return code.encode().ljust(12, b"\0") + number.encode().ljust(8, b"\0")


def issue(code: str, number: str, amount: int = 10000, tax: int = 1300, red_of: str = "", record: int = 1) -> bytes:
    """By hand from the note; sums in fen."""
    sums = b"".join(fen.to_bytes(8, "big", signed=True) for fen in (amount, tax))
    data = key(code, number) + (b"\2" if red_of else b"\0") + sums + bytes(20) + red_of.encode().ljust(20, b"\0")
    return bytes([0xC0, 0xF2, 0, record, len(data)]) + data + b"\x0d"


def void(code: str, number: str, record: int = 1) -> bytes:
    return bytes([0xC0, 0xF3, 0, record, 20]) + key(code, number)


def find(code: str, number: str, kind: str = "0004") -> bytes:
    return b"\xc0\xcc\0\0\x16" + bytes.fromhex(kind) + key(code, number) + b"\x24"


def upcoming(kind: str = "0004") -> bytes:
    return b"\xc0\xce\0\0\2" + bytes.fromhex(kind) + b"\x19"
