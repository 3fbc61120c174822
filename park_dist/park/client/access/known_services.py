"""Which of the user's services is at a URL that something else named: its token, and its name."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from park.client.access.address import Address, held_login, meant_service
from park.client.access.config import Configuration, ConfiguredService, configuration_file
from park.client.access.local_services import running_services
from park.client.access.token import is_token
from park.client.access.variable_token import variable_token
from park.errors import NotAuthenticated, ParkError
from park.model.urls import host_of
from park.wire import GraphRecord

if TYPE_CHECKING:
    from park.client.access.agent_login import AgentLogin

__all__ = ["known_service", "option_for", "service_names", "with_names"]


def known_service(url: str) -> Address | None:
    """Return the address of the configured or running service at ``url``; None for a stranger's.

    Its token is the one that belongs to it, ``PARK_TOKEN`` only where that is its own.
    """
    wanted = url.rstrip("/")
    configuration = Configuration(configuration_file())
    with suppress(NotAuthenticated):
        token = variable_token(wanted, configuration)
        if token is not None:
            named = _named(wanted, configuration)
            if named is None:
                return Address(url=wanted, token=token)
            return Address(url=wanted, token=token, name=named.name, insecure=named.insecure)
    for service in configuration.services():
        if service.url.rstrip("/") == wanted and service.token_file is not None:
            return Address(
                url=wanted,
                token=_token(service.token_file),
                name=service.name,
                insecure=service.insecure,
            )
    for running in running_services():
        if running.url.rstrip("/") == wanted:
            return Address(url=wanted, token=_token(Path(running.token_file)))
    login = held_login(wanted) if configuration.uses_agent else None
    return None if login is None else _of_agent(wanted, login, configuration)


def service_names() -> Callable[[str], str]:
    """Return what gives the name of the service at a URL: the configured one, else its host."""
    services = Configuration(configuration_file()).services()
    names = {service.url.rstrip("/"): service.name for service in reversed(services)}
    return lambda url: names.get(url.rstrip("/"), host_of(url))


def option_for(url: str) -> str:
    """Return what a command of park is to be given to reach the service at ``url``, as it is typed.

    That is `` -s NAME``, or its URL; empty where that service is meant when none is named. So what
    an error advises can be pasted.
    """
    wanted = url.rstrip("/")
    with suppress(ParkError, OSError):
        if meant_service().url.rstrip("/") == wanted:
            return ""
    named = None
    with suppress(ParkError, OSError):
        named = _named(wanted, Configuration(configuration_file()))
    return f" -s {quote(wanted if named is None else named.name)}"


def with_names(record: GraphRecord) -> GraphRecord:
    """Return a graph to be drawn, whose pieces have names of services in place of URLs."""
    name_of = service_names()
    nodes = [
        node if node.service is None else replace(node, service=name_of(node.service))
        for node in record.nodes
    ]
    return replace(record, nodes=nodes)


def _of_agent(url: str, login: AgentLogin, configuration: Configuration) -> Address:
    named = _named(url, configuration)
    if named is None:
        return Address(url=url, token=None, login=login)
    return Address(url=url, token=None, name=named.name, insecure=named.insecure, login=login)


def _named(url: str, configuration: Configuration) -> ConfiguredService | None:
    services = configuration.services()
    return next((each for each in services if each.url.rstrip("/") == url), None)


def _token(file: Path) -> str | None:
    """Return the token in ``file``, None where there is none to read."""
    with suppress(OSError, UnicodeDecodeError):
        text = file.read_text().strip()
        return text if is_token(text) else None
    return None
