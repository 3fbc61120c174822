"""What an operator decides of how the service is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from park.errors import UsageError
from park_server.entrance.hosts import AllowedHosts
from park_server.entrance.proxies import TrustedProxies

__all__ = ["EntranceSettings"]

_ANY_ADDRESS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 (compared, not bound)


@dataclass(frozen=True, kw_only=True, slots=True)
class EntranceSettings:
    """``certificate`` and ``key`` are files in PEM; None where the service speaks plain HTTP.

    ``url`` is where users reach the service, where its operator said so.
    """

    hosts: AllowedHosts = field(default_factory=AllowedHosts)
    proxies: TrustedProxies = field(default_factory=TrustedProxies)
    url: str | None = None
    certificate: Path | None = None
    key: Path | None = None

    @classmethod
    def of(
        cls,
        *,
        host: str,
        url: str | None = None,
        allowed_hosts: Sequence[str] = (),
        machine_names: Sequence[str] = (),
        trusted_proxies: Sequence[str] = (),
        certificate: Path | None = None,
        key: Path | None = None,
    ) -> EntranceSettings:
        """Check and complete what was given; raises `UsageError`.

        ``machine_names`` are what the machine calls itself: they count where it listens to others.
        """
        if key is not None and certificate is None:
            raise UsageError(
                f"--tls-key {key} is of no certificate",
                hint="name its file as well: --tls-certificate FILE",
            )
        known = [*allowed_hosts, *([] if host in _ANY_ADDRESS else [host])]
        known += [] if _is_this_machine(host) else machine_names
        known += [] if url is None else [str(urlsplit(url).hostname)]
        return cls(
            hosts=AllowedHosts.of(known),
            proxies=TrustedProxies.of(trusted_proxies),
            url=url,
            certificate=certificate,
            key=key,
        )

    @property
    def scheme(self) -> str:
        """The one in which the service itself speaks."""
        return "http" if self.certificate is None else "https"

    def warning(self, host: str) -> str | None:
        """Return what to say at the start of a service that listens on ``host``, or None."""
        if self.certificate is not None or _is_this_machine(host):
            return None
        return (
            f"tokens and results cross the network unencrypted: {host or 'every address'} is not "
            "this machine alone, and there is no TLS\n"
            "hint: --tls-certificate and --tls-key, or a proxy with TLS and --host 127.0.0.1"
        )


def _is_this_machine(host: str) -> bool:
    """Tell whether only this machine reaches what listens on ``host``."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
