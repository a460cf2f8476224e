"""The conformance kit (合格测试): ``pytest --pyargs fapiao_kernel.testing --fapiao-device ADDRESS`` holds any driver and link to the ports.

See docs/plugins.md. Nothing here is imported by the program; the pytest plugin ``fapiao`` imports the kit only when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fapiao_kernel.testing.exchange import expected_exchange

__all__ = ["expected_exchange"]


def __getattr__(name: str) -> Any:
    """``expected_exchange``, imported when used: pytest reads this package at every start, wherever it is installed."""
    if name == "expected_exchange":
        from fapiao_kernel.testing.exchange import expected_exchange

        return expected_exchange
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
