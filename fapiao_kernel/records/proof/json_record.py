"""The clear record (清卡记录) as JSON, for machines: the facts of ``records.proof.facts`` as they are, and what seals them.

``{"schema": "fapiao.clear-record", "schema_version": 1, "facts", "journal": {"first", "last", "head"}, "signing_key"}``:
amounts are text with two decimals, dates and times ISO, codes and numbers text; ``head`` is the hash of the span's last
journal record, ``signing_key`` the fingerprint of the key that signs the bundle ("" when none does). Keys stand in sorted order.
A change that a reader of version 1 would misread makes version 2; new keys alone do not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

SCHEMA, SCHEMA_VERSION = "fapiao.clear-record", 1


def render(facts: Mapping[str, Any], journal: Mapping[str, Any], signing_key: str) -> bytes:
    """The file's bytes: the same for the same facts."""
    return written(
        {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "facts": facts,
            "journal": journal,
            "signing_key": signing_key,
        }
    )


def written(value: Any) -> bytes:
    """How every JSON file of record and bundle is written: sorted keys, UTF-8, one line end at the end."""
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n").encode("utf-8")
