"""HTTP to one service: one client, the token, and every failure as an error of park."""

from __future__ import annotations

import itertools
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from park.atomic import appearing
from park.client.access.address import Address
from park.client.access.answers import (
    ANSWER_TIMEOUT_S,
    CONNECT_TIMEOUT_S,
    checked,
    explained,
    json_of,
    reached,
    sendable,
)
from park.client.access.authorization import authorization
from park.client.access.dry_run import refuse_in_dry_run
from park.client.access.http.exchange import HttpClient, Response
from park.client.access.http.form_body import FileBody, form_with_file
from park.client.access.http.request_headers import marks
from park.client.access.http.way import Way, proxy_for
from park.client.access.told_silence import Seldom, Silence
from park.client.voice import Voice, of_script
from park.errors import ParkError, ServiceUnreachable, TooFast, UsageError
from park.lasting_step import SILENCE_S
from park.model.backoff import Backoff
from park.model.urls import is_loopback
from park.wire import API

__all__ = ["Transport", "patient"]

_ATTEMPTS = 3
"""A request that got no answer is tried again: every request of ours is harmless twice."""

_BACKOFF = Backoff(first_s=0.2, longest_s=5.0)
_GIVE_UP_S = 60.0
"""How long a service may be away that has answered this process before."""

_FIRST_CONTACT_S = 10.0
"""How long one may be that never has: its URL may as well be wrong."""

_Write = Callable[[bytes], object]
_Answer = TypeVar("_Answer")


class _Patience(threading.local):
    """How many seconds this thread bears with a service that does not answer; None: few tries."""

    seconds: float | None = None


_patience = _Patience()


@contextmanager
def patient(seconds: float | None = None) -> Iterator[None]:
    """Bridge cuts of the network in this thread: requests are tried again for a minute.

    So it is for what goes on in the background, and for what waits, at most for ``seconds``.
    """
    before = _patience.seconds
    _patience.seconds = _GIVE_UP_S if seconds is None else min(seconds, _GIVE_UP_S)
    try:
        yield
    finally:
        _patience.seconds = before


