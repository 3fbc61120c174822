"""The token in ``PARK_TOKEN``: of one service, and sent to no other.

It is that of the service named before it in the variable (``NAME TOKEN`` or ``URL TOKEN``), else
of the one in ``PARK_SERVICE``, else of the one that is used where none is named.
"""

from __future__ import annotations

import os

from park.client.access.config import Configuration
from park.client.access.local_services import running_services
from park.client.access.token import is_token
from park.errors import NotAuthenticated

__all__ = ["is_of_nobody", "variable_token"]

_VARIABLE = "PARK_TOKEN"


def variable_token(url: str, configuration: Configuration) -> str | None:
    """Return the token of the variable where it is that of the service at ``url``, else None.

    Raises `NotAuthenticated`, without showing it, where there is no token in it.
    """
    text = os.environ.get(_VARIABLE)
    if not text:
        return None
    name, token = _parts(text)
    its = _url_of(name, configuration) if name else _meant(configuration)
    if name and its is None:
        raise NotAuthenticated(
            f"the first word in {_VARIABLE} is no URL, and the name of no service in "
            f"{configuration.path}",
            hint=f"{_VARIABLE} is a token alone, or the name or URL of its service, a space, and "
            "the token",
        )
    return token if its == _plain(url) else None


def is_of_nobody(configuration: Configuration) -> bool:
    """Tell whether there is a token that nothing says the service of."""
    text = os.environ.get(_VARIABLE)
    return bool(text) and not _parts(str(text))[0] and _meant(configuration) is None


def _parts(text: str) -> tuple[str, str]:
    """Return the name of the service, or nothing, and the token."""
    name, _, token = text.strip().rpartition(" ")
    if "://" in token:
        raise NotAuthenticated(
            f"a URL is in {_VARIABLE}, and no token behind it", hint=f"{_VARIABLE}='URL TOKEN'"
        )
    if is_token(token) and (not name or is_token(name)):
        return name, token
    raise NotAuthenticated(
        f"what is in {_VARIABLE} is no token: it is empty, or has spaces, line breaks or "
        "characters beyond ASCII",
        hint="copy the token again: one word, as the service's token file has it",
    )


def _meant(configuration: Configuration) -> str | None:
    """Return the URL of the service that is used where none is named, None where there is none."""
    name = os.environ.get("PARK_SERVICE") or configuration.default
    if name:
        return _url_of(name, configuration)
    running = running_services()
    return _plain(running[0].url) if len(running) == 1 else None


def _url_of(name: str, configuration: Configuration) -> str | None:
    if "://" in name:
        return _plain(name)
    service = configuration.service(name)
    return None if service is None else _plain(service.url)


def _plain(url: str) -> str:
    return url.rstrip("/")
