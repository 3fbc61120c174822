"""The routes of a module as it declares them: what FastAPI makes of them comes later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypedDict, TypeVar, Unpack

from fastapi.routing import APIRoute
from starlette.responses import Response

from park_server.http.routing.checked_route import CheckedRoute

__all__ = ["DeclaredRoute", "DeclaredRoutes", "RouteOptions"]

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class RouteOptions(TypedDict, total=False):
    """What a route says of its answer, in FastAPI's words."""

    response_model: Any
    status_code: int
    response_class: type[Response]


@dataclass(frozen=True, kw_only=True, slots=True)
class DeclaredRoute:
    """One method of one path, and the function that answers; ``kind`` is what is made of it."""

    method: str
    path: str
    endpoint: Callable[..., Any]
    options: RouteOptions
    kind: type[APIRoute]


class DeclaredRoutes:
    """Collects the routes of a module, by decorators as FastAPI's router has them.

    All paths are below ``prefix``. ``route_class`` is what is made of each, and
    ``default_response_class`` what answers those that name no other; None: FastAPI's own.
    """

    def __init__(
        self,
        *,
        prefix: str = "",
        route_class: type[APIRoute] = CheckedRoute,
        default_response_class: type[Response] | None = None,
    ) -> None:
        self.declared: list[DeclaredRoute] = []
        self._prefix = prefix
        self._kind = route_class
        self._usual: RouteOptions = {}
        if default_response_class is not None:
            self._usual = {"response_class": default_response_class}

    def get(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[Endpoint], Endpoint]:
        """Declare a route for GET."""
        return self._declaring("GET", path, options)

    def put(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[Endpoint], Endpoint]:
        """Declare a route for PUT."""
        return self._declaring("PUT", path, options)

    def post(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[Endpoint], Endpoint]:
        """Declare a route for POST."""
        return self._declaring("POST", path, options)

    def delete(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[Endpoint], Endpoint]:
        """Declare a route for DELETE."""
        return self._declaring("DELETE", path, options)

    def _declaring(
        self, method: str, path: str, options: RouteOptions
    ) -> Callable[[Endpoint], Endpoint]:
        def declare(endpoint: Endpoint) -> Endpoint:
            self.declared.append(
                DeclaredRoute(
                    method=method,
                    path=self._prefix + path,
                    endpoint=endpoint,
                    options={**self._usual, **options},
                    kind=self._kind,
                )
            )
            return endpoint

        return declare
