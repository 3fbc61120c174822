"""A service with several users, who try what they can reach of one another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
from support.material.wheels import make_wheel
from support.services.park_service import NO_AUTHORITIES
from support.session.limits import LIMIT_S

from park.model.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from support.services.park_service import ParkService

__all__ = ["UserWorld"]

PASSWORD = "correct horse"


class UserWorld:
    """A service with its operator, ada and bob, and a released package ``attacks`` of ``files``."""

    def __init__(self, service: ParkService, folder: Path, files: Mapping[str, bytes]) -> None:
        self.service = service
        self.tokens = {"root": service.token}
        for name in ("ada", "bob"):
            body = {"name": name, "password": PASSWORD}
            service.request("POST", "/api/v1/admin/users", json=body)
            login = {"user": name, "password": PASSWORD}
            answer = httpx2.post(f"{service.url}/api/v1/login", json=login, timeout=LIMIT_S)
            self.tokens[name] = answer.json()["token"]
        wheel = make_wheel(folder, "attacks", files=dict(files))
        service.request(
            "POST",
            "/legacy/",
            data={":action": "file_upload", "protocol_version": "1"},
            files={"content": (wheel.name, wheel.read_bytes())},
        )
        self.lock = service.offer("attacks", "1.0")

    def ask(self, user: str, method: str, path: str, **arguments: Any) -> httpx2.Response:
        """Send a request below ``/api/v1`` as ``user``."""
        headers = {"Authorization": f"Bearer {self.tokens[user]}"}
        url = f"{self.service.url}/api/v1/{path}"
        verify = NO_AUTHORITIES
        return httpx2.request(
            method, url, headers=headers, timeout=LIMIT_S, verify=verify, **arguments
        )

    def submit(self, user: str, function: str, **arguments: Any) -> str:
        """Submit a call of ``attacks:function`` as ``user``; return its id."""
        job = {
            "id": new_id(),
            "entry_point": f"attacks:{function}",
            "lock_hash": self.lock,
            "call": {"args": [], "kwargs": arguments},
        }
        answer = self.ask(user, "POST", "jobs", json=[job])
        assert answer.status_code == 200, answer.text
        return str(job["id"])

    def record(self, user: str, job: str) -> dict[str, Any]:
        """Return the record of a job of ``user`` when it has ended."""
        while True:
            record: dict[str, Any] = self.ask(user, "GET", f"jobs/{job}?wait=30").json()
            if record["status"] in {"completed", "failed", "cancelled"}:
                return record

    def call(self, user: str, function: str, **arguments: Any) -> Any:
        """Return the result of a call as ``user``, which must complete."""
        job = self.submit(user, function, **arguments)
        record = self.record(user, job)
        assert record["status"] == "completed", record
        return self.ask(user, "GET", f"jobs/{job}/result").json()["result"]
