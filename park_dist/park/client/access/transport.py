"""HTTP to one service: one client, the token, and every failure as an error of park."""

from __future__ import annotations

import itertools
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2

from park.atomic import appearing
from park.client.access.address import Address
from park.client.access.bearer import Bearer
from park.client.access.dry_run import refuse_in_dry_run
from park.client.access.told_silence import Silence
from park.client.voice import Voice, of_script
from park.errors import ParkError, ServiceFault, ServiceUnreachable, UsageError, from_problem
from park.model.backoff import Backoff
from park.model.urls import is_loopback
from park.wire import API, json_body

__all__ = ["AsyncTransport", "Transport", "patient"]

_CONNECT_TIMEOUT_S = 10.0
_ANSWER_TIMEOUT_S = 90.0
"""Longer than any long poll (30 s) and than the service's slowest honest answer."""

_ATTEMPTS = 3
"""A request that got no answer is tried again: every request of ours is harmless twice."""

_BACKOFF = Backoff(first_s=0.2, longest_s=5.0)
_GIVE_UP_S = 60.0
"""How long a service may be away that has answered this process before."""

_FIRST_CONTACT_S = 10.0
"""How long one may be that never has: its URL may as well be wrong."""

_SAID_AFTER_S = 1.0
"""Within two seconds a person hears what is waited for, with the time that an import takes."""

_NOT_REACHED = frozenset({502, 503, 504})
"""What a proxy answers while the service behind it is away."""


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


def _settings(address: Address) -> dict[str, Any]:
    """Return what clients of the service at ``address`` are made with."""
    is_tls = address.url.startswith("https:")
    return {
        "base_url": address.url,
        "auth": Bearer(address),
        "timeout": httpx2.Timeout(_ANSWER_TIMEOUT_S, connect=_CONNECT_TIMEOUT_S),
        # a proxy is never the way to this machine itself
        "trust_env": not is_loopback(urlsplit(address.url).hostname),
        # authorities as SSL_CERT_FILE names them, on this machine too; plain HTTP needs no
        # certificates, whose reading takes some 20 ms of each start
        "verify": httpx2.create_ssl_context() if is_tls else False,
    }


