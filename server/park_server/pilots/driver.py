"""The driver of a service's pilots: it holds Parsl, outside of the service, and outlives it.

``driver.py SETTINGS``, with a listening socket as standard input. It speaks as a fork server does:
``hello`` tells what runs, ``start`` gives an order, ``ended`` and ``lost`` say what became of
one, ``capacity`` how many workers there are, on how many pilots. ``start`` with ``again`` is of
a job that a worker has given back. It knows nothing for good: whoever comes back asks the folders
of jobs.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import sys
import threading
import time
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

from park.errors import ParkError
from park.runtime.lines import LineSocket
from park_server.pilots.groups import Group, Groups
from park_server.pilots.parsl_setup import Pilots, configuration, started

__all__ = ["Driver", "main"]

_WELL_S = 0.5
"""Between two looks at whether Parsl's own processes are there."""

_COUNT_S = 2.0
"""Between two questions to Parsl how many workers it has: people look at that."""

_CONTEXT = {"task_executor": {"f": "park_server.pilots.pilot_worker.run"}}
_Name = tuple[str, int]


class Driver:
    """The loop. ``idle_s``: seconds without connection and jobs after which it leaves."""

    def __init__(self, listener: socket.socket, pilots: Pilots, idle_s: float) -> None:
        self._listener = listener
        self._pilots = pilots
        self._idle_s = idle_s
        self._idle_since = time.monotonic()
        self._selector = selectors.DefaultSelector()
        self._lines: set[LineSocket] = set()
        self._running: set[_Name] = set()
        self._groups = Groups()
        self._done: deque[tuple[Group, Future[Any]]] = deque()
        self._wake, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        self._is_leaving = False
        self._capacity: tuple[int, int] | None = None
        self._told: tuple[int, int] | None = None
        self._over = threading.Event()
        self._counting = threading.Thread(target=self._count, daemon=True)

    def serve(self) -> bool:
        """Serve until nobody needs it; False where Parsl is not well any more."""
        self._counting.start()
        try:
            return self._served()
        finally:
            self._over.set()
            for line in self._lines:
                line.close()
            self._selector.close()
            self._wake.close()
            self._waker.close()

    def _served(self) -> bool:
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._wake, selectors.EVENT_READ, self._tell_news)
        while not self._may_leave():
            for key, _ in self._selector.select(_WELL_S):
                if self._selector.get_map().get(key.fd) is key:
                    key.data()
            if not self._pilots.is_well():
                return False
        return True

    def _may_leave(self) -> bool:
        if self._lines or self._running:
            return False
        return self._is_leaving or time.monotonic() - self._idle_since >= self._idle_s

    def _accept(self) -> None:
        with suppress(BlockingIOError):
            line = LineSocket(self._listener.accept()[0])
            self._lines.add(line)
            self._is_leaving = False
            self._selector.register(line.connection, selectors.EVENT_READ, lambda: self._hear(line))
            running = [{"job": job, "attempt": attempt} for job, attempt in self._running]
            self._tell(line, {"event": "hello", "pid": os.getpid(), "running": running})
            if self._told is not None and line in self._lines:
                self._tell(line, _capacity_event(self._told))

    def _hear(self, line: LineSocket) -> None:
        if line.has_output and not line.flush():
            self._drop(line)
            return
        messages = line.receive()
        if messages is None:
            self._drop(line)
            return
        for message in messages:
            if self._is_new(message):
                self._groups.add(message)
        self._start_what_may()
        self._is_leaving |= any(message.get("do") == "leave" for message in messages)
        self._watch(line)

    def _is_new(self, message: dict[str, Any]) -> bool:
        """Tell whether ``message`` is an order that does not run here, and note it."""
        if message.get("do") != "start":
            return False
        name = _name_of(message)
        is_new = name not in self._running or "again" in message
        self._running.add(name)
        return is_new

    def _start_what_may(self) -> None:
        workers, _ = self._capacity or (0, 0)
        for group in self._groups.taken(workers):
            self._start(group)

    def _start(self, group: Group) -> None:
        future = self._pilots.submit(_CONTEXT, json.dumps(group.messages).encode())
        future.add_done_callback(lambda done: self._ended(group, done))

    def _ended(self, group: Group, future: Future[Any]) -> None:
        """Note the end of a task, in a thread of Parsl's."""
        self._done.append((group, future))
        self._wake_up()

    def _wake_up(self) -> None:
        with suppress(OSError):  # it is awake anyway, or has left
            self._waker.send(b"x")

    def _count(self) -> None:
        """Ask Parsl now and then which workers there are, in a thread: it may wait for that."""
        while not self._over.is_set():
            with suppress(Exception):  # it is asked again; whether it is well is seen elsewhere
                found = self._pilots.capacity()
                if found != self._capacity:
                    self._capacity = found
                    self._wake_up()
            self._over.wait(_COUNT_S)

    def _tell_news(self) -> None:
        self._wake.recv(65_536)
        if (capacity := self._capacity) != self._told and capacity is not None:
            self._told = capacity
            for line in self._lines:
                line.hold(_capacity_event(capacity))
        while self._done:
            group, future = self._done.popleft()
            self._idle_since = time.monotonic()
            self._groups.over(group)
            orders = group.messages
            for message, event in zip(orders, _outcomes_of(future, len(orders)), strict=True):
                if event is not None:
                    self._tell_end(message, event)
        self._start_what_may()  # first: workers wait for it
        for line in [*self._lines]:
            self._flush(line)

    def _tell_end(self, message: dict[str, Any], event: dict[str, Any]) -> None:
        job, attempt = name = _name_of(message)
        self._running.discard(name)
        took_s = event.pop("took_s", None)
        if event["event"] == "ended":
            self._groups.learn(message["server"], took_s)
        for line in self._lines:
            line.hold({**event, "job": job, "attempt": attempt})

    def _tell(self, line: LineSocket, message: dict[str, Any]) -> None:
        line.hold(message)
        self._flush(line)

    def _flush(self, line: LineSocket) -> None:
        if line.flush():
            self._watch(line)
        else:
            self._drop(line)

    def _watch(self, line: LineSocket) -> None:
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if line.has_output else 0)
        key = self._selector.get_key(line.connection)
        if key.events != events:
            self._selector.modify(line.connection, events, key.data)

    def _drop(self, line: LineSocket) -> None:
        self._lines.discard(line)
        self._selector.unregister(line.connection)
        line.close()
        self._idle_since = time.monotonic()


