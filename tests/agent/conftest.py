"""Real agents in processes of their own, each on a home of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fapiao_kernel.client import Client, connect


@pytest.fixture
def client(home: Path) -> Iterator[Client]:
    """A client of a fresh agent."""
    with connect(home) as client:
        yield client


@pytest.fixture
def filled(client: Client) -> Client:
    """The same with a practice world of a few invoices in its ledger."""
    client.practice_start(size=50)
    return client