class Transport:
    """Requests to one service.

    ``first_contact_s`` is how long `patient` bears with a service that never answered;
    ``voice`` is told by what waits why it does.
    """

    def __init__(
        self,
        address: Address,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self.address = address
        self.first_contact_s = _FIRST_CONTACT_S
        self._has_answered = self._has_knocked = self._is_late = False
        self._silence, self._late = Silence(address.url), Seldom(clock)
        self.voice: Voice = of_script()
        self._clock = clock
        self._pause = pause
        self._inherited: list[HttpClient] = []
        self._client = self._connected()

    def _connected(self) -> HttpClient:
        url = self.address.url
        # a proxy is never the way to this machine itself
        proxy = None if is_loopback(urlsplit(url).hostname) else proxy_for(url)
        way = Way(url, proxy=proxy, timeout_s=CONNECT_TIMEOUT_S)
        headers = partial(_headers, self.address)
        client = HttpClient(
            url,
            way,
            headers=headers,
            answer_s=ANSWER_TIMEOUT_S,
            late_s=SILENCE_S,
            told_late=self._tell_late,
            told_pulse=self._tell_pulse,
            is_heard=lambda: self.voice.is_heard,
        )
        weakref.finalize(self, client.close)  # nobody is asked to close a service
        return client

    def _tell_late(self) -> None:
        """Show that an answer is late, where nothing else says what is waited for."""
        if not self._has_answered or self.voice.is_showing:
            return
        if self.voice.shows_in_place or self._late.may_be_said():
            self._is_late = True
            self.voice.show(f"{self.address.url} has not answered yet")

    def _tell_pulse(self, is_there: bool) -> None:  # noqa: FBT001 (what its caller found)
        """Tell that the service does not answer what is asked beside what waits, or does again."""
        if is_there:
            self._silence.answered()
        else:
            self.voice.clear()  # what is told now stands on a line of its own
            self._silence.lasts()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def forked(self) -> None:
        """Begin with new connections in a forked process: those that are open are its parent's."""
        self._inherited.append(self._client)
        self._client = self._connected()
        # a thread of the parent may have held their locks
        self._silence, self._late = Silence(self.address.url), Seldom(self._clock)

    def knock(self) -> None:
        """Ask in the background whether the service is there, where it never answered.

        So whoever waits hears of it at once, while others still look at what is installed here.
        """
        if self._has_answered or self._has_knocked:
            return
        self._has_knocked = True

        def ask() -> None:
            with suppress(ParkError):
                self.json("GET", API)

        with suppress(RuntimeError):  # the interpreter ends, and starts no more threads
            threading.Thread(target=ask, name="park knocks", daemon=True).start()

    def json(self, method: str, path: str, **arguments: Any) -> Any:
        """Send a request and return the JSON of its answer; raises the error that it describes."""
        return json_of(self.address, path, self._sent(method, path, **arguments))

    def bytes(self, path: str, **arguments: Any) -> Response:
        """Send a GET and return the whole response."""
        return self._sent("GET", path, **arguments)

    def _sent(self, method: str, path: str, **arguments: Any) -> Response:
        refuse_in_dry_run(method, f"{self.address.url}{path}")
        ready = sendable(arguments)
        for _ in range(_ATTEMPTS):
            answer = self._answered(lambda: reached(self._asked(method, path, **ready)))
            try:
                return checked(self.address, answer)
            except TooFast as error:  # nothing of it was done: it is asked again when it may be
                self._pause(float(error.details.get("retry_after_s", 1.0)))
        return checked(self.address, answer)

    def _asked(self, method: str, path: str, **arguments: Any) -> Response:
        """Send a request; once more where the token was refreshed for another session meanwhile."""
        login, token = self.address.login, self.address.bearer()
        response = self._client.request(method, path, **arguments)
        if response.status_code != HTTPStatus.UNAUTHORIZED or login is None or token is None:
            return response
        if login.renewed(token) is None:
            return response
        return self._client.request(method, path, **arguments)

    def _answered(self, send: Callable[[], _Answer], *, least: int = _ATTEMPTS) -> _Answer:
        """Do what ``send`` does until the service answers, or patience has an end.

        It is tried ``least`` times in any case.
        """
        began = self._clock()
        with self._silence.told_after(SILENCE_S, at_once=not self._has_answered) as silence:
            for attempt in itertools.count(1):
                try:
                    with explained(self.address):
                        answer = send()
                except ServiceUnreachable as error:
                    if attempt >= least and self._clock() - began >= self._bears_with():
                        raise
                    self.voice.clear()  # what is told now stands on a line of its own
                    silence.because(error.message)
                    self._pause(_BACKOFF.after(attempt))
                else:
                    self._has_answered = True
                    silence.answered()
                    if self._is_late:
                        self._is_late = False
                        self.voice.clear()
                    return answer
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _bears_with(self) -> float:
        """Return for how many seconds this thread goes on trying."""
        patience = _patience.seconds or 0.0
        return patience if self._has_answered else min(patience, self.first_contact_s)

    def upload(self, path: str, file: Path, form: dict[str, str]) -> None:
        """Send ``file`` as the part ``content`` of a form, streamed from disk."""
        refuse_in_dry_run("POST", f"{self.address.url}{path}")
        body = form_with_file(form, "content", file)

        def send() -> Response:
            return reached(self._asked("POST", path, content=body))

        checked(self.address, self._answered(send, least=1))

    def delete(self, path: str, **arguments: Any) -> None:
        """Send a DELETE, whose answer says nothing."""
        self._sent("DELETE", path, **arguments)

    def put(self, path: str, file: Path) -> Response:
        """Send the bytes of ``file``, streamed from disk; return the whole response."""
        refuse_in_dry_run("PUT", f"{self.address.url}{path}")

        def send() -> Response:
            body = FileBody(file=file, size=file.stat().st_size, kind="application/octet-stream")
            return reached(self._asked("PUT", path, content=body))

        return checked(self.address, self._answered(send, least=1))

    def copy(self, path: str, write: _Write) -> None:
        """Give ``write`` the body of a GET, block by block."""
        with explained(self.address):
            self._copy(path, write)

    def _copy(self, path: str, write: _Write) -> None:
        with self._client.stream("GET", path) as answer:
            checked(self.address, reached(answer.whole() if answer.is_error else answer.head()))
            for block in answer.blocks():
                write(block)

    def download(self, path: str, target: Path) -> None:
        """Write the body of a GET to ``target``: whole or not at all.

        Raises `UsageError` where it cannot be written there.
        """
        if not target.parent.is_dir():
            raise UsageError(f"no folder {target.parent} to write {target.name} into")

        def receive() -> None:
            with unfinished.open("wb") as file:
                self._copy(path, file.write)

        try:
            with appearing(target) as unfinished:
                self._answered(receive, least=1)
        except OSError as error:
            raise UsageError(f"cannot write {target}: {error.strerror}") from None


def _headers(address: Address) -> dict[str, str]:
    return {**marks(), **authorization(address)}
