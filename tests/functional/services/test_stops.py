"""Stops, and clients that vanish: nobody waits for them, and there is no traceback."""

from __future__ import annotations

import hashlib
import re
import resource
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from support.services.bearer import Bearer
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S
from support.stand_ins.gated_index import gated_index

if TYPE_CHECKING:
    from collections.abc import Iterator

A_STOP_S = 20.0
"""Far below the 30 s of a poll, far above what a stop takes on a busy machine."""

JOB = "0199aaaa-0000-7000-8000-000000000001"
INSTALL = "0199aaaa-0000-7000-8000-000000000002"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ParkService]:
    with ParkService(tmp_path, "--upstream", "none") as service:
        yield service


def waiting_job(service: ParkService) -> None:
    """Submit a fetch that waits for an hour to come."""
    request = {
        "id": JOB,
        "entry_point": "park:fetch_url",
        "call": {"args": [], "kwargs": {}},
        "fetch": {"url": "https://example.org/run.zip"},
        "when": {"version": 1, "condition": {"after": 3600}},
    }
    service.request("POST", "/api/v1/jobs", json=[request])


POLLS = [
    ("GET", f"jobs/{JOB}"),
    ("GET", f"jobs/{JOB}/result"),
    ("GET", f"jobs/{JOB}/logs/stdout"),
    ("GET", "events"),
    ("POST", "follow"),
]


def poll(service: ParkService, method: str, path: str, after: int) -> httpx2.Response:
    body: Any = {"leaves": [{"leaf": {"job": JOB, "is": "completed"}}], "wait": 30}
    return httpx2.request(
        method,
        f"{service.url}/api/v1/{path}",
        auth=Bearer(service.token),
        params={"wait": 30, "after": after} if method == "GET" else {},
        timeout=LIMIT_S,
        json=body if method == "POST" else None,
    )


def connections(service: ParkService) -> int:
    """Return how many connections the service has accepted and not closed."""
    port = int(service.url.rpartition(":")[2])
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


def until(service: ParkService, count: int) -> None:
    deadline = time.monotonic() + LIMIT_S
    while connections(service) < count:
        assert time.monotonic() < deadline
        service.get("/api/v1")


def test_a_stop_answers_every_open_poll_at_once(service: ParkService) -> None:
    waiting_job(service)
    newest = service.get("/api/v1/events")[-1]["seq"]
    with ThreadPoolExecutor(len(POLLS)) as pool:
        polls = [pool.submit(poll, service, *each, newest) for each in POLLS]
        until(service, len(POLLS))
        service.get("/api/v1")  # answered after the polls were taken up
        began = time.monotonic()
        assert service.stop() in {0, -15}
        took_s = time.monotonic() - began
        answers = [each.result() for each in polls]
    assert [answer.status_code for answer in answers] == [200] * len(POLLS)
    assert answers[0].json()["status"] == "waiting"
    assert answers[4].json()[0]["truth"] == "not-yet"
    assert took_s < A_STOP_S
    assert "Traceback" not in service.log
    assert "Cancel" not in service.log


def test_a_stop_answers_whoever_follows_an_install_at_once(tmp_path: Path) -> None:
    pin = {"name": "sortedcontainers", "version": "2.4.0"}
    python = ".".join(map(str, sys.version_info[:2]))
    wanted = {"id": INSTALL, "project": pin["name"], "version": pin["version"], "python": python}
    with (
        gated_index(tmp_path / "index", []) as (upstream, gate),
        ParkService(tmp_path / "service", "--upstream", upstream) as service,
        gate.closed("/simple/sortedcontainers/"),
        ThreadPoolExecutor(1) as pool,
    ):
        service.request("POST", "/api/v1/installs", json=wanted | {"pins": [pin]})
        gate.wait_for_request()
        following = pool.submit(poll, service, "GET", f"installs/{INSTALL}", 1_000_000)
        until(service, 2)  # the resolver asks us as well, and is held back
        service.get("/api/v1")  # answered after the poll was taken up
        began = time.monotonic()
        assert service.stop() in {0, -15}
        took_s = time.monotonic() - began
        answer = following.result()
    assert (answer.status_code, answer.json()["state"]) == (200, "resolving")
    assert took_s < A_STOP_S
    assert "Traceback" not in service.log


def opened(service: ParkService, head: str = "") -> socket.socket:
    port = int(service.url.rpartition(":")[2])
    connection = socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S)
    connection.sendall(head.encode())
    return connection


def put_head(service: ParkService, size: int) -> str:
    digest = hashlib.sha256(b"").hexdigest()
    return (
        f"PUT /api/v1/files/{digest} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {service.token}\r\nContent-Length: {size}\r\n\r\n"
    )


def test_an_upload_that_a_stop_cuts_is_told_to_come_again(service: ParkService) -> None:
    with opened(service, put_head(service, 1000) + "begin") as connection:
        until(service, 1)
        assert service.stop() in {0, -15}
        answer = connection.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 503 ")
    assert "send it again when the service is back" in answer
    assert "Traceback" not in service.log


def test_a_client_that_vanishes_in_a_put_is_one_line_at_most(service: ParkService) -> None:
    before = service.log.count("\n")
    for _ in range(5):
        opened(service, put_head(service, 1_000_000) + "begin").close()
    service.stop()
    assert service.log.count("\n") - before <= 5
    assert "Traceback" not in service.log


def test_the_soft_limit_of_descriptors_is_raised(service: ParkService) -> None:
    limits = Path(f"/proc/{service.ready['pid']}/limits").read_text()
    soft = re.search(r"Max open files\s+(\d+)", limits)
    assert soft is not None
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert int(soft[1]) >= min(hard, 65_536)
