"""What runs in each worker of a pilot: fork servers of the environments that it serves.

The first job of an environment waits for its import; each further one is a fork, some
milliseconds. A worker runs one job at a time. A task of Parsl's may have several, which are known
to be short (`park_server.pilots.groups`). Where one turns out not to be, those behind it are given
back, and those before it have ended for whoever asks their folders: nothing waits for it.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from park.runtime.folder import JobFolder, read_record, write_record
from park.runtime.lines import LineSocket
from park.runtime.order import ServerSettings
from park_server import untrusted
from park_server.jobs.engines.fork_server_client import ServerKey, spawn
from park_server.jobs.engines.pilots.pilot_order import GIVEN_BACK
from park_server.jobs.engines.runtime_copy import RuntimeCopy
from park_server.pilots.worker_folder import worker_folder

__all__ = ["MOST_SERVERS", "Forks", "run"]

MOST_SERVERS = 4
"""Each keeps what its environment imports in memory."""

_LOOK_S = 0.25
"""Between two looks at whether a job that runs is cancelled."""

_BEAT_S = 5.0
"""Between two signs of life of a job that runs: see `PilotEngine`."""

_forks: list[Forks] = []


def run(buffer: bytes) -> Any:
    """Run the jobs of ``buffer``; return how their processes ended, each, or why that is unknown.

    None of one that was given back. The driver of an earlier release has one job in a task, alone.
    """
    if not _forks:
        _forks.append(Forks(worker_folder()))
        atexit.register(_forks[0].close)
    asked = json.loads(buffer)
    if isinstance(asked, dict):
        return _forks[0].run_all([asked])[0]
    return _forks[0].run_all(asked)


@dataclass(kw_only=True, slots=True, eq=False)
class _Server:
    line: LineSocket
    folder: Path
    pid: int
    heard: list[dict[str, Any]] = field(default_factory=list)


class Forks:
    """The fork servers of one worker, below ``folder``, the least recently used first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._servers: dict[str, _Server] = {}

    def run_all(self, orders: list[dict[str, Any]]) -> list[dict[str, Any] | None]:
        """Run one job after the other, until one takes so long that others had better run those."""
        ended: list[dict[str, Any] | None] = []
        has_handed_on = False

        def hand_on() -> None:
            nonlocal has_handed_on
            has_handed_on = True
            for order, event in zip(orders, ended, strict=False):
                _write_end(order["order"], event or {})
            for order in orders[len(ended) + 1 :]:
                _give_back(order["order"])

        while len(ended) < len(orders) and not has_handed_on:
            began = time.monotonic()
            event = self._run(orders[len(ended)], hand_on)
            ended.append({**event, "took_s": time.monotonic() - began})
        return [*ended, *(None for _ in orders[len(ended) :])]

    def _run(self, order: dict[str, Any], is_slow: Callable[[], object]) -> dict[str, Any]:
        """Run one job to its end; ``is_slow`` is called once that takes long."""
        name = order["server"]
        try:
            server = self._servers.pop(name, None) or self._started(json.loads(_text_of(name)))
        except OSError as error:
            return {"event": "lost", "why": f"its fork server cannot be started: {error}"}
        self._servers[name] = server
        server.line.send({"do": "start", "order": order["order"]})
        ended = self._ended(server, order["order"], is_slow)
        if ended["event"] == "lost":
            self._end(self._servers.pop(name))
        return ended

    def _started(self, told: dict[str, Any]) -> _Server:
        while len(self._servers) >= MOST_SERVERS:
            self._end(self._servers.pop(next(iter(self._servers))))
        folder = self._folder / f"{told['name']}-{os.urandom(4).hex()}"
        runtime = RuntimeCopy(folder=Path(told["runtime"]), sha256=told["key"]["runtime"])
        lent = Path(told["lent"]) / folder.name
        lent.mkdir(parents=True, exist_ok=True)
        settings = ServerSettings(**{**told["settings"], "folder": str(lent)})
        pid, connection = spawn(
            folder=folder,
            key=ServerKey(**told["key"]),
            environment=Path(told["environment"]),
            runtime=runtime,
            settings=settings,
            read_only=[Path(each) for each in told["read_only"]],
            cage=told["cage"],
            variables=told["variables"],
        )
        return _Server(line=LineSocket(connection), folder=folder, pid=pid)

    def _ended(
        self, server: _Server, order: dict[str, Any], is_slow: Callable[[], object]
    ) -> dict[str, Any]:
        """Wait for the end of the job; let it be cancelled, and tell that it is looked after."""
        name = (order["job_id"], order["attempt"])
        folder, is_cancelled, beat_at = order["directory"], False, 0.0
        while True:
            if not select.select([server.line.connection], [], [], _LOOK_S)[0]:
                if not beat_at:
                    is_slow()
                if time.monotonic() >= beat_at:
                    _beat(folder)
                    beat_at = time.monotonic() + _BEAT_S
                is_cancelled = is_cancelled or _cancel(server, folder, name)
                continue
            messages = server.line.receive()
            if messages is None:
                return {"event": "lost", "why": f"its fork server went away: {_last(server)}"}
            for message in messages:
                is_of_it = (message.get("job"), message.get("attempt")) == name
                if is_of_it and message["event"] in {"ended", "unclaimed"}:
                    return message
                if is_of_it and message["event"] == "refused":
                    return {"event": "lost", "why": "its fork server could not start it"}

    def _end(self, server: _Server) -> None:
        server.line.send({"do": "shutdown"})
        server.line.close()
        with suppress(ChildProcessError):
            os.waitpid(server.pid, os.WNOHANG)

    def close(self) -> None:
        """Have all of them leave after their last job, and remove the folder."""
        for server in self._servers.values():
            self._end(server)
        untrusted.remove_if_possible(self._folder)


def _text_of(place: str) -> str:
    return Path(place).read_text(encoding="utf-8")


def _cancel(server: _Server, folder: str, name: tuple[str, int]) -> bool:
    """Pass on that a job is to be ended, where its service has said so; tell whether it has."""
    wish = read_record(f"{folder}/cancel.json")
    if wish is None or wish.get("attempt") != name[1]:
        return False
    server.line.send({"do": "cancel", "job": name[0], "attempt": name[1], "grace": wish["grace"]})
    return True


def _beat(folder: str) -> None:
    with suppress(OSError):
        _touch(f"{folder}/beat")


def _touch(path: str) -> None:
    """Make the file ``path`` one of now; raises `OSError`.

    The folder is its job's, who may have put anything there: no link is followed, no pipe opened.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o644)
    try:
        os.utime(descriptor)
    finally:
        os.close(descriptor)


def _write_end(order: dict[str, Any], event: dict[str, Any]) -> None:
    """Let the folder of a job say that it has ended, of which its task has not told yet."""
    if event.get("finished"):
        numbers = {"status": None, "signal": None}  # the outcome says more
        with suppress(OSError):
            folder = JobFolder(root=order["directory"])
            write_record(folder.exit, {"attempt": order["attempt"], **numbers})


def _give_back(order: dict[str, Any]) -> None:
    """Let the folder of a job say that this worker does not run it; see `PilotEngine`."""
    with suppress(OSError):
        _touch(f"{order['directory']}/{GIVEN_BACK}{order['attempt']}")


def _last(server: _Server) -> str:
    try:
        lines = (server.folder / "log").read_text(errors="replace").splitlines()
    except OSError:
        return "without a word"
    return next((line for line in reversed(lines) if line.strip()), "without a word")
