"""Which service is meant, and with which token."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from park.client.access.config import Configuration, ConfiguredService, configuration_file
from park.client.access.local_services import running_services
from park.client.access.plain_http import require_protected
from park.client.access.token import is_token
from park.client.access.variable_token import is_of_nobody, variable_token
from park.errors import NotAuthenticated, UnknownItem, UsageError
from park.model.urls import without_credentials

if TYPE_CHECKING:
    from park.client.access.agent_login import AgentLogin

__all__ = ["Address", "checked_url", "find_service", "held_login", "meant_service"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where a service is, and what opens it; the token never shows in a representation.

    Without a token the service is asked all the same: whether it runs at all is what a
    person wants to know first, and its 401 says what to do.

    ``insecure``: the user takes the risk that others read the token on its way. ``login`` is
    where a token is had that the agent holds. ``lend`` is how what it lends is lent, where the
    user has said that: "ship" or "bounce". ``own``: his other services read what it pickled.
    ``may_begin``: where it is one of this machine that has yet to begin, its token is found then.
    """

    url: str
    token: str | None = field(repr=False)
    name: str | None = None
    insecure: bool = False
    login: AgentLogin | None = None
    lend: str | None = None
    own: bool = False
    may_begin: bool = False

    def bearer(self) -> str | None:
        """Return the token to send now: the one that was given, else that of the agent's login.

        Raises `NotAuthenticated` and `InsecureTransport` as `find_service`.
        """
        if self.token is not None:
            return self.token
        if self.login is not None:
            return self.login.token()
        token = _token_of_this_machine(self.url) if self.may_begin else None
        if token is not None:
            require_protected(self.url, insecure=self.insecure)
        return token


def find_service(name: str | None = None, *, insecure: bool = False) -> Address:
    """Return the address of the service ``name``: a configured name or a URL.

    Without a name: ``PARK_SERVICE``, else the configuration's default, else the only
    service that runs on this machine. The token is ``PARK_TOKEN`` where that is its
    own (`park.client.access.variable_token`), else that of the configured token file, else the
    one of the service of this machine at that URL, else that of a login that the agent holds,
    else there is none.

    Raises `UnknownItem`, `UsageError`, `NotAuthenticated` for a token file that cannot
    be read, or `InsecureTransport` for a token that others could read on its way, unless
    ``insecure`` or the configuration takes that risk.
    """
    configuration = Configuration(configuration_file())
    service = _meant(name, configuration)
    token = _token(service, configuration)
    login = None if token is not None else _login(service, configuration)
    address = replace(_without_token(service, insecure=insecure), token=token, login=login)
    if token is None and login is None:
        return replace(address, may_begin=True)
    require_protected(address.url, insecure=address.insecure)
    return address


_NEARLY_A_URL = r"(?=.*[:/])(?:(?P<scheme>https?):/*)?(?P<rest>[\w.-]+(?::[0-9]+)?(?:/.*)?)"


def meant_service(name: str | None = None, *, insecure: bool = False) -> Address:
    """Return where the service ``name`` is, whatever opens it; raises as `find_service`."""
    configuration = Configuration(configuration_file())
    return _without_token(_meant(name, configuration), insecure=insecure)


def _without_token(service: ConfiguredService, *, insecure: bool) -> Address:
    return Address(
        url=service.url,
        token=None,
        name=None if "://" in service.name else service.name,
        insecure=insecure or service.insecure,
        lend=service.lend,
        own=service.own,
    )


def _meant(name: str | None, configuration: Configuration) -> ConfiguredService:
    chosen = name or os.environ.get("PARK_SERVICE") or configuration.default
    return _only_running_one() if chosen is None else _named(chosen, configuration)


def _named(name: str, configuration: Configuration) -> ConfiguredService:
    if "://" in name:
        url = checked_url(name)
        same = (each for each in configuration.services() if each.url.rstrip("/") == url)
        return next(same, ConfiguredService(name=name, url=url))
    service = configuration.service(name)
    if service is not None:
        return service
    known = ", ".join(each.name for each in configuration.services()) or "none"
    raise UnknownItem(
        f"no service named {name!r} in {configuration.path}; known: {known}",
        hint=f"{_meant_url(name)}name it: park service add NAME URL; or give its URL",
    )


def _meant_url(name: str) -> str:
    """Return a question about the URL that ``name`` nearly is: host:8750, https:/host."""
    found = re.fullmatch(_NEARLY_A_URL, name, re.ASCII)
    if found is None:
        return ""
    return f"did you mean {found['scheme'] or 'http'}://{found['rest']}? Else "


def _only_running_one() -> ConfiguredService:
    running = running_services()
    if len(running) == 1:
        url = running[0].url
        return ConfiguredService(name=url, url=url)
    if not running:
        raise UsageError(
            "no service is named, none is configured, and none runs on this machine",
            hint="name one: park init; or start one: park serve --home DIR",
        )
    urls = ", ".join(service.url for service in running)
    raise UsageError(
        f"no service is named, and several run on this machine: {urls}",
        hint="choose one with --service URL, or for good: park service add NAME URL",
    )


def checked_url(url: str) -> str:
    """Return ``url`` without a trailing slash; raises `UsageError` where it is no http(s) URL."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise UsageError(
            f"not the URL of a service: {url!r}; expected http(s)://host[:port][/path]"
        )
    if "@" in parts.netloc:
        raise UsageError(
            f"the URL of a service has a user or password in it: {without_credentials(url)}",
            hint="leave them out of the URL, which is shown and kept",
        )
    return url.rstrip("/")


def _token(service: ConfiguredService, configuration: Configuration) -> str | None:
    token = variable_token(service.url, configuration)
    if token is not None:
        return token
    if service.token_file:
        return _read(service.token_file, service.url)
    return _token_of_this_machine(service.url)


def _token_of_this_machine(url: str) -> str | None:
    files = (Path(each.token_file) for each in running_services() if each.url == url)
    return next((_read(file, url) for file in files), None)


def _read(file: Path, url: str) -> str:
    try:
        return _checked_token(file.read_text(), str(file))
    except OSError as error:
        raise NotAuthenticated(
            f"the token of {url} cannot be read from {file}: {error.strerror}"
        ) from None


def _login(service: ConfiguredService, configuration: Configuration) -> AgentLogin | None:
    login = held_login(service.url) if configuration.uses_agent else None
    if login is None and is_of_nobody(configuration):
        raise NotAuthenticated(
            f"PARK_TOKEN does not say which service it is of, so it is not sent to {service.url}",
            hint=f"set PARK_SERVICE={service.url} as well, or PARK_TOKEN='{service.url} TOKEN'",
        )
    return login


def held_login(url: str) -> AgentLogin | None:
    """Return the login at the service at ``url`` that the agent holds, or None."""
    # what is said to an agent takes longer to import than a bare interpreter to start
    from park.client.access.agent_login import agent_login

    return agent_login(url)


def _checked_token(text: str, where: str) -> str:
    """Return the token in ``text``; raises `NotAuthenticated`, without showing it."""
    token = text.strip()
    if is_token(token):
        return token
    raise NotAuthenticated(
        f"what is in {where} is no token: it is empty, or has spaces, line breaks or characters "
        "beyond ASCII",
        hint="copy the token again: one word, as the service's token file has it",
    )
