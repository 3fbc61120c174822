"""Connections without end: what a service does for others goes on, and others get in."""

from __future__ import annotations

import resource
import socket
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx2
import pytest
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Iterator

DESCRIPTORS = 256
CONNECTIONS = DESCRIPTORS * 3 // 4
FEW = """
import os, resource, sys
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
os.execv(sys.argv[2], sys.argv[2:])
"""


class WithFewDescriptors(ParkService):
    """A service that may have few descriptors, however many this machine would give it."""

    def command(self, *options: str) -> list[str]:
        """Return the command line that serves this home."""
        return [sys.executable, "-c", FEW, str(DESCRIPTORS), *super().command(*options)]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 4 * DESCRIPTORS:
        pytest.skip("this process cannot open that many connections")
    root = tmp_path_factory.mktemp("few")
    with WithFewDescriptors(root, "--upstream", "none", "--trust-all") as running:
        for name in ("ada", "bob"):
            running.request("POST", "/api/v1/admin/users", json={"name": name})
        yield running


@pytest.fixture
def open_ends() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def connection(service: ParkService, open_ends: ExitStack) -> socket.socket:
    parts = urlsplit(service.url)
    assert parts.hostname is not None
    made = socket.create_connection((parts.hostname, parts.port or 80), timeout=LIMIT_S)
    return open_ends.enter_context(made)


def token_of(service: ParkService, name: str) -> str:
    path = f"/api/v1/admin/users/{name}/tokens"
    return str(service.request("POST", path, json={}).json()["token"])


def test_who_only_connects_keeps_nobody_out(service: ParkService, open_ends: ExitStack) -> None:
    for _ in range(2 * DESCRIPTORS):
        connection(service, open_ends)
    assert service.get("/api/v1/quota")["limits"]
    service.request("PUT", "/api/v1/areas/files/~/x", content=b"x")
    assert "Too many open files" not in service.log


def test_one_user_with_polls_without_end_keeps_nobody_out(
    service: ParkService, open_ends: ExitStack
) -> None:
    ada, bob = (token_of(service, name) for name in ("ada", "bob"))
    head = (
        "GET /api/v1/events?wait=30&after=999999 HTTP/1.1\r\n"
        f"Host: 127.0.0.1\r\nAuthorization: Bearer {ada}\r\n\r\n"
    )
    for _ in range(CONNECTIONS // 2):
        poll = connection(service, open_ends)
        poll.sendall(head.encode())
    assert poll.recv(65_536).startswith(b"HTTP/1.1 429 ")
    answer = httpx2.get(
        f"{service.url}/api/v1/whoami",
        headers={"Authorization": f"Bearer {bob}"},
        timeout=LIMIT_S,
    )
    assert answer.json()["user"] == "bob"
    assert "Too many open files" not in service.log
