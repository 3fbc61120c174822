"""Passes that services want, made while their grants are lent: a thread for each such service."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote

from park.agent.keys import Key
from park.agent.permitting import FOLLOW, question_of, refusal_of
from park.errors import NotAuthenticated, NotPermitted, ParkError, UnknownItem, UsageError
from park.model.backoff import Backoff
from park.wire import API, GrantRecord, PassAnswer, WantedPass, WantedPasses, decode

__all__ = ["Logins", "PassWatches"]

_WAIT_S = 25.0
_GRACE_S = 15.0
_LINGER_S = 600.0
"""How long a service is watched that holds nothing yet: what was lent is on its way to it."""

_BACKOFF = Backoff(first_s=0.2, longest_s=30.0)
_AT_ONCE = 8
"""Passes that are made at a time for one service."""

_MOST_WAITING = 64
"""And that wait to be made: a service that says that it wants a million is answered for these."""

_LEAST_ROUND_S = 0.05
"""A service that answers at once, whatever it is asked to wait for, is asked no more often."""

Ask = Callable[..., bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class Logins:
    """What the watches need of the agent.

    ``of`` returns the key of a service, to be used by the agent itself; ``used`` returns it once
    its user has confirmed that where he wants to: both raise what the agent would answer a
    program. ``ask`` asks a service (`park.agent.service_requests.asked`).
    """

    of: Callable[[str], Key]
    used: Callable[[str, str], Key]
    ask: Ask
    clock: Callable[[], float] = time.monotonic


class PassWatches:
    """The services that are watched, by URL."""

    def __init__(self, logins: Logins) -> None:
        self._logins = logins
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}
        self._over = threading.Event()

    def watch(self, service: str, *, linger: bool = True) -> None:
        """Watch ``service``, for as long as it holds something; ``linger``: it will, soon."""
        until = self._logins.clock() + (_LINGER_S if linger else 0.0)
        with self._lock:
            is_new = service not in self._until
            self._until[service] = max(until, self._until.get(service, 0.0))
        if is_new:
            threading.Thread(
                target=self._watch, args=(_Watch(service, self._logins),), daemon=True
            ).start()

    def close(self) -> None:
        """Watch nothing more; what is being asked ends with the process."""
        self._over.set()

    def _watch(self, watch: _Watch) -> None:
        failures = 0
        while not self._over.is_set():
            try:
                lent = watch.round()
            except (NotAuthenticated, NotPermitted, UnknownItem):
                # logged out, locked, or of an earlier park: a login, or the unlocking, begins anew
                if not watch.has_another_key():
                    self._forget(watch.service)
                    return
                continue
            except ParkError:
                failures += 1
                self._over.wait(_BACKOFF.after(failures))
                continue
            failures = 0
            self._over.wait(_LEAST_ROUND_S)
            with self._lock:
                if not lent and self._until.get(watch.service, 0.0) <= self._logins.clock():
                    self._until.pop(watch.service, None)
                    return

    def _forget(self, service: str) -> None:
        with self._lock:
            self._until.pop(service, None)


class _Watch:
    """One service, and what it was answered."""

    def __init__(self, service: str, logins: Logins) -> None:
        self.service = service
        self._logins = logins
        self._name = secrets.token_urlsafe(12)
        self._rooms = threading.Semaphore(_AT_ONCE)
        self._places = threading.Semaphore(_MOST_WAITING)
        self._permitted: set[str] = set()
        self._token = ""

    def round(self) -> int:
        """Ask once what is wanted, and have that answered; return how much is lent there."""
        key = self._logins.of(self.service)
        self._token = key.token
        path = f"{API}/passes/wanted?agent={quote(self._name)}&wait={_WAIT_S:g}"
        found: WantedPasses = _read(
            WantedPasses, self._logins.ask(key, "GET", path, limit_s=_WAIT_S + _GRACE_S)
        )
        for each in found.wanted:
            if not self._places.acquire(blocking=False):
                break  # what still is wanted then is told again
            threading.Thread(target=self._answer_one, args=(each,), daemon=True).start()
        return found.lent + len(found.wanted)

    def has_another_key(self) -> bool:
        """Tell whether the token was refreshed since the last round."""
        try:
            return self._logins.of(self.service).token != self._token
        except ParkError:
            return False

    def _answer_one(self, wanted: WantedPass) -> None:
        try:
            self._answer(wanted)
        finally:
            self._places.release()

    def _answer(self, wanted: WantedPass) -> None:
        with self._rooms, suppress(ParkError):  # nobody waits for it any more, or it comes again
            path = f"{API}/passes/wanted/{_segment(wanted.id)}"
            answer = self._decided(wanted)
            self._logins.ask(self._logins.of(self.service), "PUT", path, asdict(answer))

    def _decided(self, wanted: WantedPass) -> PassAnswer:
        try:
            key = self._logins.of(wanted.service)
            grants = f"{API}/grants/{_segment(wanted.grant)}"
            grant = _read(GrantRecord, self._logins.ask(key, "GET", grants))
            refused = refusal_of(wanted, self.service, grant)
            if refused is not None:
                return PassAnswer(refused=refused)
            key = self._confirmed(wanted, key)
            asked = {"method": wanted.method, "path": wanted.path}
            made = json.loads(self._logins.ask(key, "POST", f"{grants}/passes", asked))
            return PassAnswer(token=str(made["token"]))
        except _Refused as error:
            return PassAnswer(refused=str(error))
        except ParkError as error:
            return PassAnswer(later=f"{error.message}{f' ({error.hint})' if error.hint else ''}")
        except (ValueError, KeyError, TypeError):
            return PassAnswer(later=f"{wanted.service} answered what cannot be read")

    def _confirmed(self, wanted: WantedPass, key: Key) -> Key:
        """Return the key once its user has confirmed this use, where he wants to be asked.

        A question that is repeated, since nothing has happened yet, is confirmed once.
        """
        is_repeated = (wanted.method, wanted.path) == FOLLOW and wanted.grant in self._permitted
        if not key.confirm or is_repeated:
            return key
        try:
            key = self._logins.used(wanted.service, question_of(wanted, self.service))
        except NotPermitted as error:
            if not error.details.get("refused"):
                raise
            raise _Refused(error.message) from error
        self._permitted.add(wanted.grant)
        return key


class _Refused(Exception):
    """A person has said no."""


def _segment(name: str) -> str:
    """Return what a service calls something as one segment of a path, and no way to another.

    Raises `UsageError` for what no proxy would leave where it stands.
    """
    if name in {"", ".", ".."}:
        raise UsageError(f"{name!r} is the name of nothing")
    return quote(name, safe="")


def _read(kind: type[Any], text: bytes) -> Any:
    return decode(kind, json.loads(text))
