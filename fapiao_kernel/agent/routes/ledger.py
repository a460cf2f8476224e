"""The ledger (发票库)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.proving import prove
from fapiao_kernel.agent.queries import Queries, newest_frozen
from fapiao_kernel.api.ledger import LedgerProof, SqlRequest
from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.domain.plain import plain
from fapiao_kernel.ports import Census, Tally

PARQUET = "application/vnd.apache.parquet"
PREVIEW = "preview"
"""The named query of a frozen preview; asked without parameters, it is the one frozen last."""
_NOTHING = Tally(0, ZERO)


def router(house: House, queries: Queries) -> APIRouter:
    """The routes of this subject over one house."""
    routes = APIRouter(prefix="/ledger")

    @routes.get("/census")
    def census() -> dict[str, Any]:
        none = Census(_NOTHING, _NOTHING, _NOTHING, _NOTHING, _NOTHING)
        counted: dict[str, Any] = plain(none if queries.empty else house.ledger.census())
        return counted

    @routes.get("/queries")
    def named_queries() -> list[dict[str, Any]]:
        from fapiao_kernel.records.ledger import named

        return [query.told() for query in named.queries().values()]  # there are the same of every ledger

    @routes.post("/queries/{name}")
    def named(name: str, params: dict[str, Any]) -> Response:
        if name == PREVIEW and not params:
            params = newest_frozen(house.engine.runs())
        return Response(queries.named(name, params), media_type=PARQUET)

    @routes.post("/check")
    def check() -> LedgerProof:
        """Hold every invariant against all rows; changes nothing."""
        return LedgerProof(ok=True, rules=[]) if queries.empty else prove(house)

    @routes.post("/sql")
    def sql(request: SqlRequest) -> Response:
        """The analyst's own query, over a snapshot; the headers say how old that is, and up to which journal record."""
        answer = queries.sql(request)
        position = {"X-Snapshot-Age": f"{answer.age:.3f}", "X-Snapshot-Journal": str(answer.journal)}
        return Response(answer.rows, media_type=PARQUET, headers=position)

    @routes.delete("/sql/{id}")
    def stop_sql(id: str) -> dict[str, bool]:
        """Stop that query; it answers its asker ``sql_cancelled``."""
        return {"stopped": queries.cancel(id)}

    return routes
