"""An upstream index whose answers a test can hold back, so that it knows where an install is."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx2
from support.neighbours.index_server import application, opened_index, serving
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Gate", "gated_index"]


class Gate:
    """Holds requests back, by the end of their paths."""

    def __init__(self) -> None:
        self._held = threading.Event()
        self._open = threading.Event()
        self._ending: str | None = None

    @contextmanager
    def closed(self, ending: str) -> Iterator[None]:
        """Hold every request back whose path ends like this, until the block is left."""
        self._held.clear()
        self._open.clear()
        self._ending = ending
        try:
            yield
        finally:
            self._ending = None
            self._open.set()

    def wait_for_request(self) -> None:
        """Wait until a request is held back."""
        assert self._held.wait(LIMIT_S), f"nobody asked for …{self._ending}"

    async def pass_through(self, path: str) -> None:
        """Return when a request for ``path`` may go on."""
        if self._ending is not None and path.endswith(self._ending):
            self._held.set()
            await asyncio.to_thread(self._open.wait, LIMIT_S)


class _Gated:
    """The gate as middleware of an application."""

    def __init__(self, app: ASGIApp, *, gate: Gate) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, when the gate lets the request pass."""
        await self._gate.pass_through(scope.get("path", ""))
        await self._app(scope, receive, send)


@contextmanager
def gated_index(folder: Path, wheels: Iterable[Path]) -> Iterator[tuple[str, Gate]]:
    """Serve an index of ``wheels``, open to all; yield the URL of its simple API, and its gate."""
    gate = Gate()
    with opened_index(folder) as index:
        app = application(index, is_open=True)
        app.add_middleware(_Gated, gate=gate)
        with serving(app) as url:
            for wheel in wheels:
                httpx2.post(
                    f"{url}/legacy/",
                    data={":action": "file_upload", "protocol_version": "1"},
                    files={"content": (wheel.name, wheel.read_bytes())},
                ).raise_for_status()
            yield f"{url}/simple/", gate
