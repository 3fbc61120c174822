"""Large requests and answers, in a thread, and there in pieces between which others run.

One step of a C library holds every thread of a process, the event loop's too. So JSON is read
with hooks, at which the interpreter lets others run, and written record by record.
"""

from __future__ import annotations

import asyncio
import codecs
import gc
import json
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from park.wire import encode
from park_server.http.routing.checked_route import CheckedRoute
from park_server.json_pieces import LARGE_BYTES, loads, text_of
from park_server.threads import in_thread_of

__all__ = [
    "LargeRoute",
    "checked_item",
    "checked_items",
    "is_large",
    "off_loop",
    "records_response",
    "size_of",
    "written_records",
]

T = TypeVar("T")

_KEY = "park.large-body"

_MANY = 100
"""Records that are written in about a millisecond."""


class LargeRoute(CheckedRoute):
    """A route whose body may be large: it is read beside the event loop then."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, which gets a request that reads JSON as we do."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            with _full_collections.postponed(request):
                return await handler(_LargeRequest(request.scope, request.receive))

        return handle


class _FullCollections:
    """Full garbage collections: none while large requests are worked on.

    Each goes through all objects and holds every thread, the longer the more there are, and
    a large request makes a million of them; they go by themselves when it is done. Younger
    generations are collected as ever. All methods belong to the event loop.
    """

    def __init__(self) -> None:
        self._under_way = 0
        self._usual = gc.get_threshold()

    def postpone(self) -> None:
        """Make none from now on; the end of `postponed` lets them be made again."""
        if not self._under_way:
            self._usual = gc.get_threshold()
            gc.set_threshold(*self._usual[:2], _NEVER)
        self._under_way += 1

    @contextmanager
    def postponed(self, request: Request) -> Iterator[None]:
        """Undo what was postponed for ``request``, if it was."""
        try:
            yield
        finally:
            if is_large(request):  # what it was made of goes when its answer has gone
                asyncio.get_running_loop().call_later(_ANSWER_S, self._resume)

    def _resume(self) -> None:
        self._under_way -= 1
        if not self._under_way:
            gc.set_threshold(*self._usual)


_full_collections = _FullCollections()

_NEVER = 1 << 30
_ANSWER_S = 1.0


class _LargeRequest(Request):
    _chunks: Sequence[bytes] = ()

    async def body(self) -> bytes:
        """Return the body: a large one put together beside the event loop."""
        if not hasattr(self, "_body"):
            chunks = [chunk async for chunk in self.stream()]
            self._chunks = chunks
            if sum(map(len, chunks)) < LARGE_BYTES:
                self._body = b"".join(chunks)
            else:
                self._body = await asyncio.to_thread(b"".join, chunks)
        return self._body

    async def json(self) -> Any:
        """Return the body as JSON data."""
        if not hasattr(self, "_json"):
            self._json = await self._read()
        return self._json

    async def _read(self) -> Any:
        body, chunks = await self.body(), self._chunks
        self._chunks = ()
        if len(body) < LARGE_BYTES:
            return json.loads(body)
        self.scope[_KEY] = len(body)
        _full_collections.postpone()
        return await in_thread_of(_user(self), lambda: loads(_text_of(body, chunks)))


def _text_of(body: bytes, chunks: Sequence[bytes]) -> str | bytes:
    """Return the text of ``body``, decoded by its ``chunks``: as a whole it is a long step.

    Raises what `json.loads` raises for what is no text.
    """
    if json.detect_encoding(body[:4]) != "utf-8":
        return body
    decoder = codecs.getincrementaldecoder("utf-8")("surrogatepass")
    return "".join([*map(decoder.decode, chunks), decoder.decode(b"", final=True)])


def _user(request: Request) -> str:
    """Return who asks: whoever asks without a name counts as one."""
    return str(request.scope.get("user", ""))


def is_large(request: Request) -> bool:
    """Tell whether ``request`` came with so much that it is worked on beside the event loop."""
    return bool(request.scope.get(_KEY))


def size_of(request: Request) -> int:
    """Return the bytes that a large ``request`` came with; of others, 0."""
    return int(request.scope.get(_KEY, 0))


async def off_loop(request: Request, work: Callable[[], T]) -> T:
    """Return what ``work`` returns, done in a thread where ``request`` is large."""
    return await in_thread_of(_user(request), work) if is_large(request) else work()


def checked_item(kind: type[T], item: object, *place: str | int) -> T:
    """Return the ``item`` of the body at ``place``, validated.

    Raises `RequestValidationError`, as FastAPI does for what it validates.
    """
    return _validated(_adapter_of(kind), item, place)


def checked_items(kind: type[T], items: Sequence[object], *place: str) -> list[T]:
    """Return ``items`` of the body at ``place``, each validated as `checked_item` does."""
    adapter = _adapter_of(kind)
    return [_validated(adapter, item, (*place, number)) for number, item in enumerate(items)]


def _adapter_of(kind: type[T]) -> TypeAdapter[T]:
    if kind not in _made:
        _made[kind] = TypeAdapter(kind)
    return _made[kind]


_made: dict[type[Any], TypeAdapter[Any]] = {}
"""To make one takes milliseconds."""


def _validated(adapter: TypeAdapter[T], item: object, place: Sequence[str | int]) -> T:
    try:
        return adapter.validate_python(item)
    except ValidationError as error:
        first = error.errors()[0]
        first["loc"] = ("body", *place, *first["loc"])
        raise RequestValidationError([first]) from error


async def records_response(
    request: Request, records: Callable[[], Sequence[Any]], *, many: bool
) -> Response:
    """Return the response with the records that ``records`` returns; ``many``: from a thread."""
    if many:
        body = await in_thread_of(_user(request), written_records, records)
    else:
        body = written_records(records)
    return Response(body, media_type="application/json")


def written_records(records: Callable[[], Sequence[Any]]) -> bytes:
    """Return the JSON list of the records that ``records`` returns."""
    found = records()
    return b"[" + b",".join(_pieces(found, whole=len(found) < _MANY)) + b"]"


def _pieces(records: Iterable[Any], *, whole: bool) -> Iterable[bytes]:
    """Yield each record as JSON; where there are few, one may be large, and is cut as well."""
    for record in records:
        document = encode(record)
        yield (text_of(document) if whole else _ENCODER.encode(document)).encode("ascii")


_ENCODER = json.JSONEncoder(separators=(",", ":"))
