"""A unit's canonical lines (逐张明细, form ``d1``) against the frozen preview: digest, count, voids, reds and sums. One pass, streaming.

The columns of ``d1`` stand in ``records.ledger.digest``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from fapiao_kernel.domain.invoice import InvoiceStatus
from fapiao_kernel.records.language import either

_COLUMNS = 14
_TYPE, _AMOUNT, _TAX, _TOTAL, _STATUS, _RED = 2, 4, 5, 6, 8, 9
_LONGEST = 1 << 16


def disagreements(chunks: Iterable[bytes], unit: Mapping[str, Any]) -> Iterator[str]:
    """Each a short text. Raises ``ValueError`` for lines that are not of the form."""
    digest = hashlib.sha256()
    counts, sums = {"count": 0, "voids": 0, "reds": 0}, [0, 0, 0]
    kind, before = str(unit["invoice_type"]).encode(), (b"", b"")
    normal, void = InvoiceStatus.NORMAL.value.encode(), InvoiceStatus.VOID.value.encode()
    for line in _lines(chunks, digest):
        cells = line.split(b"\x1f")
        if len(cells) != _COLUMNS or cells[_TYPE] != kind:
            raise ValueError(_odd(counts["count"] + 1))
        if (cells[0], cells[1]) <= before:
            yield either("没有按代码、号码排序，或有重复", "not in order of code and number, or twice") + _at(counts)
            return
        before = cells[0], cells[1]
        counts["count"] += 1
        counts["voids"] += cells[_STATUS] == void
        if cells[_STATUS] == normal:
            counts["reds"] += cells[_RED] == b"true"
            for index, column in enumerate((_AMOUNT, _TAX, _TOTAL)):
                sums[index] += _cents(cells[column])
    if digest.hexdigest() != unit["digest"]:
        yield either("SHA-256 与冻结的摘要不符", "their SHA-256 is not the frozen digest")
    for name, count in counts.items():
        if count != unit[name]:
            yield f"{name}: {count} ≠ {unit[name]}"
    for name, sum_ in zip(("amount", "tax", "total"), sums, strict=True):
        if Decimal(sum_).scaleb(-2) != Decimal(unit[name]):
            yield f"{name}: {Decimal(sum_).scaleb(-2)} ≠ {unit[name]}"


def _lines(chunks: Iterable[bytes], digest: Any) -> Iterator[bytes]:
    rest, number = b"", 0
    for chunk in chunks:
        digest.update(chunk)
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
        number += len(whole)
        if len(rest) > _LONGEST:
            break
    if rest:
        raise ValueError(_odd(number + 1))


def _cents(text: bytes) -> int:
    if text[-3:-2] != b".":
        raise ValueError(either("金额不是两位小数", "an amount without two decimals"))
    return int(text[:-3] + text[-2:])


def _odd(line: int) -> str:
    return either(f"第 {line} 行不是 d1 格式", f"line {line} is not of form d1")


def _at(counts: Mapping[str, int]) -> str:
    line = counts["count"] + 1
    return either(f"（第 {line} 行）", f" (line {line})")
