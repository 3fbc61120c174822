"""The page as the application takes it: the routes that it asks, and the files in front."""

from __future__ import annotations

from collections.abc import Sequence

from park_server.http.routing.declared_routes import DeclaredRoutes
from park_server.page import (
    inside_job_routes,
    live_routes,
    session_routes,
    text_routes,
    workflow_routes,
)

__all__ = ["page_routers"]


def page_routers() -> Sequence[DeclaredRoutes]:
    """Return the routes of the page, to be put below the path of the API."""
    modules = (session_routes, live_routes, inside_job_routes, workflow_routes, text_routes)
    return [each.router for each in modules]
