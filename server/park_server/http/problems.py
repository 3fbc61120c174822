"""Errors on the wire: RFC 9457 problem documents, each with a hint where there is one."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from park.errors import ParkError, ServiceFault, ServiceUnreachable, UnknownItem, UsageError
from park_repo.sql.losses import is_loss
from park_server.disk import is_of_disk, line_of_disk
from park_server.http.exact_json import ExactJson
from park_server.log_lines.of_request import REQUEST

__all__ = ["DOCUMENTED", "HANDLERS", "defect", "problem_response", "tell_break"]

_log = logging.getLogger("park.http")

_MOST_SHOWN = 60

_MEDIA_TYPE = "application/problem+json"

_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "hint": {"type": "string"},
        "details": {"type": "object"},
    },
}

DOCUMENTED: dict[int | str, dict[str, Any]] = {
    status: {
        "description": HTTPStatus(status).phrase,
        "content": {_MEDIA_TYPE: {"schema": _SCHEMA}},
    }
    for status in (400, 401, 403, 404, 409, 413, 422, 429, 500, 503, 507)
}
"""The answers of OpenAPI that every route may give."""


def problem_response(error: ParkError) -> ExactJson:
    """Return the response that tells the client about ``error``."""
    response = ExactJson(error.as_problem(), status_code=error.http_status, media_type=_MEDIA_TYPE)
    if (wait_s := error.details.get("retry_after_s")) is not None:
        response.headers["Retry-After"] = str(math.ceil(wait_s))
    return response


def tell_break(method: str, path: str, error: Exception) -> None:
    """Say in the log why an answer broke off that had begun; not where its reader left it."""
    if isinstance(error, RuntimeError) and error.__cause__ is not None:
        # Starlette's own, around what would have been an answer before the first piece
        error = error.__cause__ if isinstance(error.__cause__, Exception) else error
    if isinstance(error, ClientDisconnect):
        return
    if isinstance(error, ParkError) or is_of_disk(error):
        line = error.message if isinstance(error, ParkError) else line_of_disk(error)
        _log.warning("the answer to %s %s broke off: %s", method, path, line)
        return
    _log.error("the answer to %s %s broke off", method, path, exc_info=error)


async def _park_error(_request: Request, error: Exception) -> ExactJson:
    if not isinstance(error, ParkError):
        raise error
    return problem_response(error)


async def _http_exception(request: Request, error: Exception) -> ExactJson:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == UnknownItem.http_status:
        problem = UnknownItem(f"nothing at {request.url.path} on this service").as_problem()
    else:
        problem = UsageError(str(error.detail)).as_problem() | {"status": error.status_code}
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_allowed(request))
    return ExactJson(
        problem, status_code=error.status_code, headers=headers, media_type=_MEDIA_TYPE
    )


def _allowed(request: Request) -> list[str]:
    """Return the methods that the path takes, of all routes together."""
    return [
        method
        for method in ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
        for scope in [{**request.scope, "method": method}]
        if any(route.matches(scope)[0] == Match.FULL for route in request.app.routes)
    ]


async def _unstorable(request: Request, error: Exception) -> JSONResponse:
    """Refuse numbers that no database holds."""
    if "SQLite INTEGER" not in str(error) and "64 bits" not in str(error):
        return defect(request.method, request.url.path, error)
    return problem_response(
        UsageError(f"the request has a number in it that is not one of 64 bits: {error}")
    )


async def _not_utf8(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return problem_response(
        UsageError(
            f"the request has a name that is no UTF-8: {error.object[:_MOST_SHOWN]!a}",
            hint="half a surrogate pair may be in values, and not in ids, names and URLs",
        )
    )


async def _too_deep(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RecursionError):
        raise error
    return problem_response(UsageError("the request is nested too deep"))


async def _refused_by_disk(request: Request, error: Exception) -> JSONResponse:
    if not is_of_disk(error):
        raise error
    line = line_of_disk(error)
    if is_loss(error):
        return problem_response(
            ServiceUnreachable(
                f"the service cannot reach its database: {line}",
                hint="ask again: what it took before goes on when the database is back",
            )
        )
    _log.error("%s %s failed: %s", request.method, request.url.path, line)
    return problem_response(
        ServiceFault(
            f"the disk of the service takes nothing, and nothing of this request was kept: {line}",
            hint="try again when its operator has made room",
        )
    )


async def _vanished(request: Request, _error: Exception) -> JSONResponse:
    """Answer nobody: the client went away in the middle of its request."""
    _log.info("%s %s: the client went away", request.method, request.url.path)
    return problem_response(UsageError("the request was never whole"))


async def _defect(request: Request, error: Exception) -> JSONResponse:
    return defect(request.method, request.url.path, error)


def defect(method: str, path: str, error: Exception) -> JSONResponse:
    """Log what nobody expected, and return the response that tells of it."""
    _log.error("%s %s failed", method, path, exc_info=error)
    return problem_response(
        ServiceFault(
            f"the service failed at {method} {path}: {type(error).__name__}",
            hint="this is a defect of the service; its log has the traceback" + _of_request(),
        )
    )


def _of_request() -> str:
    request = REQUEST.get()
    return "" if request is None else f", of the request {request}"


HANDLERS: Mapping[type[Exception], Callable[[Request, Any], Awaitable[Response]]] = {
    ParkError: _park_error,
    HTTPException: _http_exception,
    UnicodeEncodeError: _not_utf8,
    RecursionError: _too_deep,
    ClientDisconnect: _vanished,
    OverflowError: _unstorable,
    OSError: _refused_by_disk,
    SQLAlchemyError: _refused_by_disk,
    Exception: _defect,
}
"""What answers an error, by its class."""
