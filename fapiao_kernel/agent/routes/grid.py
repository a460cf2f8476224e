"""The ledger's table (发票库表格)."""

from __future__ import annotations

from fastapi import APIRouter, Response

from fapiao_kernel.agent.browsing import Browsing
from fapiao_kernel.agent.compose import House
from fapiao_kernel.api.grid import ExportAnswer, ExportRequest, FacetsRequest, PageRequest, TotalsRequest

JSON = "application/json"


def router(house: House, browsing: Browsing) -> APIRouter:
    """The routes of this subject. Answers are bytes: nothing encodes them a second time."""
    routes = APIRouter(prefix="/ledger")

    @routes.post("/grid/page")
    def page(request: PageRequest) -> Response:
        return Response(browsing.page(request), media_type=JSON)

    @routes.post("/grid/totals")
    def totals(request: TotalsRequest) -> Response:
        return Response(browsing.totals(request), media_type=JSON)

    @routes.post("/grid/facets")
    def facets(request: FacetsRequest) -> Response:
        return Response(browsing.facets(request), media_type=JSON)

    @routes.post("/grid/export")
    def export(request: ExportRequest) -> ExportAnswer:
        """Answered when the file is there; progress is among the work of ``/status``."""
        return browsing.export(request)

    @routes.delete("/grid/export/{id}")
    def stop_export(id: str) -> dict[str, bool]:
        """Stop that export; it answers its asker ``export_cancelled``, and no file is left."""
        return {"stopped": house.exports.stop(id)}

    @routes.get("/totals")
    def rate_sums() -> Response:
        """Totals of the whole ledger by type, period, rate and state."""
        return Response(browsing.rate_sums(), media_type=JSON)

    @routes.get("/lookup")
    def lookup(number: str, code: str = "") -> Response:
        """Every invoice of a number; code and number may also come together."""
        return Response(browsing.look_up(number, code), media_type=JSON)

    return routes
