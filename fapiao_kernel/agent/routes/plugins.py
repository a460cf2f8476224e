"""Plugins (插件): what is installed, and what a production home loads."""

from __future__ import annotations

from fastapi import APIRouter

from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.plugin_acts import PluginActs
from fapiao_kernel.api.plugins import PackageRequest, PluginsView


def router(house: House) -> APIRouter:
    """The routes of this subject over one house."""
    routes = APIRouter(prefix="/plugins")
    acts = PluginActs(house)

    @routes.get("")
    def plugins() -> PluginsView:
        return acts.view()

    @routes.post("/allow")
    def allow(request: PackageRequest) -> PluginsView:
        """Let this home load the version that is installed now, and no other."""
        acts.allow(request.name)
        return acts.view()

    @routes.post("/forbid")
    def forbid(request: PackageRequest) -> PluginsView:
        """Load it in production no more."""
        acts.forbid(request.name)
        return acts.view()

    return routes
