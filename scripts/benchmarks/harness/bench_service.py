"""A service on loopback to be measured, and the shortest way to its jobs: no client's comfort."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.harness.serve_here import PARK, serve_here
from park.client.access.address import Address
from park.client.access.transport import Transport
from park.model.ids import new_id
from park.wire import API

__all__ = ["TRIVIAL", "WIDTH", "BenchService", "served"]

WIDTH = 8
"""Jobs at a time, ours and the yardstick's."""

TRIVIAL = "sys:getrecursionlimit"


@dataclass(frozen=True, kw_only=True)
class BenchService:
    """A service that runs; ``lock`` names its environment, ``pid`` is its process."""

    transport: Transport
    lock: str
    pid: int

    def submit(self, entry_point: str, count: int, **facts: Any) -> list[str]:
        """Submit a batch; it is committed when this returns. ``facts`` are further ones of each."""
        requests = [self._request(entry_point, **facts) for _ in range(count)]
        self.transport.json("POST", f"{API}/jobs", json=requests)
        return [str(request["id"]) for request in requests]

    def result(self, job: str) -> int:
        """Wait for a job and return what it returned."""
        while True:
            answer = self.transport.json("GET", f"{API}/jobs/{job}/result", params={"wait": 25})
            if "result" in answer:
                return int(answer["result"])
            if answer["job"]["finished"]:
                raise RuntimeError(answer["job"]["error"])

    def call(self, entry_point: str, **facts: Any) -> int:
        """Run one job from its submission to its result, as a client that waits for it does."""
        request = self._request(entry_point, **facts)
        (record,) = self.transport.json("POST", f"{API}/jobs", json=[request], params={"wait": 0.1})
        return int(record["result"]) if "result" in record else self.result(record["id"])

    def _request(self, entry_point: str, **facts: Any) -> dict[str, Any]:
        call: dict[str, Any] = {"args": [], "kwargs": {}}
        common = {"entry_point": entry_point, "call": call, "lock_hash": self.lock}
        return {"id": new_id(), **common, "memo": False, **facts}  # each is to run

    def run(self, count: int, **facts: Any) -> None:
        """Run a batch until every job of it is known to have completed; see `submit`."""
        jobs = self.submit(TRIVIAL, count, **facts)
        for job in reversed(jobs):
            self.result(job)
            query = {"status": "completed", "limit": count}
            found = self.transport.json("GET", f"{API}/jobs", params=query)
            if {record["id"] for record in found} >= set(jobs):
                return

    def processes(self) -> list[int]:
        """Return the service and its fork servers."""
        servers = self.transport.json("GET", f"{API}/fork-servers")
        return [self.pid, *(server["pid"] for server in servers)]


@contextmanager
def served(
    folder: Path, *options: str, program: Sequence[str | Path] = (PARK,)
) -> Iterator[BenchService]:
    """Run a service on the home in ``folder``, with the environment of `mymodel` ready.

    ``program`` is what serves, ``options`` are further ones of its ``serve``.
    """
    options = ("--slots", str(WIDTH), "--ready-file", str(folder / "ready"), *options)
    with serve_here(folder, *options, program=program) as (pid, variables):
        install: list[str | Path] = [PARK, "install", "mymodel", "--json"]
        done = subprocess.run(install, env=variables, stdout=subprocess.PIPE, check=True)
        url = json.loads((folder / "ready").read_text())["url"]
        token = (folder / "home" / "token").read_text().strip()
        transport = Transport(Address(url=url, token=token))
        yield BenchService(transport=transport, lock=json.loads(done.stdout)["lock_hash"], pid=pid)
        transport.close()
