"""Logins: a password or a token, exchanged once, and then held by the agent."""

from __future__ import annotations

import getpass
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from park.agent.client import AgentClient
from park.agent.messages import HoldKey
from park.agent.refreshing import moment
from park.client.access.address import Address, find_service
from park.client.access.agent_login import AgentLogin
from park.client.access.config import Configuration, configuration_file
from park.client.access.issuer_login import device_login, issuer_of
from park.client.access.plain_http import require_protected
from park.client.access.token import is_token
from park.client.access.transport import Transport
from park.errors import (
    CannotSatisfy,
    NotAuthenticated,
    ParkError,
    ServiceUnreachable,
    UnknownItem,
)
from park.inert_text import inert_line
from park.model.urls import plain_service
from park.wire import (
    API,
    LoginRecord,
    LoginRequest,
    ServiceRecord,
    WhoRecord,
    decode,
    encode,
)

__all__ = [
    "Terminal",
    "by_issuer",
    "by_password",
    "by_token",
    "held",
    "reached_service",
    "terminal",
    "who_asks",
]

_TRIES = 3
"""As `ssh` asks for a password."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Terminal:
    """How a person is asked: ``ask`` for a line, ``ask_secret`` for one that is not shown."""

    ask: Callable[[str], str]
    ask_secret: Callable[[str], str]
    tell: Callable[[str], object]
    tries: int = _TRIES


def terminal() -> Terminal | None:
    """Return the terminal of this process; None where nobody is there to be asked.

    Questions go to stderr: what a command prints is for the next one.
    """
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty()):
        return None
    return Terminal(ask=_asked, ask_secret=getpass.getpass, tell=_told)


def _asked(question: str) -> str:
    sys.stderr.write(inert_line(question))
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.rstrip("\n")


def _told(line: str) -> None:
    sys.stderr.write(f"{inert_line(line)}\n")


def reached_service(name: str | None = None, *, insecure: bool = False) -> Address:
    """Return the address of the service ``name``, once its user has logged in where he must.

    That is now, when it is first contacted, and not in the middle of what is done there; it takes
    a terminal. Raises what `find_service` raises, and what the service answers to a login.
    """
    address = find_service(name, insecure=insecure)
    person = terminal()
    if person is None or address.bearer() is not None or not _wants_a_login(address):
        return address
    require_protected(address.url, insecure=address.insecure)
    person.tell(f"no login at {address.name or address.url} yet")
    key = by_issuer(address, person.tell) or by_password(address, None, person)
    return held(address, key)


def _wants_a_login(address: Address) -> bool:
    """Tell whether the service is there, and does not answer without a token."""
    transport = Transport(address)
    try:
        transport.json("GET", API)
    except NotAuthenticated:
        return True
    except ParkError:
        return False  # whoever asks next hears of it
    finally:
        transport.close()
    return False


def by_password(address: Address, user: str | None, person: Terminal) -> HoldKey:
    """Return what a login by password gives: a few tries, as at any door."""
    require_protected(address.url, insecure=address.insecure)
    name = user or _name(person)
    for left in reversed(range(person.tries)):
        password = person.ask_secret(f"Password of {name} at {address.url}: ")
        try:
            return _exchanged(address, LoginRequest(user=name, password=password, note=_here()))
        except NotAuthenticated as error:
            if not left:
                raise
            person.tell(error.message)
    raise AssertionError("the last try returns or raises")


def _name(person: Terminal) -> str:
    with suppress(KeyError, OSError):
        mine = getpass.getuser()
        return person.ask(f"User there [{mine}]: ").strip() or mine
    return person.ask("User there: ").strip()


def _here() -> str:
    return f"park login on {socket.gethostname()}"


def _exchanged(address: Address, request: LoginRequest) -> HoldKey:
    transport = Transport(replace(address, token=None, login=None))
    try:
        answer = transport.json("POST", f"{API}/login", json=encode(request))
    except UnknownItem:
        raise _without_passwords(address) from None
    except NotAuthenticated as error:
        if "without a token" in error.message:  # a service from before there were users
            raise _without_passwords(address) from None
        raise
    finally:
        transport.close()
    return _key(address, decode(LoginRecord, answer))


def by_issuer(address: Address, tell: Callable[[str], object]) -> HoldKey | None:
    """Return what a login at the issuer gives that the service names; None where it names none."""
    require_protected(address.url, insecure=address.insecure)
    transport = Transport(replace(address, token=None, login=None))
    try:
        if issuer_of(transport) is None:
            return None
        return _key(address, device_login(transport, tell, _here()))
    finally:
        transport.close()


def _key(address: Address, record: LoginRecord) -> HoldKey:
    return HoldKey(
        service=address.url,
        token=record.token,
        user=record.user,
        id=record.id,
        expires=moment(record.expires_at),
        renewable_until=moment(record.renewable_until),
        insecure=address.insecure,
    )


def _without_passwords(address: Address) -> CannotSatisfy:
    return CannotSatisfy(
        f"the service at {address.url} knows no passwords",
        hint="park login --token, with the token that its operator gave you",
    )


def by_token(address: Address, token: str) -> HoldKey:
    """Return what there is to hold of ``token``, which its service has taken by then."""
    if not is_token(token):
        raise NotAuthenticated("that is no token: one word of ASCII")
    require_protected(address.url, insecure=address.insecure)
    transport = Transport(replace(address, token=token, login=None))
    try:
        about = decode(ServiceRecord, transport.json("GET", API))
        who = who_asks(transport)
    finally:
        transport.close()
    held = HoldKey(service=address.url, token=token, user=about.user, insecure=address.insecure)
    if who is None:
        return held
    return replace(
        held,
        user=who.user,
        id=who.id or "",
        expires=moment(who.expires_at),
        renewable_until=moment(who.renewable_until),
    )


def who_asks(transport: Transport) -> WhoRecord | None:
    """Return whom the service takes the token for; None of a service that does not say."""
    from park.client.access.administration import Tokens  # only the commands of logins ask that

    with suppress(UnknownItem):
        return Tokens(transport).whoami()
    return None


def held(address: Address, key: HoldKey) -> Address:
    """Return the address with a login: of the agent, else of this process alone."""
    if not Configuration(configuration_file()).uses_agent:
        return replace(address, token=key.token)
    agent = AgentClient()
    try:
        agent.started().ask(key)
    except (CannotSatisfy, ServiceUnreachable):
        if key.keep or key.lifetime_s is not None or key.confirm:
            raise
        return replace(address, token=key.token)
    return replace(address, token=None, login=AgentLogin(plain_service(address.url), agent))
