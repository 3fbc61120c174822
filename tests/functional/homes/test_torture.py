"""``kill -9`` at random moments while jobs come in, run and leave files: nothing is lost.

A few kills here; ``scripts/torture MINUTES`` goes on for as long as one likes.
"""

from __future__ import annotations

import os
import random
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from support.faults.wholeness import assert_whole
from support.services.bearer import Bearer
from support.services.park_client import Client, ModelTree, make_virtualenv
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

KILLS = 5
MINUTES = float(os.environ.get("PARK_TORTURE_MINUTES", "0"))
SEED = os.environ.get("PARK_TORTURE_SEED", "1")
LONGEST_LIFE_S = 1.0
"""Of a service that serves, from start to kill: some die within their first requests."""

BATCH = 4


@dataclass
class Submitter:
    """Submits jobs without end; one that was not acknowledged is submitted again."""

    service: ParkService
    lock: str
    folder: Path
    acknowledged: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    broken: Exception | None = None

    def run(self) -> None:
        """Submit until ``ended``."""
        try:
            while not self.ended.is_set():
                jobs = [str(uuid.uuid4()) for _ in range(BATCH)]
                while not self._is_acknowledged(jobs):
                    self.ended.wait(0.01)
                self.acknowledged += jobs
        except Exception as error:  # noqa: BLE001 (the test tells it)
            self.broken = error

    def _is_acknowledged(self, jobs: list[str]) -> bool:
        try:
            url, token = self.service.url, self.service.token
            answer = httpx2.post(
                f"{url}/api/v1/jobs",
                auth=Bearer(token),
                json=[self._request(job) for job in jobs],
                timeout=LIMIT_S,
            )
        except (httpx2.TransportError, OSError, ValueError):  # it is dead, or not ready yet
            return False
        assert answer.status_code in {200, 503}, answer.text
        return answer.status_code == 200

    def _request(self, job: str) -> dict[str, Any]:
        if int(job[0], 16) % 2:
            entry_point, args = "light_model:write", ["out.txt", job]
        else:
            entry_point, args = "light_model:count", [str(self.folder / job)]
        call = {"args": args, "kwargs": {}}
        return {"id": job, "entry_point": entry_point, "call": call, "lock_hash": self.lock}


@dataclass
class Remover:
    """Pins one job of each batch, removes another, and has all cleaned that nothing needs.

    A kill may cut off the answer: jobs that were ``asked`` to go may be there or not.
    """

    submitter: Submitter
    pinned: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    cleans: int = 0
    broken: Exception | None = None
    has_pinned: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Go on until the submitter has ended; a clean that is killed is none."""
        try:
            batch = 0
            while not self.submitter.ended.wait(0.01):
                jobs = self.submitter.acknowledged[batch : batch + BATCH]
                if len(jobs) == BATCH and self._has("PUT", f"jobs/{jobs[0]}/pin", 200):
                    self.pinned.add(jobs[0])
                    self.has_pinned.set()
                    batch += BATCH
                if batch:  # without any job nothing needs the tree
                    mine = self._mine(batch)
                    self.asked.update(mine)
                    self.removed |= {job for job in mine if self._has("DELETE", f"jobs/{job}", 204)}
                    self.cleans += self._has("POST", "clean", 200, older_than_s=3_600.0, **_TREES)
        except Exception as error:  # noqa: BLE001 (the test tells it)
            self.broken = error

    def _mine(self, batch: int) -> list[str]:
        """Return the last jobs, one of each batch, that are still to be removed."""
        mine = self.submitter.acknowledged[1:batch:BATCH][-5:]
        return [job for job in mine if job not in self.removed]

    def _has(self, method: str, path: str, status: int, **body: float) -> bool:
        service = self.submitter.service
        try:
            answer = httpx2.request(
                method,
                f"{service.url}/api/v1/{path}",
                auth=Bearer(service.token),
                json=body or None,
                timeout=LIMIT_S,
            )
        except (httpx2.TransportError, OSError, ValueError):  # it is dead, or not ready yet
            return False
        if method == "DELETE":  # removed, and a kill has cut off the answer; or it runs
            assert answer.status_code in {status, 404, 409, 503}, answer.text
            return answer.status_code in {status, 404}
        assert answer.status_code in {status, 503}, answer.text
        return answer.status_code == status


_TREES = {"trees_older_than_s": 0.0, "newest_trees": 0}


def killed(service: ParkService) -> int:
    """Kill ``service`` at random moments; return how many times."""
    moments = random.Random(SEED)  # noqa: S311 (no secret)
    until, kills = time.monotonic() + MINUTES * 60, 0
    while kills < KILLS or time.monotonic() < until:
        # not a wait for something: when it falls is what is tried
        threading.Event().wait(moments.uniform(0, LONGEST_LIFE_S))
        service.restart()
        kills += 1
    return kills


def check(service: ParkService, submitter: Submitter, job: str) -> None:
    """Fail where ``job`` did not end as it should, or ran more than once.

    Attempts may be more: one that a kill forestalled never ran.
    """
    record = service.job_when_final(job)
    assert record["status"] == "completed", record
    if (submitter.folder / job).exists():
        assert len((submitter.folder / job).read_text().splitlines()) == 1
    else:
        answer = service.request("GET", f"/api/v1/jobs/{job}/files/out.txt")
        assert answer.text == job


def check_all(service: ParkService, submitter: Submitter, remover: Remover) -> None:
    """Fail where a job is lost that was not removed, or one that was removed is there.

    What they need was needed all along, so cleans have left it.
    """
    there = {record["id"] for record in service.get("/api/v1/jobs", limit=10_000)}
    assert there.isdisjoint(remover.removed)
    for job in submitter.acknowledged:
        if job in there or job not in remover.asked:
            check(service, submitter, job)
    assert remover.asked.isdisjoint(remover.pinned)


@pytest.mark.timeout(600 + 120 * MINUTES)
def test_kills_at_random_moments_lose_nothing_that_was_acknowledged(
    tmp_path: Path, client_cache: Path
) -> None:
    tree = ModelTree("light-model", tmp_path)
    python = make_virtualenv(tmp_path / "venv", tree.root)
    with ParkService(tmp_path / "served") as service:
        client = Client.of(python, tmp_path / "client", cache=client_cache, service=service)
        lock = client.json("install", "light_model")["lock_hash"]
        submitter = Submitter(service, lock, tmp_path)
        remover = Remover(submitter)
        threads = [threading.Thread(target=each.run) for each in (submitter, remover)]
        for thread in threads:
            thread.start()
        try:
            kills = killed(service)
            # on a slow machine no life was long enough for that; the last one goes on
            assert remover.has_pinned.wait(LIMIT_S)
        finally:
            submitter.ended.set()
            for thread in threads:
                thread.join(LIMIT_S)
        assert (submitter.broken, remover.broken) == (None, None)
        assert submitter.acknowledged
        assert remover.pinned
        check_all(service, submitter, remover)
        assert service.stop() == 0
        assert_whole(service.home)
    acknowledged = len(submitter.acknowledged)
    told = f"{kills} kills, {acknowledged} jobs, each completed once; {remover.cleans} cleans"
    print(f"{told}, {len(remover.removed)} jobs removed")  # noqa: T201 (scripts/torture)
