"""Under which names a service is asked: those that its operator knows, and no stranger's.

A web page can have its own name lead to this machine once it is open (DNS rebinding), and is
then of one origin with the service, as far as a browser can tell. The name gives it away: it
stands in ``Host``. So what is in no list is refused, and nothing is ever answered with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from park.errors import UsageError

__all__ = ["AllowedHosts", "name_of"]

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::[0-9]{1,5})?")
_LONGEST = 259
"""Characters of what this matches: strangers fill no memory with what they ask for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AllowedHosts:
    """``names`` of a service besides this machine's own, and the address that is connected to.

    Addresses are as good as names: no page of a stranger is ever at one of them.
    """

    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, names: Iterable[str]) -> AllowedHosts:
        """Return those of ``names``: host names and addresses; raises `UsageError`."""
        return cls(names=frozenset(map(_said, names)))

    def allows(self, host: str, *, local: str | None = None) -> bool:
        """Tell whether a service may be asked as ``host``, the value of a ``Host`` header.

        ``local`` is the address of the service's own end of the connection.
        """
        return len(host) <= _LONGEST and _allowed(self.names, host, local or "")


@lru_cache(maxsize=1_000)
def _allowed(names: frozenset[str], host: str, local: str) -> bool:
    """See `AllowedHosts.allows`: clients say the same with each request."""
    name = name_of(host)
    return name is not None and (name in names or _is_loopback(name) or name == _plain(local))


def name_of(host: str) -> str | None:
    """Return the name in ``host``, which may have a port; None for what is no host."""
    found = _HOST.fullmatch(host)
    return None if found is None else _plain(found["name"])


def _said(name: str) -> str:
    found = name_of(name if name.startswith("[") or name.count(":") < 2 else f"[{name}]")  # noqa: PLR2004 (an IPv6 address has two)
    if found is None:
        raise UsageError(
            f"--allow-host {name!r} is no host name or address",
            hint="for example --allow-host lab.example.org",
        )
    return found


def _plain(name: str) -> str:
    """Return ``name`` as it is compared: one spelling of each name and address."""
    text = name.strip("[]").lower().rstrip(".")
    try:
        address = ip_address(text)
    except ValueError:
        return text
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
