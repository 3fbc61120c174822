"""Which machines the service talks to on its users' behalf: public ones, and those allowed.

A user who names a URL borrows the service's place in the network. So loopback, private and
link-local addresses (where cloud machines keep their credentials) are refused, unless the
operator allows them. The decision falls on the address that the connection is then made to,
not on one that was looked up before: a name that answers differently the second time gains
nothing. Connections do not go through a proxy, where nobody could look at the address.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any

import httpcore2
import httpx2

from park.errors import NotPermitted, UsageError

__all__ = ["AddressPolicy", "GuardedTransport"]

Address = IPv4Address | IPv6Address

_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")

_NAT64 = IPv6Network("64:ff9b::/96")
"""IPv4 addresses behind a translator (RFC 6052, section 2.1)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AddressPolicy:
    """Public addresses, ``networks``, and whatever the names in ``hosts`` lead to."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    hosts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, entries: Iterable[str]) -> AddressPolicy:
        """Return the policy that allows ``entries``: addresses, networks (CIDR), host names.

        Raises `UsageError` for anything else.
        """
        networks: list[IPv4Network | IPv6Network] = []
        hosts: set[str] = set()
        for entry in entries:
            try:
                networks.append(ip_network(entry.strip("[]")))
            except ValueError as error:
                hosts.add(_host_name(entry, error))
        return cls(networks=tuple(networks), hosts=frozenset(hosts))

    def allows(self, address: Address, host: str = "") -> bool:
        """Tell whether to connect to ``address``, under which ``host`` is known."""
        if _plain(host) in self.hosts:
            return True
        return all(
            _is_public(meant) or any(meant in network for network in self.networks)
            for meant in _meanings(address)
        )


def _host_name(entry: str, error: ValueError) -> str:
    name = _plain(entry)
    if not _HOST.fullmatch(name) or name.rpartition(".")[2].isdigit():
        raise UsageError(
            f"--allow-address {entry!r} is no address, network or host name: {error}",
            hint="for example --allow-address 10.1.0.0/16, or --allow-address sns.lab.example",
        ) from error
    return name


def _plain(host: str) -> str:
    return host.lower().rstrip(".")


def _meanings(address: Address) -> Iterator[Address]:
    """Yield the addresses that a packet to ``address`` may arrive at.

    An IPv4 address can be carried inside an IPv6 one; then it is the one that counts.
    """
    if isinstance(address, IPv4Address):
        yield address
        return
    teredo = address.teredo
    inner = address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
    if inner is None and address in _NAT64:
        inner = IPv4Address(int(address) & 0xFFFF_FFFF)
    yield address if inner is None else inner


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast


_IDLE_S = 4.0
"""Servers close what is idle for longer (uvicorn after 5 s), perhaps under a new request."""


class GuardedTransport(httpx2.AsyncHTTPTransport):
    """Connections to what ``policy`` allows; another address raises `NotPermitted`.

    For ``httpx2.AsyncClient(transport=…)``: with it, no proxy of the environment is used.
    """

    def __init__(self, policy: AddressPolicy) -> None:
        context = httpx2.create_ssl_context()
        # the parent would only make a pool without the guard; this is all that it keeps
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=context,
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
        allowed = [address for address in found if self._policy.allows(address, host)]
        if not allowed:
            raise _refusal(host, found)
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
        return list(dict.fromkeys(ip_address(answer[4][0]) for answer in answers))


def _refusal(host: str, found: Sequence[Address]) -> NotPermitted:
    where = str(found[0]) if found else "no address"
    name = host if host == where else f"{host} ({where})"
    return NotPermitted(
        f"this service does not connect to {name}: the address is not a public one",
        hint=f"the operator of the service can allow it: park serve --allow-address {where}",
    )
