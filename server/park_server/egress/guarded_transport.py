"""Connections to what the policy for addresses allows, and to nothing else.

The decision falls on the address that the connection is then made to, not on one that was
looked up before: a name that answers differently the second time gains nothing. Connections do
not go through a proxy, where nobody could look at the address.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import Any

import httpcore2
import httpx2

from park.errors import NotPermitted
from park_server.egress.addresses import Address, AddressPolicy, is_of_this_machine

__all__ = ["GuardedSyncTransport", "GuardedTransport"]


_IDLE_S = 4.0
"""Servers close what is idle for longer (uvicorn after 5 s), perhaps under a new request."""


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Connections to what ``policy`` allows; another address raises `NotPermitted`.

    For ``httpx2.AsyncClient(transport=…)``: with it, no proxy of the environment is used.
    """

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy
        # made for the first request: to read the authorities takes 25 ms
        self._connections: _Connections | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, over a connection that is there where one is."""
        if self._connections is None:
            self._connections = _Connections(self._policy)
        return await self._connections.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the connections, where any was made."""
        if self._connections is not None:
            await self._connections.aclose()


class _Connections(httpx2.AsyncHTTPTransport):
    def __init__(self, policy: AddressPolicy) -> None:
        # the parent would only make a pool without the guard; this is all that it keeps
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=httpx2.create_ssl_context(),
            max_connections=None,
            keepalive_expiry=_IDLE_S,
            network_backend=_GuardedNetwork(policy),
        )


class _GuardedNetwork(httpcore2.AsyncNetworkBackend):
    """Resolves a name, then connects to the very addresses that were allowed."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (the interface of httpcore)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first allowed address that answers.

        Raises `NotPermitted`, or httpcore's errors as any connection does.
        """
        loop = asyncio.get_running_loop()
        deadline = None if timeout is None else loop.time() + timeout
        found = await self._resolved(host, port, timeout)
        allowed = _allowed(self._policy, found, host, port)
        for position, address in enumerate(allowed):
            # one that swallows packets must leave time for those behind it
            left = None if deadline is None else deadline - loop.time()
            share = None if left is None else left / (len(allowed) - position)
            try:
                return await self._network.connect_tcp(
                    str(address), port, share, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def _resolved(self, host: str, port: int, limit_s: float | None) -> list[Address]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(limit_s):
                answers = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(f"no answer to the question where {host} is") from error
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise httpcore2.ConnectError(f"no address for {host}: {reason}") from error
        return _addresses(answers)


class GuardedSyncTransport(httpx2.BaseTransport):
    """`GuardedTransport` for threads: ``httpx2.Client(transport=…)``."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy
        self._connections: _SyncConnections | None = None
        self._connecting = threading.Lock()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, over a connection that is there where one is."""
        with self._connecting:
            if self._connections is None:
                self._connections = _SyncConnections(self._policy)
        return self._connections.handle_request(request)

    def close(self) -> None:
        """Close the connections, where any was made."""
        if self._connections is not None:
            self._connections.close()


class _SyncConnections(httpx2.HTTPTransport):
    def __init__(self, policy: AddressPolicy) -> None:
        self._pool = httpcore2.ConnectionPool(
            ssl_context=httpx2.create_ssl_context(),
            max_connections=None,
            keepalive_expiry=_IDLE_S,
            network_backend=_GuardedSyncNetwork(policy),
        )


class _GuardedSyncNetwork(httpcore2.NetworkBackend):
    """As `_GuardedNetwork`; a name that takes long to resolve holds its thread alone."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy
        self._network = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the first allowed address that answers; see `_GuardedNetwork`."""
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(f"no address for {host}: {error}") from error
        for address in _allowed(self._policy, _addresses(answers), host, port):
            try:
                return self._network.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def _addresses(answers: Iterable[Any]) -> list[Address]:
    return list(dict.fromkeys(ip_address(answer[4][0]) for answer in answers))


def _allowed(
    policy: AddressPolicy, found: Sequence[Address], host: str, port: int
) -> list[Address]:
    """Return those of ``found`` that may be connected to; raises `NotPermitted` for none."""
    allowed = [
        address
        for address in found
        if policy.allows(address, port, host, is_own=is_of_this_machine(address))
    ]
    if not allowed:
        raise _refusal(policy, host, port, found)
    return allowed


def _refusal(policy: AddressPolicy, host: str, port: int, found: Sequence[Address]) -> NotPermitted:
    where = str(found[0]) if found else "no address"
    name = host if host == where else f"{host} ({where})"
    exact = f"[{where}]:{port}" if ":" in where else f"{where}:{port}"
    return NotPermitted(
        f"this service does not connect to {name}: {_why_not(policy, port, found)}",
        hint="the operator of the service can allow it: "
        f"park serve --allow-address {where}, or {exact} for that port alone",
    )


def _why_not(policy: AddressPolicy, port: int, found: Sequence[Address]) -> str:
    if found and policy.has(found[0]):
        return f"the address is allowed, but not its port {port}"
    is_public = bool(found) and AddressPolicy().allows(found[0], port)
    return (
        "the address is one of its own machine" if is_public else "the address is not a public one"
    )
