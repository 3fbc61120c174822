"""A real service: ``park serve`` on a home of its own, stopped, killed and started again."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

import httpx2
from support.services.warm_start import WarmProcess, started
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "NO_AUTHORITIES",
    "ParkService",
    "end_survivors",
    "forget_ended_services",
    "logs_of_services",
    "own_environ",
]

_SERVICES: list[ParkService] = []
"""Those of which a test that fails has to tell."""

_TOLD_LINES = 200

NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""What a request without TLS trusts: to read the machine's authorities for each takes longer than
most answers, 20 ms of a processor."""


def logs_of_services() -> Iterator[tuple[str, str]]:
    """Yield the home of each service that ran lately, and the end of what it wrote."""
    for service in _SERVICES:
        yield str(service.home), "".join(service.log.splitlines(keepends=True)[-_TOLD_LINES:])


def forget_ended_services() -> None:
    """Tell no more of services whose block was left."""
    _SERVICES[:] = [service for service in _SERVICES if not service.is_over]


def own_environ(**variables: str | Path) -> dict[str, str]:
    """Return this process's environment with ``variables``, and nothing of its user's park."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PARK_")}
    return kept | {"NO_COLOR": "1"} | {name: str(value) for name, value in variables.items()}


def end_survivors(home: Path) -> None:
    """Kill the processes of ``home`` that outlive their service: to be found again.

    They are known by their interpreter, which is one of the home's environments; those of
    pilots by the folder of these.
    """
    prefix, pilots = (os.fsencode(home / name) + b"/" for name in ("envs", "pilots"))
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            words = (process / "cmdline").read_bytes()
            if words.startswith(prefix) or pilots in words:
                os.kill(int(process.name), signal.SIGKILL)


class ParkService:
    """A service below ``root``: its home, its ready file, and the state that announces it.

    ``options`` are further arguments of ``park serve``. A context manager: started at the
    beginning, killed at the end if it still runs, with all that outlives it.
    """

    def __init__(self, root: Path, *options: str) -> None:
        self.home = root / "home"
        self.state = root / "state"
        self.ready_file = root / "ready.json"
        self.options = options
        self._process: subprocess.Popen[str] | WarmProcess | None = None
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._reader: threading.Thread | None = None
        self._ready = threading.Event()
        self.is_over = False
        _SERVICES.append(self)

    def command(self, *options: str) -> list[str]:
        """Return the command line that serves this home."""
        return [
            *(sys.executable, "-m", "park", "serve", "--home", str(self.home), "--port", "0"),
            *(*self.options, *options),
        ]

    def environ(self) -> dict[str, str]:
        """Return the environment that the service runs in."""
        return own_environ(PARK_STATE_DIR=self.state, PARK_CONFIG=self.state / "none.toml")

    def start(self) -> Self:
        """Start and return once it serves; fails with its own words where it does not."""
        return self.begin().until_ready()

    def begin(self) -> Self:
        """Start, and return at once: it may stand by, and serve later."""
        assert self._process is None
        self.ready_file.unlink(missing_ok=True)
        argv = self.command("--ready-file", str(self.ready_file))
        self._process = started(argv, self.environ())
        assert self._process.stderr is not None
        self._ready = ready = threading.Event()
        # somebody must read the pipe for as long as the service writes
        self._reader = threading.Thread(target=self._read, args=(self._process.stderr, ready))
        self._reader.start()
        return self

    def until_ready(self) -> Self:
        """Return once it serves; fails with its own words where it does not."""
        if not self._ready.wait(LIMIT_S) or not self.ready_file.exists():
            self.kill()
            raise AssertionError(f"the service did not start:\n{self.log}")
        return self

    def _read(self, stderr: IO[str], ready: threading.Event) -> None:
        with stderr:
            for line in stderr:
                with self._changed:
                    self._lines.append(line)
                    self._changed.notify_all()
                if line.startswith("park serves ") or ': "park serves ' in line:
                    ready.set()
        ready.set()

    def stop(self) -> int:
        """Stop it as an operator would; return its exit status."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """``kill -9``: no handler runs, nothing is flushed, nothing is tidied."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        assert self._reader is not None
        self._process.send_signal(number)
        status = self._process.wait(LIMIT_S)
        self._reader.join(LIMIT_S)
        self._process = None
        return status

    def restart(self) -> Self:
        """Kill it and start it again on the same home."""
        self.kill()
        return self.start()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.kill()
        self.is_over = True
        end_survivors(self.home)

    @property
    def log(self) -> str:
        """What it has written to stderr, in all of its lives."""
        return "".join(self._lines)

    @property
    def ready(self) -> dict[str, Any]:
        """What the ready file says."""
        document: dict[str, Any] = json.loads(self.ready_file.read_text())
        return document

    @property
    def url(self) -> str:
        """Where it serves; another port after each start."""
        return str(self.ready["url"])

    @property
    def token(self) -> str:
        """The token of its user."""
        return (self.home / "token").read_text().strip()

    def request(self, method: str, path: str, **arguments: Any) -> httpx2.Response:
        """Send a request with the token; the answer must not be an error."""
        headers = {"Authorization": f"Bearer {self.token}", **arguments.pop("headers", {})}
        response = httpx2.request(
            method,
            f"{self.url}{path}",
            headers=headers,
            timeout=LIMIT_S,
            **{"verify": NO_AUTHORITIES} | arguments,
        )
        assert not response.is_error, response.text
        return response

    def get(self, path: str, **query: Any) -> Any:
        """Return the JSON of a GET."""
        return self.request("GET", path, params=query).json()

    def offer(self, project: str, version: str) -> str:
        """Have the environment of a release made; return its lock hash."""
        body = {"project": project, "version": version}
        install = self.request("POST", "/api/v1/offers", json=body).json()["install"]
        record = self.get(f"/api/v1/installs/{install}")
        while record["state"] not in {"ready", "failed"}:
            query = {"after": record["revision"], "wait": 30}
            record = self.get(f"/api/v1/installs/{install}", **query)
        assert record["state"] == "ready", record
        return str(record["lock_hash"])

    def job_when_final(self, job: str) -> dict[str, Any]:
        """Wait for the end of a job and return its record."""
        deadline = time.monotonic() + LIMIT_S
        while True:
            record: dict[str, Any] = self.get(f"/api/v1/jobs/{job}", wait=30)
            if record["status"] in {"completed", "failed", "cancelled"}:
                return record
            assert time.monotonic() < deadline, record

    def result_of(self, job: str) -> Any:
        """Wait for the end of a job, which must complete, and return its result."""
        assert self.job_when_final(job)["status"] == "completed"
        return self.get(f"/api/v1/jobs/{job}/result")["result"]

    def until_said(self, text: str) -> None:
        """Wait until the log has ``text``."""
        with self._changed:
            assert self._changed.wait_for(lambda: text in self.log, LIMIT_S), self.log

    def event(self, subject: str, kind: str) -> dict[str, Any]:
        """Follow the events until there is one of ``kind`` about ``subject``; return the first."""
        after = 0
        deadline = time.monotonic() + LIMIT_S
        while True:
            found = self.get("/api/v1/events", after=after, wait=30)
            for event in found:
                if (event["id"], event["type"]) == (subject, kind):
                    return dict(event)
            assert time.monotonic() < deadline, f"no event {kind} of {subject}"
            after = found[-1]["seq"] if found else after
