"""A service that is asked to wait is asked beside whether it is still there."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from support.session.limits import LIMIT_S
from support.stand_ins.scripted_server import Asked, ScriptedServer, answer, scripted_server

from park.client.access.http.pulse import PROBE, Pulse
from park.client.access.http.way import Way

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BEAT_S = 0.05


@contextmanager
def answer_to_come() -> Iterator[tuple[socket.socket, socket.socket]]:
    """What is waited for, and the end that writes it."""
    read, write = socket.socketpair()
    with read, write:
        yield read, write


class Told:
    """What a pulse told, which a test waits for."""

    def __init__(self) -> None:
        self.all: list[bool] = []
        self._changed = threading.Condition()

    def __call__(self, is_there: bool) -> None:  # noqa: FBT001 (as `Pulse` calls it)
        with self._changed:
            self.all.append(is_there)
            self._changed.notify_all()

    def until(self, *expected: bool) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.all == list(expected), LIMIT_S), self.all


@contextmanager
def waiting(
    server: ScriptedServer, read: socket.socket, told: Told, *, is_heard: bool = True
) -> Iterator[Callable[[], list[bool]]]:
    """Wait in a thread for what is to be read; give what joins it and returns how it ended."""
    way = Way(server.url, proxy=None, timeout_s=LIMIT_S)
    pulse = Pulse(way, PROBE, is_heard=lambda: is_heard, told=told, beat_s=BEAT_S)
    ends: list[bool] = []
    thread = threading.Thread(target=lambda: ends.append(pulse.felt_until(read, LIMIT_S)))

    def joined() -> list[bool]:
        thread.join(LIMIT_S)
        return ends

    thread.start()
    yield joined
    assert not thread.is_alive()


def test_a_service_that_answers_beside_is_there_and_nothing_is_told() -> None:
    several = threading.Event()

    def script(asked: Asked) -> bytes:
        assert asked.line == f"GET {PROBE} HTTP/1.1"
        if len(server.asked) > 2:
            several.set()
        return answer(b"{}")

    told = Told()
    with (
        answer_to_come() as (read, write),
        scripted_server(script) as server,
        waiting(server, read, told) as joined,
    ):
        assert several.wait(LIMIT_S)
        write.send(b"x")
        assert joined() == [True]
    assert told.all == []
    assert len({asked.sender for asked in server.asked}) == 1  # one connection for all of them


def test_one_that_does_not_is_told_and_that_it_does_again() -> None:
    goes_on = threading.Event()

    def script(_: Asked) -> bytes:
        assert goes_on.wait(LIMIT_S)
        return answer(b"{}")

    told = Told()
    with (
        answer_to_come() as (read, write),
        scripted_server(script) as server,
        waiting(server, read, told) as joined,
    ):
        told.until(False)
        goes_on.set()
        told.until(False, True)
        write.send(b"x")
        assert joined() == [True]


def test_one_that_is_gone_is_told_though_its_connection_stands() -> None:
    with scripted_server(lambda _: None) as server:
        pass
    told = Told()
    with answer_to_come() as (read, write), waiting(server, read, told) as joined:
        told.until(False)
        write.send(b"x")
        assert joined() == [True]


def test_nobody_is_asked_for_whom_nobody_hears() -> None:
    told = Told()
    with (
        answer_to_come() as (read, write),
        scripted_server(lambda _: answer(b"{}")) as server,
        waiting(server, read, told, is_heard=False) as joined,
    ):
        way = Way(server.url, proxy=None, timeout_s=LIMIT_S)
        pulse = Pulse(way, PROBE, is_heard=lambda: False, told=told, beat_s=BEAT_S)
        assert not pulse.felt_until(read, 4 * BEAT_S)  # the time is over, and nothing came
        write.send(b"x")
        assert joined() == [True]
    assert server.asked == []
    assert told.all == []
