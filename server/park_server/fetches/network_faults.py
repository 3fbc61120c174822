"""What went wrong on the way to a server, in one line, and whether it may pass."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import httpx2

from park.errors import CannotSatisfy, ParkError, ServiceUnreachable
from park.model.urls import DEFAULT_PORTS, bracketed
from park_server.fetch_target import Target

__all__ = ["Fault", "fault_of", "full_disk"]

# codes of OpenSSL, which are part of its interface (x509_vfy.h)
_SELF_SIGNED = {18, 19}
_EXPIRED = 10
_UNKNOWN_ISSUER = {2, 20, 21}
_WRONG_HOST = {62, 64}

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """``error`` is for people; ``passes``: the same request may succeed a little later."""

    error: ParkError
    passes: bool


def fault_of(error: httpx2.HTTPError | ssl.SSLError, target: Target) -> Fault:
    """Return what ``error`` means that a request to ``target`` ended with."""
    host = target.url.host
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Fault(error=_distrusted(cause, target), passes=False)
        if isinstance(cause, socket.gaierror):
            return Fault(
                error=ServiceUnreachable(
                    f"no host {host} is known ({target.shown})",
                    hint="see whether the name is right, and whether the service can resolve it",
                ),
                passes=cause.errno == socket.EAI_AGAIN,
            )
        if isinstance(cause, ConnectionRefusedError):
            return _passing(f"{_address(target)} refuses connections ({target.shown})")
        if isinstance(cause, ssl.SSLError):
            reason = (cause.reason or str(cause)).lower().replace("_", " ")
            return Fault(
                error=CannotSatisfy(f"no TLS with {_address(target)}: {reason}"), passes=False
            )
    return _passing(_in_words(error, target))


def _passing(line: str) -> Fault:
    return Fault(error=ServiceUnreachable(line), passes=True)


def _in_words(error: Exception, target: Target) -> str:
    if isinstance(error, httpx2.ConnectTimeout):
        return f"{_address(target)} does not answer: time-out ({target.shown})"
    if isinstance(error, httpx2.TimeoutException):
        return f"{target.shown} stalled: time-out"
    reason = str(error).rstrip(".") or type(error).__name__
    if isinstance(error, httpx2.ConnectError):
        return f"cannot connect to {_address(target)}: {reason}"
    return f"{target.shown} was cut off: {reason}"


def _distrusted(error: ssl.SSLCertVerificationError, target: Target) -> ParkError:
    code, host = error.verify_code, target.url.host
    if code == _EXPIRED:
        said = f"the certificate of {host} has expired"
    elif code in _SELF_SIGNED:
        said = f"the certificate of {host} is self-signed, and nobody here vouches for it"
    elif code in _UNKNOWN_ISSUER:
        said = f"the certificate of {host} is from an issuer that is not trusted here"
    elif code in _WRONG_HOST:
        said = f"the certificate of the server is not one for {host}"
    else:
        said = f"the certificate of {host} is not trusted: {error.verify_message}"
    return CannotSatisfy(
        f"{said} ({target.shown})",
        hint="the operator of the service can add certificates to trust: SSL_CERT_FILE",
    )


def _address(target: Target) -> str:
    port = target.url.port or DEFAULT_PORTS[target.url.scheme]
    return f"{bracketed(target.url.host)}:{port}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield ``error`` and all that led to it, the outermost first."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        if isinstance(seen, BaseExceptionGroup):
            for each in seen.exceptions:
                yield from _causes(each)
        seen = seen.__cause__ or seen.__context__


def full_disk(error: OSError, url: str, size: int | None) -> ParkError | None:
    """Return the error where ``error`` says that the disk is full, else None."""
    if error.errno not in _FULL:
        return None
    much = "" if size is None else f" ({size:,} bytes)"
    return CannotSatisfy(
        f"no space left on the service for {url}{much}",
        hint="ask the operator of the service for space",
    )
