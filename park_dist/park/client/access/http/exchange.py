"""Requests and their answers, over connections to one service that stay open.

The standard library's HTTP is enough for what a service is asked, and spares each command the
import of a larger one (85 ms of processor in place of 28, where `park --help` takes 40 in all),
and each request two thirds of what it costs here (0.17 ms in place of 0.5).
"""

from __future__ import annotations

import json
import math
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPResponse
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from park.client.access.http.form_body import FileBody
from park.client.access.http.pulse import PROBE, Pulse
from park.client.access.http.readable import readable

if TYPE_CHECKING:
    import socket

    from park.client.access.http.way import Way

__all__ = ["HttpClient", "NoAnswer", "Response", "Streamed", "target_of"]

Params = Mapping[str, Any] | Sequence[tuple[str, Any]]
"""The parameters of a query: by name, or in pairs where a name comes again."""

_BLOCK = 1 << 20
_FIRST_ERROR = 400
_AS_THEY_ARE = "%/:=&?~#+!$,;'@()*[]"
"""Characters of a path and its query that are what they say, or escaped already (RFC 3986)."""


class NoAnswer(Exception):
    """A request got no answer, or not the whole of it; the words say why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer; ``content`` is its whole body."""

    url: str
    status_code: int
    headers: Mapping[str, str] | HTTPMessage
    content: bytes = b""

    @property
    def is_error(self) -> bool:
        """Whether the service refused, or failed."""
        return self.status_code >= _FIRST_ERROR

    @property
    def text(self) -> str:
        """The body as text, which is UTF-8 from every service."""
        return self.content.decode(errors="replace")

    def json(self) -> Any:
        """Return the body as JSON data; raises ValueError where it is none."""
        return json.loads(self.content)


class Streamed:
    """An answer whose body is still on its way."""

    def __init__(self, url: str, raw: HTTPResponse) -> None:
        self._raw = raw
        self._url = url

    def blocks(self) -> Iterator[bytes]:
        """Yield the body as it comes; raises `NoAnswer` where it breaks off."""
        with _explained():
            while block := self._raw.read(_BLOCK):
                yield block
            if self._raw.length:  # which `read` of a part does not mind
                raise NoAnswer(f"the answer ends {self._raw.length} bytes early")

    def whole(self) -> Response:
        """Return it with its body."""
        with _explained():
            content = self._raw.read()
        return self._response(content)

    def head(self) -> Response:
        """Return it without its body."""
        return self._response(b"")

    @property
    def is_error(self) -> bool:
        """Whether the service refused, or failed."""
        return self._raw.status >= _FIRST_ERROR

    def _response(self, content: bytes) -> Response:
        return Response(
            url=self._url, status_code=self._raw.status, headers=self._raw.headers, content=content
        )


