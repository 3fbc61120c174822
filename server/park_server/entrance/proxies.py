"""What a proxy says of the client behind it: believed where the operator trusts the proxy.

Whoever connects may write ``X-Forwarded-For`` into a request. So it counts on connections from
trusted addresses alone, and of it, from its right end, as far as trusted ones wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from park.errors import UsageError

__all__ = ["Asked", "TrustedProxies"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """How a client asked: ``scheme``, the ``Host`` that it meant, and its address.

    None where that is not known: to a connection by a Unix socket, say.
    """

    scheme: str
    host: str | None
    client: str | None


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The addresses whose ``X-Forwarded-…`` are believed."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[str]) -> TrustedProxies:
        """Return those of addresses and networks (CIDR); raises `UsageError`."""
        return cls(tuple(map(_network, entries)))

    def trusts(self, client: str | None) -> bool:
        """Tell whether ``client`` is the address of such a proxy."""
        address = _address(client or "")
        return address is not None and any(address in network for network in self.networks)

    def asked(self, asked: Asked, forwarded: Mapping[str, str]) -> Asked:
        """Return how the client asked, where ``asked`` is how its connection came here.

        ``forwarded`` has the values of ``for``, ``proto`` and ``host`` in headers of that kind.
        """
        if not self.trusts(asked.client):
            return asked
        scheme = _last(forwarded.get("proto")).lower()
        return Asked(
            scheme=scheme if scheme in {"http", "https"} else asked.scheme,
            host=_last(forwarded.get("host")) or asked.host,
            client=self._client(forwarded.get("for")) or asked.client,
        )

    def _client(self, chain: str | None) -> str | None:
        """Return the nearest that is no trusted proxy, else the farthest that is one."""
        found: str | None = None
        for entry in reversed((chain or "").split(",")):
            address = _address(entry)
            if address is None:
                return found
            found = str(address)
            if not self.trusts(found):
                return found
        return found


def _network(entry: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(entry.strip("[]"))
    except ValueError as error:
        raise UsageError(
            f"--trusted-proxy {entry!r} is no address or network: {error}",
            hint="for example --trusted-proxy 127.0.0.1, or --trusted-proxy 10.1.0.0/16",
        ) from error


def _last(values: str | None) -> str:
    """Return the value that the nearest proxy wrote."""
    return (values or "").rpartition(",")[2].strip()


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address in an entry, which may have a port: ``192.0.2.1:80``, ``[::1]:80``."""
    entry = text.strip()
    if entry.startswith("["):
        entry = entry[1:].partition("]")[0]
    elif entry.count(":") == 1:
        entry = entry.partition(":")[0]
    try:
        address = ip_address(entry)
    except ValueError:
        return None
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return inner or address
