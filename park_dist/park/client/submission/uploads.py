"""Files of this machine on their way to a service, beside the jobs that do not need them."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING

from park.client.access.transport import patient
from park.wire import API, value_in

if TYPE_CHECKING:
    from pathlib import Path

    from park.client.access.transport import Transport
    from park.client.submission.files import FileDigest

__all__ = ["Uploads"]

_REMEMBERED_S = 3_600.0
"""How long it is known that a file is there: services remove what nobody needs."""

Files = Sequence[tuple["Path", "FileDigest"]]


class Uploads:
    """Sends files to one service, one after the other, from a thread that ends when all are there.

    A file that is there already is not sent.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._present: dict[str, float] = {}
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Files, Future[None]]] = deque()
        self._is_running = False

    def begin(self, files: Files) -> Future[None]:
        """Begin to send ``files``; returns at once what tells that they are there, or why not."""
        sent: Future[None] = Future()
        with self._lock:
            self._waiting.append((files, sent))
            if self._is_running:
                return sent
            self._is_running = True
        try:
            threading.Thread(target=self._run, name="park sends files", daemon=True).start()
        except RuntimeError:  # no threads are started while the interpreter ends
            self._run()
        return sent

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._is_running = False
                    return
                files, sent = self._waiting.popleft()
            try:
                with patient():
                    for path, digest in files:
                        self._bring(path, digest)
            except BaseException as error:  # noqa: BLE001 (told where the job is asked for)
                sent.set_exception(error)
            else:
                sent.set_result(None)

    def _bring(self, path: Path, digest: FileDigest) -> None:
        place = f"{API}/files/{digest.sha256}"
        seen = self._present.get(digest.sha256)
        if seen is not None and time.monotonic() - seen < _REMEMBERED_S:
            return
        if not value_in(self._transport.json("GET", f"{place}/present"), "present"):
            self._transport.put(place, path)
        self._present[digest.sha256] = time.monotonic()
