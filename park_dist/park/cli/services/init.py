"""``park init``: find a service, try it, and give it a name."""

from __future__ import annotations

import argparse
import getpass
import ipaddress
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from park.cli.output import say, say_text
from park.cli.services.service_names import checked_name, proposed_name
from park.client.access.address import Address, checked_url, find_service
from park.client.access.config import Configuration, ConfiguredService, configuration_file
from park.client.access.local_services import running_services
from park.client.access.plain_http import require_protected
from park.client.access.token import is_token
from park.client.access.transport import Transport
from park.errors import NotAuthenticated, UsageError
from park.local.python_minor import python_minor
from park.wire import API, ServiceRecord, decode

__all__ = ["EXAMPLES", "Questions", "configure", "initialised", "name_of_url", "run"]

EXAMPLES = """examples:
  park init
  park init https://compufans.example.org/park --name compufans --token-file ~/.compufans
Asks for what is not said, where there is a terminal. The token that you type is kept in a
file of your own beside the configuration.
"""

_TRIES = 3
"""As `ssh` asks for a password."""


@dataclass(frozen=True, slots=True)
class Questions:
    """How a person is asked: ``ask(question)`` for a line, ``ask_secret`` for one not shown."""

    ask: Callable[[str], str] = input
    ask_secret: Callable[[str], str] = getpass.getpass


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("url", nargs="?", metavar="URL", help="where the service is")
    parser.add_argument("--name", metavar="NAME", help="how you call it")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="a file with your token")
    parser.add_argument(
        "--insecure",
        action="store_true",
        help="send your token there by plain HTTP, for whoever is on the way to read",
    )


def run(options: argparse.Namespace) -> int:
    """Name a service, which has answered by then, and say what comes next."""
    questions = Questions() if sys.stdin.isatty() else None
    configuration = Configuration(configuration_file())
    service, about = initialised(configuration, options, questions)
    say(f"{service.name} is {service.url} (in {configuration.path})")
    say(f"it answers as park {about.version}; you are {about.user} there")
    is_default = configuration.default == service.name
    for line in _next_steps(about.pythons, "" if is_default else f" -s {service.name}"):
        say(line)
    return 0


def initialised(
    configuration: Configuration, options: argparse.Namespace, questions: Questions | None
) -> tuple[ConfiguredService, ServiceRecord]:
    """Write the service that ``options`` and the answers mean; return it and what it says.

    ``questions`` is None where nobody can be asked. Nothing is written before the service has
    answered and taken the token. Raises `UsageError` that says what is missing, and whatever
    the service answers.
    """
    url = checked_url(options.url or _asked_url(questions))
    token_file = options.token_file and options.token_file.expanduser().absolute()
    about, typed = _tried(url, token_file, questions, insecure=options.insecure)
    name = _asked_name(configuration, options.name, url, questions)
    if typed is not None:
        token_file = configuration.keep_token(name, typed)
    service = ConfiguredService(
        name=name, url=url, token_file=token_file, insecure=options.insecure
    )
    configuration.add(service)
    return service, about


def _asked_url(questions: Questions | None) -> str:
    running = [each.url for each in running_services()]
    if questions is None:
        found = f"; running on this machine: {', '.join(running)}" if running else ""
        raise UsageError(
            f"which service? There is no terminal to ask on{found}",
            hint="park init URL [--name NAME] [--token-file FILE]",
        )
    for url in running:
        say(f"running on this machine: {url}")
    return _asked(questions, "URL of the service", default=running[0] if running else None)


def _asked_name(
    configuration: Configuration, given: str | None, url: str, questions: Questions | None
) -> str:
    """Return a name that is free, or the one that the service at ``url`` has already."""
    default = given or name_of_url(url)
    while True:
        name = default if given or questions is None else _asked(questions, "Name", default=default)
        try:
            return _free_name(configuration, checked_name(name), url)
        except UsageError as error:
            if given or questions is None:
                raise
            say_text(f"{error.message}\n")


def _free_name(configuration: Configuration, name: str, url: str) -> str:
    known = configuration.service(name)
    if known is None or known.url.rstrip("/") == url:
        return name
    raise UsageError(
        f"{name} is {known.url} already",
        hint=f"another name: --name NAME; or forget that one: park service remove {name}",
    )


def _tried(
    url: str, token_file: Path | None, questions: Questions | None, *, insecure: bool
) -> tuple[ServiceRecord, str | None]:
    """Return what the service at ``url`` says, and the token that was typed for it, if one was."""
    token = None if token_file is None else token_file.read_text(encoding="utf-8").strip()
    if token is None:
        address = find_service(url, insecure=insecure)
    else:
        address = Address(url=url, token=token, insecure=insecure)
    try:
        return _asked_service(address), None
    except NotAuthenticated:
        if token_file is not None or questions is None:
            raise
    require_protected(url, insecure=insecure)  # before anybody types one
    for left in reversed(range(_TRIES)):
        typed = questions.ask_secret("Your token there (it is not shown): ").strip()
        try:
            token = _checked_token(typed)
            return _asked_service(Address(url=url, token=token, insecure=insecure)), typed
        except NotAuthenticated as error:
            if not left:
                raise
            say_text(f"{error.message}\n")
    raise AssertionError("the last try returns or raises")


def _checked_token(text: str) -> str:
    if not is_token(text):
        raise NotAuthenticated("that is no token: one word of ASCII")
    return text


def _asked_service(address: Address) -> ServiceRecord:
    transport = Transport(address)
    try:
        return decode(ServiceRecord, transport.json("GET", API))
    finally:
        transport.close()


def _asked(questions: Questions, question: str, *, default: str | None) -> str:
    shown = f" [{default}]" if default else ""
    while True:
        answer = questions.ask(f"{question}{shown}: ").strip() or default
        if answer:
            return answer


def name_of_url(url: str) -> str:
    """Return what the service at ``url`` may be called: the first word of its host.

    >>> name_of_url("https://compufans.example.org/park"), name_of_url("http://127.0.0.1:8750")
    ('compufans', 'here')
    """
    host = urlsplit(url).hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "here" if host == "localhost" else proposed_name(host.partition(".")[0])
    return "here" if address.is_loopback else proposed_name(host)


def _next_steps(pythons: Sequence[str], option: str) -> list[str]:
    here = python_minor()
    if here not in pythons:
        there = ", ".join(pythons) or "none"
        return [f"its Pythons: {there}; this is {here}, and jobs run under the Python of here"]
    return [
        "next:",
        f"  park install{option} MODULE       make its environment there, as it is here",
        f"  park run{option} MODULE:FUNCTION  run a function of it there",
    ]
