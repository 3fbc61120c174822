"""pypiserver as a child of the service: started with it, started again, and ended with it."""

from __future__ import annotations

import json
import logging
import secrets
import select
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO

from park.errors import CannotSatisfy

__all__ = ["FolderServer"]

_log = logging.getLogger(__name__)

_START_S = 60.0
"""To import pypiserver and to bind takes a third of a second; machines may be busy."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 30.0
"""Between an end and the next start, doubled where it does not stay."""

_ARGV = (sys.executable, "-P", "-m", "park_server.folder_index.pypiserver_child")


class FolderServer:
    """Serves ``folder`` at `url` to whoever has `login`, until `close`.

    Raises `CannotSatisfy` where pypiserver is not installed or does not start.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.login = ("park", secrets.token_urlsafe(32))
        self._port = 0
        self._closed = threading.Event()
        self._process = self._started()
        self._watching = threading.Thread(target=self._watch, name="pypiserver", daemon=True)
        self._watching.start()

    @property
    def url(self) -> str:
        """Where its simple API is; the same in all of its lives."""
        return f"http://127.0.0.1:{self._port}/simple/"

    @property
    def pid(self) -> int:
        """The process that serves now."""
        return self._process.pid

    def close(self) -> None:
        """End it."""
        self._closed.set()
        self._process.kill()
        self._watching.join()

    def _started(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            _ARGV, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, cwd="/", start_new_session=True,
        )  # fmt: skip
        user, password = self.login
        order = {
            "folder": str(self.folder), "user": user, "password": password, "port": self._port
        }  # fmt: skip
        try:
            with suppress(BrokenPipeError):  # what it said last tells more
                _written(process.stdin, f"{json.dumps(order)}\n")
            self._port = _port_told_by(process)
        except (OSError, ValueError) as error:
            raise CannotSatisfy(
                f"pypiserver does not start on {self.folder}: {_last_words(process)}",
                hint="pip install 'park-dist[pypiserver]'",
            ) from error
        return process

    def _watch(self) -> None:
        """Start it again whenever it ends, until it is to end."""
        pause_s = _FIRST_PAUSE_S
        while True:
            ended = self._process
            _drain(ended)
            status = ended.wait()
            _close_pipes(ended)
            if self._closed.is_set():
                return
            _log.warning("pypiserver on %s ended with %d: started again", self.folder, status)
            pause_s = self._start_again(pause_s)
            if self._closed.is_set():
                self._process.kill()

    def _start_again(self, pause_s: float) -> float:
        """Return how long to wait the next time."""
        while not self._closed.wait(pause_s):
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            try:
                self._process = self._started()
            except CannotSatisfy as error:
                _log.warning("%s; tried again in %g s", error, pause_s)
            else:
                break
        return pause_s


def _written(pipe: IO[str] | None, line: str) -> None:
    if pipe is not None:
        pipe.write(line)
        pipe.flush()


def _port_told_by(process: subprocess.Popen[str]) -> int:
    """Return what it tells; raises `OSError` or `ValueError` where it does not."""
    if process.stdout is None or not select.select([process.stdout], [], [], _START_S)[0]:
        raise TimeoutError(f"nothing said in {_START_S:g} s")
    return int(process.stdout.readline())


def _last_words(process: subprocess.Popen[str]) -> str:
    process.kill()
    _, said = process.communicate()
    return (said.strip().splitlines() or ["it says nothing"])[-1]


def _drain(process: subprocess.Popen[str]) -> None:
    """Read what it says until it ends: a pipe that is full would hold it."""
    for line in process.stderr or ():
        _log.info("pypiserver: %s", line.rstrip())


def _close_pipes(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
