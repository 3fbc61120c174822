"""A service as its board watches it: all that goes on there, again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from park.client.service import Service
from park.wire import API, NowRecord, decode

__all__ = ["ServiceNews"]

_LOOK_S = 1.0
"""Between two looks; the service makes a view once for all who ask within half of that."""


class ServiceNews:
    """What the user has on ``service``; ``pause`` sleeps for seconds."""

    def __init__(self, service: Service, *, pause: Callable[[float], object] = time.sleep) -> None:
        self._service = service
        self._pause = pause
        self._has_looked = False

    def now(self) -> NowRecord:
        """Return what goes on; but for the first time after a moment."""
        if self._has_looked:
            self._pause(_LOOK_S)
        self._has_looked = True
        return decode(NowRecord, self._service.transport.json("GET", f"{API}/now"))

    def log(self, job: str) -> Iterator[str]:
        """Yield what a job writes to stdout and stderr, to its end."""
        return (text for _stream, text in self._service.job(job).follow())

    def cancel(self, job: str) -> str:
        """Cancel a job; return what became of it."""
        handle = self._service.job(job)
        state = handle.cancel()
        return f"{handle.refresh().label} is {state}"
