"""The pages about what a service answers: its routes and who may ask them, and its events."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi.openapi.utils import get_openapi

from park import __version__
from park_server.db.event_kinds import KINDS
from park_server.http.app import declared_routes
from park_server.operating import probe_routes
from park_server.page.page_parts import page_routers
from park_server.trust.access import OPEN, TABLE, Endpoint
from park_server.trust.policy_keys import LIMIT_KEYS, POLICY_KEYS

__all__ = ["events_page", "policy_page", "routes_page"]

_EVENTS = """\
# Events

Generated from the program. What becomes of installs, environments and jobs is one row each in the
log of a service, which only grows. [`GET /api/v1/events`](http.md#get-apiv1events) gives those of a
user as `seq`, `time`, `subject`, `id`, `type` and `data`, and
[`GET /api/v1/events/stream`](http.md#get-apiv1eventsstream) tells that there are new ones. Names in
code below are keys of `data`.
"""

_ROUTES = """\
# Routes, and who may ask them

Generated from the program. [HTTP](http.md) says what each takes and answers, and a service
describes itself for programs in `GET /api/v1/openapi.json`. A token has to have the role; "any" is
a token without a role. A grant opens only what it names, and a job's token only what is its user's.
"""


_POLICY = """\
# Policy

Generated from the program. The file `policy.toml` in the home of a service says who may what, and
how much of it; [Let several people use a service](../how-to/many-users.md) shows how. A value at
the end of a row is what holds unless said. `park admin policy check FILE` names the line of what is
not understood.
"""


def policy_page() -> str:
    """Return the page of the policy file, by its tables."""
    parts = [_POLICY]
    for table, keys in POLICY_KEYS.items():
        heading = f"{table}.NAME" if table in {"groups", "users"} else table
        parts += [f"## [{heading}]\n", *_keys(keys)]
    parts += ["## Limits\n", "Each is a number, or `none`.\n", *_keys(LIMIT_KEYS)]
    return "\n".join(parts).rstrip() + "\n"


def _keys(keys: Mapping[str, str]) -> list[str]:
    rows = [f"| `{key}` | {meaning} |" for key, meaning in keys.items()]
    return ["| key | meaning |", "| --- | --- |", *rows, ""]


def events_page() -> str:
    """Return the page of the events, by their subjects."""
    parts = [_EVENTS]
    for subject, kinds in KINDS.items():
        rows = [f"| `{kind}` | {meaning} |" for kind, meaning in kinds.items()]
        parts += [f"## {subject}\n", "| type | what it says |", "| --- | --- |", *rows, ""]
    return "\n".join(parts).rstrip() + "\n"


def routes_page() -> str:
    """Return the page of the routes, in the order of their paths."""
    described = _described()
    # of the index, a path without its slash only leads to the one with it
    paths = {each.path for each in TABLE}
    table = [each for each in TABLE if f"{each.path}/" not in paths]
    rows = [*_open_rows(described), *(_row(endpoint, described) for endpoint in table)]
    head = ["| route | query | role | tokens of |", "| --- | --- | --- | --- |"]
    return "\n".join([_ROUTES, *head, *(text for _, text in sorted(set(rows)))]) + "\n"


def _described() -> Mapping[str, Any]:
    made = [each.made() for each in declared_routes(page_routers(), probe_routes.router)]
    document = get_openapi(title="park", version=__version__, routes=made)
    paths: Mapping[str, Any] = document["paths"]
    return paths


def _open_rows(described: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for method, path in OPEN:
        yield _line(method, path, _query(described, method, path), "none", "nobody")


def _row(endpoint: Endpoint, described: Mapping[str, Any]) -> tuple[str, str]:
    path = re.sub(r":\w+}", "}", endpoint.path)
    kinds = ", ".join(sorted(str(kind) for kind in endpoint.classes))
    query = _query(described, endpoint.method, path)
    return _line(endpoint.method, path, query, str(endpoint.needs or "any"), kinds)


def _query(described: Mapping[str, Any], method: str, path: str) -> str:
    parameters = described.get(path, {}).get(method.lower(), {}).get("parameters", ())
    return ", ".join(f"`{each['name']}`" for each in parameters if each["in"] == "query")


def _line(method: str, path: str, query: str, role: str, kinds: str) -> tuple[str, str]:
    return f"{path} {method}", f"| `{method} {path}` | {query} | {role} | {kinds} |"
