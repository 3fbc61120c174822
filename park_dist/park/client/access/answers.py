"""What the answers of a service mean, and what stands for none: the same however it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from park.client.access.http.exchange import NoAnswer, Response
from park.client.access.http.request_headers import require_understood
from park.errors import ServiceFault, ServiceUnreachable, from_problem
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
    is_ours = response.headers.get("content-type", "").startswith("application/problem+json")
    if response.status_code in _NOT_REACHED and not is_ours:
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


def checked(response: Response) -> Response:
    """Return an answer that is none of an error; else raise the error that it describes.

    Raises `ApiMismatch` for that of a service whose release is too far from this one.
    """
    require_understood(response.headers)
    if not response.is_error:
        return response
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        text = response.text.strip().splitlines()
        problem = {"detail": f"{response.url} answered {response.status_code}: {text[:1]}"}
    raise from_problem({"status": response.status_code, **problem})
