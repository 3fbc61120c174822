"""What a fork server decides, without its loop: whether it leaves, whom it answers what."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from support.session.limits import LIMIT_S

from park.runtime import descendants, forkserver, processes
from park.runtime.child import BEGUN, MARKED, READY
from park.runtime.folder import JobFolder
from park.runtime.forkserver import ForkServer
from park.runtime.order import Order, ServerSettings
from park.runtime.spare import Spare

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Place:
    """A fork server that does not run, and somebody connected to it."""

    def __init__(self, root: Path, **settings: Any) -> None:
        self.root = root
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(root / "socket"))
        listener.listen()
        self.listener = listener
        said: dict[str, Any] = {"module": "model", "spares": 0, "idle_s": 0.0, **settings}
        self.server = ForkServer(listener, ServerSettings(**said))
        self.client = socket.socket(socket.AF_UNIX)
        self.client.settimeout(LIMIT_S)
        self.client.connect(str(root / "socket"))
        self._lines = self.client.makefile("r")
        self._things: list[Any] = []

    def order(self, attempt: int = 1) -> dict[str, Any]:
        said = {"job_id": "0199", "entry_point": "model:fit", "set_hash": None}
        return {**said, "attempt": attempt, "directory": str(self.root)}

    def spare(self) -> Spare:
        """Return a child that is none: only what the server sees of it."""
        ours, theirs = socket.socketpair()
        theirs.settimeout(LIMIT_S)
        found = Spare(pid=os.getpid(), pidfd=os.eventfd(0), channel=ours)
        self._things += [found, theirs]
        self.server._watch(found.pidfd, lambda: None)
        self.server._supply._waiting.append(found)
        return found

    def handed_over(self) -> dict[str, Any]:
        """Return the order that the newest child got."""
        return dict(json.loads(self._things[-1].recv(65_536)))

    def heard(self) -> dict[str, Any]:
        return dict(json.loads(self._lines.readline()))

    def close(self) -> None:
        for thing in [self._lines, self.client, *self.server._connections, *self._things]:
            thing.close()
        self.server._selector.close()
        self.listener.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.close()


def start(place: Place, **order: Any) -> None:
    (line,) = place.server._connections
    place.server._start(line, {"order": place.order() | order})


def test_who_connects_hears_first_how_it_is(place: Place) -> None:
    place.server._accept()
    hello = place.heard()
    assert (hello["event"], hello["module"], hello["running"]) == ("hello", "model", [])


def test_it_leaves_when_idle_and_nobody_is_connected(place: Place) -> None:
    assert place.server._may_leave()
    place.server._accept()
    assert not place.server._may_leave()


def test_whoever_waits_at_the_socket_is_heard_before_it_leaves(place: Place) -> None:
    serving = Thread(target=place.server.serve)
    serving.start()
    assert place.heard()["event"] == "hello"
    place.client.shutdown(socket.SHUT_RDWR)  # then nobody is left, and it was idle for long
    serving.join(LIMIT_S)
    assert not serving.is_alive()


def test_it_stays_for_as_long_as_it_was_told_to(tmp_path: Path) -> None:
    here = Place(tmp_path, idle_s=1e6)
    assert not here.server._may_leave()
    assert 0 < (here.server._timeout() or 0) <= 1e6
    here.close()


def test_an_order_goes_to_the_child_that_waits_and_all_hear_of_it(place: Place) -> None:
    place.server._accept()
    place.heard()
    place.spare()
    start(place)
    assert place.handed_over() == Order(**place.order()).as_record()
    (line,) = place.server._connections
    place.server._flush(line)
    said = {"event": "started", "job": "0199", "attempt": 1, "pid": os.getpid()}
    assert place.heard() == said
    assert place.server._timeout() is None
    assert not place.server._may_leave()


def test_what_comes_in_one_message_is_told_in_one(place: Place) -> None:
    place.server._accept()
    place.heard()
    place.spare()
    place.spare()
    (line,) = place.server._connections
    orders = [{"do": "start", "order": place.order(attempt)} for attempt in (1, 2)]
    place.client.sendall(b"".join(json.dumps(each).encode() + b"\n" for each in orders))
    place.server._hear(line)
    told = place.client.recv(65_536).decode().splitlines()
    assert [json.loads(each)["attempt"] for each in told] == [1, 2]


def test_an_order_that_runs_is_not_started_again(place: Place) -> None:
    place.server._accept()
    place.spare()
    start(place)
    second = place.spare()
    start(place)
    assert list(place.server._supply._waiting) == [second]


def test_without_a_module_each_job_gets_a_fresh_interpreter(tmp_path: Path) -> None:
    here = Place(tmp_path, module=None)
    here.server._accept()
    here.spare()
    start(here)
    assert here.handed_over()["fresh"] is True
    here.close()


def test_one_that_is_leaving_refuses(place: Place) -> None:
    place.server._accept()
    place.heard()
    place.server._shut_down()
    start(place)
    assert place.heard() == {"event": "refused", "job": "0199", "attempt": 1}
    assert place.server._may_leave()


def test_it_wants_no_children_when_it_leaves_or_has_enough(tmp_path: Path) -> None:
    here = Place(tmp_path, spares=1)
    assert here.server._wants_spares()
    here.server._supply._refill_at = time.monotonic() + 1e6  # the machine had no room
    assert not here.server._wants_spares()
    here.server._supply._refill_at = 0.0
    here.spare()
    assert not here.server._wants_spares()
    here.server._supply._waiting.clear()
    here.server._leaving = True
    assert not here.server._wants_spares()
    here.close()


def test_a_cancel_is_a_request_first_and_then_an_end(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    monkeypatch.setattr(processes, "signal_group", lambda _pid, it: sent.append(it))
    place.server._accept()
    place.spare()
    start(place)
    (line,) = place.server._connections
    for _ in range(2):
        place.server._cancel(line, {"job": "0199", "attempt": 1, "grace": 0})
    assert sent == [signal.SIGTERM, signal.SIGCONT]  # one that is stopped hears it as well
    for _ in range(2):
        place.server._kill_overdue()
    assert sent == [signal.SIGTERM, signal.SIGCONT, signal.SIGKILL]


@pytest.mark.parametrize(
    ("owner", "owns"),
    [("own", True), ("another", False), ("nobody", False)],
)
def test_an_attempt_is_that_of_its_claim(place: Place, owner: str, *, owns: bool) -> None:
    if owner != "nobody":
        pid = os.getpid() if owner == "own" else 1
        JobFolder(root=str(place.root)).claim(1, {"pid": pid})
    job = forkserver._Running(order=Order(**place.order()), spare=place.spare())
    assert forkserver._owns_attempt(job) is owns


def test_words_of_a_child_are_told(place: Place) -> None:
    place.server._accept()
    place.heard()
    place.spare()
    start(place)
    place._things[-1].sendall(MARKED + BEGUN)
    place.server._on_word(("0199", 1))
    (line,) = place.server._connections
    place.server._flush(line)
    assert [place.heard()["event"] for _ in range(3)] == ["started", "marked", "begun"]


@pytest.mark.parametrize(
    ("reuse", "cancelled", "stays"),
    [(True, False, True), (True, True, False), (False, False, False)],
)
def test_a_child_that_is_ready_again_stays_where_its_job_let_it_and_nobody_ended_that(
    place: Place, monkeypatch: pytest.MonkeyPatch, *, reuse: bool, cancelled: bool, stays: bool
) -> None:
    killed: list[int] = []
    monkeypatch.setattr(processes, "signal_group", lambda _pid, it: killed.append(it))
    monkeypatch.setattr(processes, "end_session", lambda *_: killed.append(signal.SIGKILL))
    monkeypatch.setattr(descendants, "end_descendants", lambda *_: [])
    place.server._accept()
    place.heard()
    spare = place.spare()
    start(place, reuse=reuse)
    place.server._running["0199", 1].cancelled = cancelled
    place._things[-1].sendall(READY)
    place.server._on_word(("0199", 1))
    assert [place.heard()["event"] for _ in range(2)] == ["started", "ended"]
    assert place.server._supply._ready == ([spare] if stays else [])
    assert killed == ([] if stays else [signal.SIGKILL])
