"""Asking for workflows: what is connected with a job, also on other services; why it is so."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol
from urllib.parse import quote, urlsplit

from park.client.access.known_services import known_service
from park.client.access.transport import Transport
from park.client.jobs.told.looked_up import looked_up
from park.client.workflows.joining import joined, merged
from park.errors import (
    InsecureTransport,
    NotPermitted,
    ServiceFault,
    ServiceUnreachable,
    UnknownItem,
    UsageError,
)
from park.model.states import NodeKind
from park.model.urls import host_of
from park.wire import API, GraphNode, GraphRecord, WhyRecord, decode

__all__ = ["Elsewhere", "Workflows", "job_named", "others", "why"]

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

_LOOK_S = 0.5
"""How long this machine may take to say whether a port of it is open."""

_MOST_PER_REQUEST = 50
"""Jobs in one query: a URL has its limits."""


class Elsewhere(Protocol):
    """Finds the way to other services."""

    def __call__(self, url: str) -> Transport | None:
        """Return the connection to the service at ``url``, None where it is not the user's.

        Raises `ServiceUnreachable` where it is one of this machine that does not run.
        """


@contextmanager
def others() -> Iterator[Elsewhere]:
    """Give a way to the other services of the user; connections are kept until the end."""
    found: dict[str, Transport | None] = {}

    def reach(url: str) -> Transport | None:
        if url not in found:
            address = known_service(url)
            if address is None:
                _require_running(url)
            found[url] = None if address is None else Transport(address)
        return found[url]

    try:
        yield reach
    finally:
        for transport in found.values():
            if transport is not None:
                transport.close()


class Workflows:
    """The workflows that a user has on a service, followed to the user's other services."""

    def __init__(self, transport: Transport, elsewhere: Elsewhere) -> None:
        self._transport = transport
        self._elsewhere = elsewhere

    def connected(self, jobs: Sequence[str] = ()) -> GraphRecord:
        """Return all that is connected with ``jobs``; without any, the newest workflow.

        A piece on another service is asked of that service, if it is one of the user's;
        otherwise, or where it does not answer, it stays a remote piece, which says why.
        """
        home = self._transport.address.url
        records = {home: _asked(self._transport, jobs)}
        seen = {(home, node.id) for node in records[home].nodes}
        while ahead := _remote(records.values(), seen):
            for url, nodes in ahead.items():
                seen |= {(url, node.id) for node in nodes}
                records[url] = merged(records.get(url), self._of(url, nodes))
        return joined(records)

    def _of(self, url: str, nodes: Sequence[GraphNode]) -> GraphRecord:
        try:
            transport = self._elsewhere(url)
            if transport is None:
                return _unseen(nodes, f"{host_of(url)} is not one of your services")
            return _asked(transport, [node.id for node in nodes])
        except ServiceUnreachable:
            return _unseen(nodes, "does not answer")
        except (InsecureTransport, NotPermitted, ServiceFault) as error:
            return _unseen(nodes, error.message)
        except UnknownItem as error:
            if len(nodes) == 1:
                return _unseen(nodes, error.message)
            # one that is not there takes the others of its request with it
            half = len(nodes) // 2
            return merged(self._of(url, nodes[:half]), self._of(url, nodes[half:]))


def _require_running(url: str) -> None:
    """Raise `ServiceUnreachable` where ``url`` is of this machine, and nothing listens there.

    A service that was stopped has taken away the note by which it was known as the user's.
    """
    parts = urlsplit(url)
    if parts.hostname not in _LOOPBACK:
        return
    try:
        socket.create_connection((parts.hostname, parts.port or 80), timeout=_LOOK_S).close()
    except OSError:
        raise ServiceUnreachable(f"nothing answers at {url}") from None


def _asked(transport: Transport, jobs: Sequence[str]) -> GraphRecord:
    batches = [jobs[at : at + _MOST_PER_REQUEST] for at in range(0, len(jobs), _MOST_PER_REQUEST)]
    found: GraphRecord | None = None
    for batch in batches or [()]:
        query = [("job", job) for job in batch]
        answer = transport.json("GET", f"{API}/graph", params=query)
        found = merged(found, decode(GraphRecord, answer))
    return found or GraphRecord(nodes=[], edges=[])


def _remote(
    records: Iterable[GraphRecord], seen: set[tuple[str, str]]
) -> dict[str, list[GraphNode]]:
    """Return the pieces that other services have to be asked for, by the URL of each."""
    found: dict[str, list[GraphNode]] = {}
    for record in records:
        for node in record.nodes:
            remote = node.kind is NodeKind.REMOTE and node.service is not None
            if remote and (str(node.service), node.id) not in seen:
                found.setdefault(str(node.service), []).append(node)
    return found


def _unseen(nodes: Sequence[GraphNode], why_not: str) -> GraphRecord:
    return GraphRecord(nodes=[replace(node, why=why_not) for node in nodes], edges=[])


def why(transport: Transport, job: str) -> WhyRecord:
    """Return why ``job`` is in its state; raises `UnknownItem`."""
    with looked_up(transport.address.url):
        answer = transport.json("GET", f"{API}/jobs/{quote(job, safe='')}/why")
    return decode(WhyRecord, answer)


def job_named(text: str) -> str:
    """Return the id, or the end of one, that a person copied from what park prints.

    Raises `UsageError` where there is none.
    """
    name = text.strip().removeprefix("…").removeprefix("...")
    if not name:
        raise UsageError(f"not the id of a job: {text!r}", hint="`park jobs` lists yours")
    return name
