"""Checks (检查): each a small pure function over what was just read; computed when asked, and unknown is not ok."""

from __future__ import annotations

from fapiao_kernel.operations.checks.check import Check, Examination, named
from fapiao_kernel.operations.checks.examine import examine
from fapiao_kernel.operations.checks.look import Seen, look
from fapiao_kernel.operations.checks.records import chain_check

__all__ = ["Check", "Examination", "Seen", "chain_check", "examine", "look", "named"]
