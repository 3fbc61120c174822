"""Which of the user's services is at a URL that something else named, and its own token."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from park.client.address import Address
from park.client.config import Configuration, configuration_file
from park.client.running import running_services

__all__ = ["known_service"]


def known_service(url: str) -> Address | None:
    """Return the address of the configured or running service at ``url``; None for a stranger's.

    Its token is the one that belongs to it: ``PARK_TOKEN`` does not say whose it is, and so
    is never sent to a service because a job of another one refers to it.
    """
    wanted = url.rstrip("/")
    for service in Configuration(configuration_file()).services():
        if service.url.rstrip("/") == wanted and service.token_file is not None:
            return Address(url=wanted, token=_token(service.token_file), name=service.name)
    for running in running_services():
        if running.url.rstrip("/") == wanted:
            return Address(url=wanted, token=_token(Path(running.token_file)))
    return None


def _token(file: Path) -> str | None:
    """Return the token in ``file``, None where there is none to read."""
    with suppress(OSError, UnicodeDecodeError):
        text = file.read_text().strip()
        return text if text.isascii() and text.isprintable() and " " not in text else None
    return None