def _capacity_event(capacity: tuple[int, int]) -> dict[str, Any]:
    return {"event": "capacity", "workers": capacity[0], "pilots": capacity[1]}


def _name_of(message: dict[str, Any]) -> _Name:
    return message["order"]["job_id"], message["order"]["attempt"]


def _outcomes_of(future: Future[Any], count: int) -> list[dict[str, Any] | None]:
    """Return the event of each of ``count`` ends: what the worker told, or that Parsl lost it.

    None of those that it gave back.
    """
    error = future.exception()
    if error is None:
        told: list[dict[str, Any] | None] = future.result()
        return told
    why = f"{type(error).__name__}: {error}".splitlines()[0]
    return [{"event": "lost", "why": why} for _ in range(count)]


def main() -> None:
    """Serve at the listening socket that is standard input."""
    settings = json.loads(sys.argv[1])
    listener = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    path = settings["config"]
    try:
        config = configuration(None if path is None else Path(path), settings["workers"])
        pilots = started(config, Path(settings["run_dir"]))
    except ParkError as error:
        sys.exit(f"{error.message}" + (f" ({error.hint})" if error.hint else ""))
    if Driver(listener, pilots, settings["idle_s"]).serve():
        pilots.end()
    os._exit(0)  # threads of Parsl's would go on waiting for what is gone


if __name__ == "__main__":
    main()
