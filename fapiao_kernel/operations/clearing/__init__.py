"""The engine of the clear (清卡): the input and output around the state table of ``domain.clearing``."""

from __future__ import annotations

from fapiao_kernel.operations.clearing.engine import Engine

__all__ = ["Engine"]
