"""Reconciling (对账)."""

from __future__ import annotations

from fastapi import APIRouter

from fapiao_kernel.agent.reconciling import Reconciling
from fapiao_kernel.api.reconciling import ReconcileAnswer, ReconcileRequest, ReturnAnswer, ReturnRequest


def router(reconciling: Reconciling) -> APIRouter:
    """The routes of this subject."""
    routes = APIRouter(prefix="/reconcile")

    @routes.post("")
    def reconcile(request: ReconcileRequest) -> ReconcileAnswer:
        """Ledger against card against filed return; changes nothing on the card."""
        return reconciling.reconcile(request)

    @routes.post("/returns")
    def state(request: ReturnRequest) -> ReturnAnswer:
        """What a person says was declared."""
        return reconciling.state(request)

    return routes