class HttpClient:
    """Requests to the service at ``url``, from any thread: each has a connection of its own.

    ``headers`` gives what every request says; an answer has ``answer_s`` seconds to begin, and
    for each of its parts. ``told_late`` is called where one has not begun after ``late_s``
    seconds, beyond those that the service was asked to wait (``wait`` in the query): for these
    ``told_pulse`` hears whether it is still there, where ``is_heard`` tells that somebody listens.
    """

    def __init__(
        self,
        url: str,
        way: Way,
        *,
        headers: Callable[[], Mapping[str, str]],
        answer_s: float,
        late_s: float = math.inf,
        told_late: Callable[[], object] = lambda: None,
        told_pulse: Callable[[bool], object] = lambda _: None,
        is_heard: Callable[[], bool] = lambda: False,
    ) -> None:
        self._url = url
        self._prefix = urlsplit(url).path.rstrip("/")
        self._way = way
        self._headers = headers
        self._answer_s = answer_s
        self._late_s = late_s
        self._told_late = told_late
        self._pulse = Pulse(way, f"{self._prefix}{PROBE}", is_heard=is_heard, told=told_pulse)
        self._idle: list[HTTPConnection] = []
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connections that nobody uses."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def request(self, method: str, path: str, **arguments: Any) -> Response:
        """Send a request and return the whole answer; ``arguments`` are those of `stream`."""
        said = {"Accept-Encoding": "gzip", **(arguments.pop("headers", None) or {})}
        with self.stream(method, path, headers=said, **arguments) as answer:
            return unpacked(answer.whole())

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | FileBody = b"",
    ) -> Iterator[Streamed]:
        """Send a request; give its answer as soon as that begins. Raises `NoAnswer`."""
        target = target_of(f"{self._prefix}{path}", params)
        about = content.headers if isinstance(content, FileBody) else {}
        said = {**self._way.headers, **self._headers(), **about, **(headers or {})}
        with _explained():
            connection = self._free() or self._opened()
        try:
            with _explained():
                _send(connection, method, self._way.target(target), said, content)
                self._look_out(connection.sock, _asked_to_wait_s(params))
                raw = connection.getresponse()
            yield Streamed(f"{self._url}{path}", raw)
            is_read = raw.isclosed()
        except BaseException:
            connection.close()
            raise
        self._put_back(connection, is_read=is_read)

    def _look_out(self, answer: socket.socket, wait_s: float) -> None:
        """Wait for the beginning of an answer, and tell where it is late."""
        if wait_s + self._late_s >= self._answer_s:
            return
        if wait_s and self._pulse.felt_until(answer, wait_s):
            return
        if not _has_come(answer, self._late_s):
            self._told_late()

    def _opened(self) -> HTTPConnection:
        connection = self._way.opened()
        connection.sock.settimeout(self._answer_s)
        return connection

    def _free(self) -> HTTPConnection | None:
        """Return an open connection that nobody uses, if there is one."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if not _is_over(connection.sock):
                return connection
            connection.close()

    def _put_back(self, connection: HTTPConnection, *, is_read: bool) -> None:
        if not is_read or connection.sock is None:  # the rest of the answer is still in it
            connection.close()
            return
        with self._lock:
            self._idle.append(connection)


def unpacked(response: Response) -> Response:
    """Return an answer without its encoding; raises `NoAnswer` where it is not what it says."""
    if response.headers.get("content-encoding", "") != "gzip":
        return response
    import gzip  # for the large pages of an index alone

    try:
        content = gzip.decompress(response.content)
    except (EOFError, ValueError, OSError, zlib.error) as error:
        raise NoAnswer(f"what came is no gzip: {error}") from None
    return replace(response, content=content)


def target_of(path: str, params: Params | None) -> str:
    """Return the target of a request: its path, with ``params`` added to its query."""
    target = quote(path, safe=_AS_THEY_ARE)
    if not params:
        return target
    pairs = params.items() if isinstance(params, Mapping) else params
    query = urlencode([(name, _plain(value)) for name, value in pairs], doseq=True)
    return f"{target}{'&' if '?' in target else '?'}{query}"


def _plain(value: Any) -> Any:
    """Return a parameter as a service reads it: true, false, and nothing for None."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else value


def _asked_to_wait_s(params: Params | None) -> float:
    """Return how long the service may wait for news before it answers."""
    said = params.get("wait") if isinstance(params, Mapping) else None
    return float(said) if isinstance(said, (int, float)) else 0.0


def _send(
    connection: HTTPConnection,
    method: str,
    target: str,
    headers: Mapping[str, str],
    content: bytes | FileBody,
) -> None:
    """Send a request."""
    headers = {"User-Agent": "park", **headers}
    # who refuses a large body may answer before he has it all, and read no more of it
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.request(method, target, content or None, headers)


def _is_over(socket: socket.socket | None) -> bool:
    """Tell whether the service has closed a connection: then there is something to be read."""
    return socket is None or _has_come(socket, 0.0)


def _has_come(socket: socket.socket, within_s: float) -> bool:
    """Tell whether there is something to be read within so many seconds."""
    return bool(readable([socket], within_s))


@contextmanager
def _explained() -> Iterator[None]:
    """Raise `NoAnswer` for whatever went wrong on the way."""
    try:
        yield
    except (OSError, HTTPException) as error:
        raise NoAnswer(_in_words(error)) from None


def _in_words(error: OSError | HTTPException) -> str:
    """Return what an error says, without the number that the system has for it."""
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return said if said[1:2].isupper() else f"{said[0].lower()}{said[1:]}"
