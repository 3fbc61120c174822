"""Where a service is connected to: the address that its operator named, and one for itself."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from park.errors import UsageError
from park.model.urls import bracketed
from park_server.entrance.settings import EntranceSettings
from park_server.process.tls import server_context

__all__ = ["Listeners", "listening"]

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 (compared, not bound)
_BACKLOG = 2048


@dataclass(frozen=True, kw_only=True, slots=True)
class Listeners:
    """``url`` is where ``outer`` is reached from this machine; TLS is spoken there by ``context``.

    The service's child processes know no certificate, and none is of 127.0.0.1: where there is
    TLS they have ``inner``, plain HTTP on this machine alone.
    """

    url: str
    outer: socket.socket
    context: ssl.SSLContext | None = None
    inner: socket.socket | None = None

    @property
    def inside(self) -> str | None:
        """The URL of the service's own way, where it has one."""
        return None if self.inner is None else f"http://127.0.0.1:{self.inner.getsockname()[1]}"

    @property
    def context_factory(self) -> Callable[..., ssl.SSLContext] | None:
        """What uvicorn asks for the TLS settings of a connection."""
        context = self.context

        def of(*_: Any) -> ssl.SSLContext:
            assert context is not None  # noqa: S101 (it is not given else)
            return context

        return None if context is None else of


def listening(host: str, port: int, entrance: EntranceSettings) -> Listeners:
    """Return what listens on ``host``; raises `UsageError`, also for a certificate that is none."""
    context = None
    if entrance.certificate is not None:
        context = server_context(entrance.certificate, entrance.key)
    outer = _bound(host, port)
    named = bracketed(_ANYWHERE.get(host, host))
    here = f"{entrance.scheme}://{named}:{outer.getsockname()[1]}"
    return Listeners(
        # a certificate is of the name by which users know the service
        url=entrance.url or here if context else here,
        outer=outer,
        context=context,
        inner=None if context is None else _bound("127.0.0.1", 0),
    )


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise UsageError(
            f"cannot listen on {host} port {port}: {error.strerror}",
            hint="choose another with --port; 0 takes a free one",
        ) from error
    listener.listen(_BACKLOG)
    return listener
