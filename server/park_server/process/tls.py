"""TLS of a service: its certificate and key, read at the start, and what is wrong with them."""

from __future__ import annotations

import ssl
from pathlib import Path

from park.errors import UsageError

__all__ = ["renew", "server_context"]


def server_context(certificate: Path, key: Path | None = None) -> ssl.SSLContext:
    """Return what connections are accepted with; ``key`` is None where it is with the certificate.

    TLS 1.2 is the oldest that is spoken (RFC 9325), as Python has it. Raises `UsageError`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    for file in (certificate, key or certificate):
        _require_readable(file)
    try:
        context.load_cert_chain(certificate, key, password=_none)
    except ssl.SSLError as error:
        where = f"{certificate}" if key is None else f"{certificate} and {key}"
        raise UsageError(
            f"no TLS with {where}: {_why(error)}",
            hint="both are PEM: the certificate, then those that lead to its authority; the key "
            "of the certificate, without a password",
        ) from error
    return context


def renew(context: ssl.SSLContext, certificate: Path, key: Path | None = None) -> None:
    """Have new connections of ``context`` get what the files have now; those open are left alone.

    Raises `UsageError`, and changes nothing then.
    """
    server_context(certificate, key)
    context.load_cert_chain(certificate, key, password=_none)


def _require_readable(file: Path) -> None:
    try:
        file.read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read {file}: {error.strerror}",
            hint="the service reads it as the user that it runs as",
        ) from error


def _none() -> str:
    """Answer who asks for the password of a key: a service has nobody to type it."""
    raise UsageError(
        "the key of the certificate is encrypted, and there is nobody to type its password",
        hint="openssl pkey -in KEY -out PLAIN, with PLAIN for the service's user alone",
    )


def _why(error: ssl.SSLError) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return "the key is that of another certificate"
    if "PEM" in str(error).upper():
        return "what is there is no certificate, or no key, in PEM"
    return f"{error.reason or error}".lower().replace("_", " ")
