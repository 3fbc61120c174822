"""A service that is stopped keeps its connections: who waits for it hears of that at once."""

from __future__ import annotations

import logging
import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S

from park.client.access.address import Address
from park.client.access.long_polls import LongPolls
from park.client.access.transport import Transport
from park.errors import ParkError
from park.wire import API

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

JOB = "0199aaaa-0000-7000-8000-000000000001"
FAR_BELOW_A_POLL_S = 20.0


class Lines(logging.Handler):
    """What is said in the log ``park``, which tests wait for."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[str] = []
        self.changed = threading.Condition()

    def emit(self, record: logging.LogRecord) -> None:
        with self.changed:
            self.all.append(record.getMessage())
            self.changed.notify_all()

    def until(self, text: str, within_s: float) -> None:
        with self.changed:
            said = self.changed.wait_for(lambda: any(text in each for each in self.all), within_s)
        assert said, self.all


@pytest.fixture
def lines() -> Iterator[Lines]:
    log, handler = logging.getLogger("park"), Lines()
    before = log.level
    log.setLevel(logging.INFO)  # somebody hears how it goes
    log.addHandler(handler)
    yield handler
    log.removeHandler(handler)
    log.setLevel(before)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ParkService]:
    with ParkService(tmp_path, "--upstream", "none") as service:
        request = {
            "id": JOB,
            "entry_point": "park:fetch_url",
            "call": {"args": [], "kwargs": {}},
            "fetch": {"url": "https://example.org/run.zip"},
            "when": {"version": 1, "condition": {"after": 3600}},
        }
        service.request("POST", "/api/v1/jobs", json=[request])
        yield service


def by_a_thread(address: Address, ended: threading.Event) -> None:
    transport = Transport(address)
    transport.json("GET", API)

    def wait() -> None:
        while not ended.is_set():
            try:
                if transport.json("GET", f"{API}/jobs/{JOB}", params={"wait": 25})["finished"]:
                    return
            except ParkError:
                return

    threading.Thread(target=wait, daemon=True).start()


def by_the_loop(address: Address, ended: threading.Event) -> None:
    leaf = {"job": JOB, "is": "completed"}
    LongPolls(address).follow([(leaf, print)], wanted=lambda: not ended.is_set())


@pytest.mark.parametrize("wait", [by_a_thread, by_the_loop])
def test_it_is_told_at_once_and_so_is_that_it_answers_again(
    service: ParkService, lines: Lines, wait: Callable[[Address, threading.Event], None]
) -> None:
    ended = threading.Event()
    wait(Address(url=service.url, token=service.token), ended)
    os.kill(service.ready["pid"], signal.SIGSTOP)
    try:
        lines.until(f"{service.url} does not answer any more", FAR_BELOW_A_POLL_S)
    finally:
        os.kill(service.ready["pid"], signal.SIGCONT)
    lines.until(f"{service.url} answers now", LIMIT_S)
    ended.set()
    service.request("POST", f"{API}/jobs/{JOB}/cancel")  # which ends the wait
