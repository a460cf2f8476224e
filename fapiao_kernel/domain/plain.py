"""Domain values as plain JSON values (记录里的写法): the one way that journal, API and bundle write them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.money import text
from fapiao_kernel.domain.period import Period


def plain(value: Any) -> Any:
    """Dataclasses become objects, amounts text with two decimals, dates and periods ISO, enums their value, tuples lists.

    Raises ``TypeError`` for anything else (bytes above all: a payload has no business in a record).
    """
    match value:
        case None | bool() | int() | float() if not isinstance(value, Enum):
            return value
        case Enum():
            return value.value
        case str():
            return str(value)
        case Decimal():
            return text(value)
        case date():
            return value.isoformat()
        case Period() | Path():
            return str(value)
        case Mapping():
            return {_key(key): plain(item) for key, item in value.items()}
        case tuple() | list() | frozenset() | set():
            items = sorted(value, key=str) if isinstance(value, (set, frozenset)) else value
            return [plain(item) for item in items]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    raise TypeError(f"no plain form of {type(value).__name__}")


def _key(key: Any) -> str:
    return key.value if isinstance(key, InvoiceType) else str(key)
