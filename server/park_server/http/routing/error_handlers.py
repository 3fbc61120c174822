"""Every error of an application, answered with a problem document: ours, and FastAPI's own."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request

from park.errors import UsageError
from park_server.http.exact_json import ExactJson
from park_server.http.problems import HANDLERS, problem_response

__all__ = ["register"]


def register(app: FastAPI) -> None:
    """Make ``app`` answer every error with a problem document."""
    for kind, answer in HANDLERS.items():
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(RequestValidationError, _invalid_request)


async def _invalid_request(_request: Request, error: Exception) -> ExactJson:
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return problem_response(UsageError(f"the request is not valid at {place}: {first['msg']}"))
