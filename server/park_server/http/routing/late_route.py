"""A route that is made when it is first asked for, beside the event loop.

What FastAPI makes of a route, the validators of its parameters and the schemas of its answers,
takes milliseconds, and a service has more than a hundred: made at the start they were a third of
it, and made again, all at once, while the first request waited. Their expressions alone were a
fifteenth.
"""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import Any

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from park_repo.http.exact_route import ExactRoute
from park_server.http.routing.declared_routes import DeclaredRoute

__all__ = ["LateRoute"]


class LateRoute(BaseRoute):
    """Matches as ``declared`` says, below ``prefix``; ``responses`` are in its documentation.

    As an `ExactRoute` does, which is made when a path is asked for that begins as its own.
    """

    def __init__(
        self, declared: DeclaredRoute, *, prefix: str, responses: dict[int | str, dict[str, Any]]
    ) -> None:
        self.path = prefix + declared.path
        self.endpoint = declared.endpoint
        self.methods = {declared.method}  # Starlette's own answer HEAD as well, FastAPI's do not
        self._head = self.path.partition("{")[0]
        self._declared = declared
        self._responses = responses
        self._exact: ExactRoute | None = None
        self._made: APIRoute | None = None
        self._making = threading.Lock()

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether ``scope`` asks for this route, and with which parameters."""
        begins_so = scope.get("path", "").startswith(self._head)
        if not begins_so and not scope.get("root_path"):  # that stands in front of each path
            return Match.NONE, {}
        return self._matching().matches(scope)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what `matches`; other methods are refused."""
        await self._matching().handle(scope, receive, send)

    def _matching(self) -> ExactRoute:
        if self._exact is None:
            exact = ExactRoute(self.path, self.endpoint, include_in_schema=False)
            exact.methods, exact.app = self.methods, self._answer
            self._exact = exact
        return self._exact

    def made(self) -> APIRoute:
        """Return FastAPI's route, made by whoever is first to ask."""
        with self._making:
            if self._made is None:
                self._made = self._declared.kind(
                    self.path,
                    self.endpoint,
                    methods=[self._declared.method],
                    responses=self._responses,
                    **self._declared.options,
                )
                # it is there for good, as what was there when the service began to serve: no
                # full collection, in which everybody waits, is to go through it
                gc.freeze()
            return self._made

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._made
        if route is None:
            route = await asyncio.to_thread(self.made)
        scope["route"] = route
        await route.handle(scope, receive, send)
