"""Asking the ledger (查询): ready-made previews, and the analyst's own SQL."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fapiao_kernel.api.ledger import LedgerProof, SqlRequest
from fapiao_kernel.client.errors import RequestError

if TYPE_CHECKING:
    import duckdb

    from fapiao_kernel.client.results import Results
    from fapiao_kernel.client.wire import Wire


@dataclass(frozen=True)
class Queried:
    """The rows as a DuckDB relation; ``age`` of their snapshot in seconds, and up to which journal record it goes (``journal``)."""

    relation: duckdb.DuckDBPyRelation
    age: float
    journal: int


class Querying:
    """Part of ``Client``. Every method raises ``RequestError``."""

    if TYPE_CHECKING:
        _wire: Wire
        _results: Results

    def queries(self) -> list[dict[str, Any]]:
        """The ready-made previews: name, titles, parameters, SQL."""
        return list(self._wire.json("GET", "/ledger/queries"))

    def named(self, name: str, **params: Any) -> duckdb.DuckDBPyRelation:
        """A named preview of the ledger as a DuckDB relation; amounts are DECIMAL(18,2), codes and numbers text."""
        return self._results.open(self._wire.send("POST", f"/ledger/queries/{name}", json=params, long=True).content)

    def query(self, text: str, *, limit: int = 100_000, seconds: float = 30.0) -> Queried:
        """The analyst's own read-only SQL over a snapshot of the ledger.

        An interrupt while it runs (``KeyboardInterrupt``, Jupyter's stop button) ends the query first, wherever it is.
        """
        request = SqlRequest(sql=text, limit=limit, seconds=seconds, id=secrets.token_hex(8))
        try:
            answer = self._wire.send("POST", "/ledger/sql", json=request, long=True)
        except KeyboardInterrupt:
            with contextlib.suppress(RequestError):  # an agent that is gone has taken the query with it
                self.stop_query(request.id)
            raise
        told = answer.headers
        age, journal = float(told["X-Snapshot-Age"]), int(told["X-Snapshot-Journal"])
        return Queried(self._results.open(answer.content), age, journal)

    def check_ledger(self) -> LedgerProof:
        """发票库自查: every invariant held against all rows."""
        return self._wire.ask(LedgerProof, "POST", "/ledger/check", long=True)

    def stop_query(self, id: str) -> bool:
        """Stop a query under way by its id; False when there is none."""
        return bool(self._wire.json("DELETE", f"/ledger/sql/{id}")["stopped"])

    def sql(self, text: str, *, limit: int = 100_000, seconds: float = 30.0) -> duckdb.DuckDBPyRelation:
        """``query`` for whoever wants the rows alone."""
        return self.query(text, limit=limit, seconds=seconds).relation
