"""One policy for all that the service connects to on somebody's word: address and port.

A user who names a URL, and an index that names a file, borrow the service's place in the
network. So loopback, private and link-local addresses (where cloud machines keep their
credentials) are refused, and so is this machine at its public ones, unless the operator allows
them.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_network,
)

from park.errors import UsageError

__all__ = ["Address", "AddressPolicy", "is_of_this_machine"]

Address = IPv4Address | IPv6Address

_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")

_BRACKETED = re.compile(r"\[(?P<address>[^\]]*)\](?::(?P<port>.*))?", re.DOTALL)

_HIGHEST_PORT = 65_535

_NAT64 = IPv6Network("64:ff9b::/96")
"""IPv4 addresses behind a translator (RFC 6052, section 2.1)."""

_NOT_PUBLIC = (
    IPv6Network("::/96"),  # IPv4-compatible, deprecated: RFC 4291, section 2.5.5.1
    IPv6Network("64:ff9b:1::/48"),  # a translator of the house: RFC 8215
    IPv6Network("fec0::/10"),  # site-local, deprecated: RFC 3879
    IPv6Network("3fff::/20"),  # documentation: RFC 9637
    IPv6Network("5f00::/16"),  # segment identifiers of the house: RFC 9602
)
"""What `ipaddress` takes for public, some of it until Python 3.13."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AddressPolicy:
    """Public addresses, ``networks``, and whatever the names in ``hosts`` lead to.

    Each of those may be for one port alone; None stands for all.
    """

    networks: tuple[tuple[IPv4Network | IPv6Network, int | None], ...] = ()
    hosts: frozenset[tuple[str, int | None]] = frozenset()

    @classmethod
    def of(cls, entries: Iterable[str]) -> AddressPolicy:
        """Return the policy that allows ``entries``: addresses, networks (CIDR), host names.

        Each may end in a port: ``10.1.0.7:8443``, ``[fd00::7]:8443``. Raises `UsageError` for
        anything else.
        """
        networks: list[tuple[IPv4Network | IPv6Network, int | None]] = []
        hosts: set[tuple[str, int | None]] = set()
        for entry in entries:
            place, port = _apart(entry)
            try:
                networks.append((ip_network(place), port))
            except ValueError as error:
                hosts.add((_host_name(entry, place, error), port))
        return cls(networks=tuple(networks), hosts=frozenset(hosts))

    def allows(self, address: Address, port: int, host: str = "", *, is_own: bool = False) -> bool:
        """Tell whether to connect to ``port`` of ``address``, under which ``host`` is known.

        ``is_own`` says that it is an address of this very machine, though perhaps a public one.
        """
        if self.names(host, port):
            return True
        return all(
            (_is_public(meant) and not is_own) or self._is_named(meant, port)
            for meant in _meanings(address)
        )

    def names(self, host: str, port: int) -> bool:
        """Tell whether ``host`` itself is allowed at ``port``, wherever it may be."""
        return not self.hosts.isdisjoint({(_plain(host), port), (_plain(host), None)})

    def has(self, address: Address) -> bool:
        """Tell whether ``address`` is among those allowed, at whatever port."""
        return any(address in network for network, _ in self.networks)

    def _is_named(self, address: Address, port: int) -> bool:
        return any(address in network and only in {None, port} for network, only in self.networks)


def is_of_this_machine(address: Address) -> bool:
    """Tell whether this machine has ``address``: only then can it be bound."""
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as bound:
            bound.bind((str(address), 0))
    except OSError:
        return False
    return True


def _apart(entry: str) -> tuple[str, int | None]:
    """Return the address, network or name of ``entry``, and its port."""
    bracketed = _BRACKETED.fullmatch(entry)
    if bracketed:
        place, port = bracketed["address"], bracketed["port"]
    elif entry.count(":") == 1:
        place, _, port = entry.partition(":")
    else:
        place, port = entry, None
    if port is None:
        return place, None
    if not (port.isascii() and port.isdigit() and 0 < int(port) <= _HIGHEST_PORT):
        raise UsageError(
            f"--allow-address {entry!r}: {port!r} is no port; expected 1 to {_HIGHEST_PORT}",
            hint="for example --allow-address 10.1.0.7:8443, or --allow-address [fd00::7]:8443",
        )
    return place, int(port)


def _host_name(entry: str, place: str, error: ValueError) -> str:
    name = _plain(place)
    if not _HOST.fullmatch(name) or name.rpartition(".")[2].isdigit():
        raise UsageError(
            f"--allow-address {entry!r} is no address, network or host name: {error}",
            hint="for example --allow-address 10.1.0.0/16, or --allow-address sns.lab.example:443",
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
    if any(address in network for network in _NOT_PUBLIC):
        return False
    return address.is_global and not address.is_multicast
