"""What the answers of a service mean, and what stands for none: the same however it is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from park.client.access.http.exchange import NoAnswer, Response
from park.client.access.http.request_headers import require_understood
from park.errors import PROBLEM_TYPE, ParkError, ServiceFault, ServiceUnreachable, from_problem
from park.wire import json_body

if TYPE_CHECKING:
    from park.client.access.address import Address

__all__ = [
    "ANSWER_TIMEOUT_S",
    "CONNECT_TIMEOUT_S",
    "checked",
    "explained",
    "json_of",
    "reached",
    "sendable",
]

CONNECT_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 90.0
"""Longer than any long poll (30 s) and than the service's slowest honest answer."""

_NOT_REACHED = frozenset({502, 503, 504})
"""What a proxy answers while the service behind it is away."""

_TITLE = r"<title>([^<]+)</title>"

_LOGIN = "park login URL"
"""What a service advises to whom it does not know."""

_MOST_LETTERS = 100


def sendable(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a request with ``json`` as a body of its own; see `json_body`."""
    if "json" not in arguments:
        return arguments
    others = {name: value for name, value in arguments.items() if name != "json"}
    return others | json_body(arguments["json"])


@contextmanager
def explained(address: Address) -> Iterator[None]:
    """Turn what went wrong on the way to the service into `ServiceUnreachable`."""
    try:
        yield
    except NoAnswer as error:
        raise ServiceUnreachable(
            f"nothing answers at {address.url}: {error}",
            hint="is the service running, and is this its URL? `park service list` shows yours",
        ) from None  # its line says what the chain of tracebacks below would: a hundred lines


def reached(response: Response) -> Response:
    """Return an answer of the service itself, and not one of a proxy that misses it."""
    if response.status_code in _NOT_REACHED and not _is_of_park(response):
        raise NoAnswer(f"a proxy says {response.status_code}")
    return response


def json_of(address: Address, path: str, response: Response) -> Any:
    """Return the JSON of an answer."""
    try:
        return response.json()
    except ValueError:
        raise ServiceFault(
            f"{address.url}{path} answered {response.status_code} without JSON",
            hint="is this the URL of a park service?",
        ) from None


def checked(address: Address, response: Response) -> Response:
    """Return an answer that is none of an error; else raise the error that it describes.

    Raises `ApiMismatch` for that of a service whose release is too far from this one.
    """
    require_understood(response.headers)
    if not response.is_error:
        return response
    problem = _problem_in(response)
    if problem is None:
        raise _of_another_program(response)
    error = from_problem({"status": response.status_code, **problem})
    if error.hint is not None:  # a service does not know how it is reached
        error.hint = error.hint.replace(_LOGIN, f"park login {address.url}")
    raise error


def _problem_in(response: Response) -> dict[str, Any] | None:
    """Return what a service of park says that went wrong (RFC 9457); None of another program.

    A proxy may have given it another content type.
    """
    try:
        problem = response.json()
    except ValueError:
        return None
    is_problem = isinstance(problem, dict) and (
        _is_of_park(response) or str(problem.get("type")).startswith(PROBLEM_TYPE)
    )
    return problem if is_problem else None


def _is_of_park(response: Response) -> bool:
    return response.headers.get("content-type", "").startswith("application/problem+json")


def _of_another_program(response: Response) -> ParkError:
    """Return the error for what a proxy answered, or whatever else is at a mistyped URL.

    What it does not have says nothing of what a service has.
    """
    status = response.status_code
    title = re.search(_TITLE, response.text, re.IGNORECASE)
    words = " ".join((title[1] if title else response.text).split())
    said = f": {words[:_MOST_LETTERS]}" if words else ""
    detail = f"{response.url} answered {status}, and not as a service of park does{said}"
    told = from_problem({"status": 500 if status == HTTPStatus.NOT_FOUND else status})
    hint = "is this the URL of a park service, and is there a proxy before it? "
    return type(told)(detail, hint=hint + "`park service list` shows yours")