class AsyncTransport:
    """Requests to one service from an event loop; cancelling a task ends its request.

    Who tries again tells `silence` how that goes.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self.silence = Silence(address.url)
        self._client = httpx2.AsyncClient(**_settings(address))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def json(self, method: str, path: str, **arguments: Any) -> Any:
        """Send a request once; return the JSON of its answer, or raise what it describes."""
        with _explained(self.address):
            response = _reached(await self._client.request(method, path, **_sendable(arguments)))
        return _read(self.address, path, _checked(response))


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
        self._has_answered = self._has_knocked = False
        self._silence = Silence(address.url)
        self.voice: Voice = of_script()
        self._clock = clock
        self._pause = pause
        self._inherited: list[httpx2.Client] = []
        self._client = self._connected()

    def _connected(self) -> httpx2.Client:
        client = httpx2.Client(**_settings(self.address))
        weakref.finalize(self, client.close)  # nobody is asked to close a service
        return client

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def forked(self) -> None:
        """Begin with new connections in a forked process: those that are open are its parent's."""
        self._inherited.append(self._client)
        self._client = self._connected()
        self._silence = Silence(self.address.url)  # a thread of the parent may have held its lock

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
        return _read(self.address, path, self._sent(method, path, **arguments))

    def bytes(self, path: str, **arguments: Any) -> httpx2.Response:
        """Send a GET and return the whole response."""
        return self._sent("GET", path, **arguments)

    def _sent(self, method: str, path: str, **arguments: Any) -> httpx2.Response:
        refuse_in_dry_run(method, f"{self.address.url}{path}")
        return _checked(
            self._answered(
                lambda: _reached(self._client.request(method, path, **_sendable(arguments)))
            )
        )

    def _answered(self, send: Callable[[], _Answer], *, least: int = _ATTEMPTS) -> _Answer:
        """Do what ``send`` does until the service answers, or patience has an end.

        It is tried ``least`` times in any case.
        """
        began = self._clock()
        with self._silence.told_after(_SAID_AFTER_S, at_once=not self._has_answered) as silence:
            for attempt in itertools.count(1):
                try:
                    with _explained(self.address):
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
                    return answer
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _bears_with(self) -> float:
        """Return for how many seconds this thread goes on trying."""
        patience = _patience.seconds or 0.0
        return patience if self._has_answered else min(patience, self.first_contact_s)

    def upload(self, path: str, file: Path, form: dict[str, str]) -> None:
        """Send ``file`` as the part ``content`` of a form, streamed from disk."""
        refuse_in_dry_run("POST", f"{self.address.url}{path}")

        def send() -> httpx2.Response:
            with file.open("rb") as content:
                part = (file.name, content, "application/octet-stream")
                return _reached(self._client.post(path, data=form, files={"content": part}))

        _checked(self._answered(send, least=1))

    def delete(self, path: str, **arguments: Any) -> None:
        """Send a DELETE, whose answer says nothing."""
        self._sent("DELETE", path, **arguments)

    def put(self, path: str, file: Path) -> httpx2.Response:
        """Send the bytes of ``file``, streamed from disk; return the whole response."""
        refuse_in_dry_run("PUT", f"{self.address.url}{path}")

        def send() -> httpx2.Response:
            with file.open("rb") as content:
                length = {"Content-Length": str(file.stat().st_size)}
                content_of = _chunks(content)
                return _reached(self._client.put(path, content=content_of, headers=length))

        return _checked(self._answered(send, least=1))

    def copy(self, path: str, write: _Write) -> None:
        """Give ``write`` the body of a GET, block by block."""
        with _explained(self.address):
            self._copy(path, write)

    def _copy(self, path: str, write: _Write) -> None:
        with self._client.stream("GET", path) as response:
            if response.is_error:
                response.read()
            _checked(_reached(response))
            for chunk in response.iter_bytes():
                write(chunk)

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


def _sendable(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a request with ``json`` as a body of its own; see `json_body`."""
    if "json" not in arguments:
        return arguments
    others = {name: value for name, value in arguments.items() if name != "json"}
    return others | json_body(arguments["json"])


@contextmanager
def _explained(address: Address) -> Iterator[None]:
    """Turn what went wrong on the way to the service into `ServiceUnreachable`."""
    try:
        yield
    except httpx2.TransportError as error:
        raise ServiceUnreachable(
            f"nothing answers at {address.url}: {str(error) or type(error).__name__}",
            hint="is the service running, and is this its URL? `park service list` shows yours",
        ) from None  # its line says what the chain of tracebacks below would: a hundred lines


def _reached(response: httpx2.Response) -> httpx2.Response:
    """Return an answer of the service itself, and not one of a proxy that misses it."""
    is_ours = response.headers.get("content-type", "").startswith("application/problem+json")
    if response.status_code in _NOT_REACHED and not is_ours:
        raise httpx2.TransportError(f"a proxy says {response.status_code}")
    return response


def _read(address: Address, path: str, response: httpx2.Response) -> Any:
    """Return the JSON of an answer."""
    try:
        return response.json()
    except ValueError:
        raise ServiceFault(
            f"{address.url}{path} answered {response.status_code} without JSON",
            hint="is this the URL of a park service?",
        ) from None


def _checked(response: httpx2.Response) -> httpx2.Response:
    if not response.is_error:
        return response
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        text = response.text.strip().splitlines()
        problem = {"detail": f"{response.url} answered {response.status_code}: {text[:1]}"}
    raise from_problem({"status": response.status_code, **problem})


def _chunks(file: Any) -> Iterator[bytes]:
    while chunk := file.read(1 << 20):
        yield chunk
