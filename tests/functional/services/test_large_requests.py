"""Large requests and answers: the service is busy with them, and nobody else waits for that.

The service's own watch tells how long its event loop was held. What counts is the time in
which the loop's thread itself ran: a busy machine prolongs any other.
"""

from __future__ import annotations

import functools
import getpass
import json
import re
import sqlite3
import uuid
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from support.services.bearer import Bearer
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S
from support.session.slow_cases import slow_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

HELD_MS = 50
MANY = 20_000
LARGE, LONG, CALLED, BEFORE, FULL, TANGLED = (str(uuid.uuid4()) for _ in range(6))
"""Jobs that left 60 MB of text, and a list of 100,000 items; one that waits with a call of 20 MB,
and that for which it waits; one that left 40,000 files, and one that waits for 200,000 leaves."""


def waiting(job: str) -> dict[str, Any]:
    return {
        "id": job,
        "entry_point": "park:fetch_url",
        "call": {"args": [], "kwargs": {}},
        "fetch": {"url": "https://example.org/run.zip"},
        "when": {"version": 1, "condition": {"after": 3600}},
    }


@functools.cache
def jobs() -> list[dict[str, Any]]:
    """Return the same jobs at each call."""
    return [waiting(str(uuid.uuid4())) for _ in range(MANY)]


def fill(home: Path) -> None:
    """Write what takes long to make: two large results, and the names of many projects."""
    with closing(sqlite3.connect(home / "park.sqlite")) as database, database:
        database.execute(
            "UPDATE jobs SET status = 'completed', finished = submitted WHERE id IN (?, ?, ?)",
            [LARGE, LONG, FULL],
        )
        results = [
            (LARGE, json.dumps("x" * 60_000_000)),
            (LONG, json.dumps([*range(100_000)])),
            (FULL, "1"),
        ]
        database.executemany("INSERT INTO results (job, document) VALUES (?, ?)", results)
        database.executemany(
            "INSERT INTO job_files (job, name, sha256, size) VALUES (?, ?, ?, 1)",
            [(FULL, f"out/{number}.dat", "ab" * 32) for number in range(2 * MANY)],
        )
        database.execute(
            "UPDATE jobs SET kind = 'call', lock_hash = 'ab', entry_point = 'mymodel:fit'"
            " WHERE id = ?",
            [CALLED],
        )
        tangled = json.dumps(condition(199_995)["when"])
        database.execute("UPDATE jobs SET condition = ? WHERE id = ?", [tangled, TANGLED])
        call = json.dumps({"args": [[number / 7 for number in range(MANY * 50)]], "kwargs": {}})
        database.execute("UPDATE calls SET document = ? WHERE job = ?", [call, CALLED])
        fill_environments(database)
        database.executemany(
            "INSERT INTO index_projects (name, status, is_claimed, owned_since, owned_by)"
            " VALUES (?, 'active', 1, '2026-01-01T00:00:00Z', 'root')",
            [(f"project-{number}",) for number in range(MANY)],
        )


def fill_environments(database: sqlite3.Connection) -> None:
    """Write as many versions as somebody has who worked on a model for years."""
    at = "2026-11-01T00:00:00Z"
    locks = [f"{number:064x}" for number in range(MANY // 4)]
    database.executemany("INSERT INTO locks VALUES (?, '3.11', '', ?)", [(k, at) for k in locks])
    database.executemany(
        "INSERT INTO environments VALUES (?, 'ready', 50, 1, 1, ?, ?, NULL)",
        [(lock, at, at) for lock in locks],
    )
    request = json.dumps({key: value for key, value in pins(50).items() if key != "id"})
    database.executemany(
        "INSERT INTO installs (id, user, project, version, python, set_hash, request, state,"
        " lock_hash, added, realised, created, updated)"
        " VALUES (?, ?, 'p1', ?, '3.11', 's', ?, 'ready', ?, '[]', 1, ?, ?)",
        [
            (lock, getpass.getuser(), f"1.{number}", request, lock, at, at)
            for number, lock in enumerate(locks)
        ],
    )


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    folder = tmp_path_factory.mktemp("folder")
    for number in range(2 * MANY):
        (folder / str(number)).touch()
    options = ("--upstream", "none", "--watch-loop", str(HELD_MS), "--root", f"many={folder}")
    with ParkService(tmp_path_factory.mktemp("large"), *options) as service:
        following = waiting(CALLED)
        following["when"]["condition"] = {"job": BEFORE, "is": "cancelled"}
        others = [waiting(job) for job in (LARGE, LONG, BEFORE, FULL, TANGLED)]
        service.request("POST", "/api/v1/jobs", json=[*others, following])
        service.stop()
        fill(service.home)
        yield service.start()


def leaf(job: str) -> dict[str, Any]:
    return {"leaf": {"job": job, "is": "completed"}}


def compared(number: int) -> dict[str, Any]:
    whole = {"$park": "reference", "job": LONG, "what": "value", "path": []}
    return {"leaf": {"compare": [{"reference": whole}, "==", {"value": number}]}}


def pins(count: int) -> dict[str, Any]:
    named = [{"name": f"p{number}", "version": f"1.{number}"} for number in range(count)]
    root = {"project": "p1", "version": "1.1", "python": "3.11"}
    return {"id": str(uuid.uuid4()), **root, "pins": named}


def condition(leaves: int) -> dict[str, Any]:
    parts = [
        {"job": jobs()[number % MANY]["id"], "is": phase}
        for phase in ("completed", "failed", "started", "finished", "cancelled")
        for number in range(leaves // 5)
    ]
    return waiting(str(uuid.uuid4())) | {"when": {"version": 1, "condition": {"any": parts}}}


REQUESTS: dict[str, Callable[[], tuple[str, str, Any]]] = {
    "20,000 jobs": lambda: ("POST", "/api/v1/jobs", jobs()),
    "20,000 jobs again": lambda: ("POST", "/api/v1/jobs", jobs()),
    "10,000 records": lambda: ("GET", "/api/v1/jobs?limit=10000", None),
    "10,000 events": lambda: ("GET", "/api/v1/events?limit=10000", None),
    "20,000 leaves": lambda: (
        "POST",
        "/api/v1/follow",
        {"leaves": [leaf(job["id"]) for job in jobs()]},
    ),
    "2,000 leaves on a long list": lambda: (
        "POST",
        "/api/v1/follow",
        {"leaves": [compared(number) for number in range(2_000)]},
    ),
    "a condition of 50,000 leaves": lambda: ("POST", "/api/v1/jobs", [condition(50_000)]),
    "a condition of 199,995 leaves": lambda: ("POST", "/api/v1/jobs", [condition(199_995)]),
    "5,000 environments": lambda: ("GET", "/api/v1/environments", None),
    "5,000 versions": lambda: ("GET", "/api/v1/versions", None),
    "a large result": lambda: ("GET", f"/api/v1/jobs/{LARGE}/result", None),
    "20,000 projects": lambda: ("GET", "/simple/", None),
    "40,000 files": lambda: ("GET", f"/api/v1/jobs/{FULL}", None),
    "40,000 files with a result": lambda: ("GET", f"/api/v1/jobs/{FULL}/result", None),
    "40,000 files kept": lambda: ("PUT", f"/api/v1/jobs/{FULL}/pin", None),
    "40,000 files cancelled": lambda: ("POST", f"/api/v1/jobs/{FULL}/cancel", None),
    "40,000 files submitted again": lambda: ("POST", "/api/v1/jobs", [waiting(FULL)]),
    "no file among 40,000": lambda: ("GET", f"/api/v1/jobs/{FULL}/files/none", None),
    "logs beside 40,000 files": lambda: ("GET", f"/api/v1/jobs/{FULL}/logs/stdout", None),
    "jobs with 40,000 files": lambda: ("GET", "/api/v1/jobs?status=completed", None),
    "a job of 200,000 leaves": lambda: ("GET", f"/api/v1/jobs/{TANGLED}", None),
    "its log": lambda: ("GET", f"/api/v1/jobs/{TANGLED}/logs/stdout?wait=0.3", None),
    "its pin": lambda: ("PUT", f"/api/v1/jobs/{TANGLED}/pin", None),
    "why it waits": lambda: ("GET", f"/api/v1/jobs/{TANGLED}/why", None),
    "its stop": lambda: ("POST", f"/api/v1/jobs/{TANGLED}/stop", None),
    "a folder of 40,000 files": lambda: ("GET", "/api/v1/areas/folders/many", None),
    # the last one: its resolver then asks the service for as many pages, side by side
    "50,000 pins": lambda: ("POST", "/api/v1/installs", pins(50_000)),
}
"""Made when their turn comes: every worker reads this file, and one makes the requests."""


def longest_hold_ms(log: str) -> float:
    """Return the longest time in which the loop's thread itself ran without a pause."""
    held = re.findall(r"the event loop was held for .* ms \((\d+) ms of its processor\)", log)
    return max(map(float, held), default=0.0)


TRIES = 3
"""What a route does is in each; what else happens in the loop's thread may fall into one or two.

That is a full garbage collection, which begins wherever the next object is made: none does while
a large body is worked on, but a moment later, and what a request left is gone through then. It
cannot be left out, since what is thrown away in circles would stay for ever.
"""


def anew(body: Any) -> Any:
    """Return a body that asks for the same, of jobs and installs that are not there yet."""
    if isinstance(body, list):
        return [item | {"id": str(uuid.uuid4())} for item in body]
    return body | {"id": str(uuid.uuid4())} if body and "id" in body else body


def hold_ms(service: ParkService, method: str, path: str, body: Any) -> float:
    """Return how long the loop is held by a request that succeeds, or is refused."""
    if path == "/simple/":  # what was kept of it holds no longer
        service.request("PUT", f"/api/v1/index/projects/n{uuid.uuid4().hex}/claim")
    before = len(service.log)
    answer = httpx2.request(
        method,
        service.url + path,
        auth=Bearer(service.token),
        json=body,
        timeout=LIMIT_S,
    )
    assert not answer.is_server_error, answer.text
    service.get("/api/v1")  # the watch has written by then what it saw
    return longest_hold_ms(service.log[before:])


def test_nobody_waits_for_a_large_call_that_starts(service: ParkService) -> None:
    service.request("POST", f"/api/v1/jobs/{BEFORE}/cancel")
    ended = service.job_when_final(CALLED)  # there is no environment for it
    assert ended["status"] == "failed"
    service.get("/api/v1")  # the watch has written by then what it saw
    assert longest_hold_ms(service.log) <= HELD_MS, service.log


@pytest.mark.parametrize("what", slow_after(5, REQUESTS))
def test_nobody_waits_for(service: ParkService, what: str) -> None:
    method, path, body = REQUESTS[what]()
    begun = len(service.log)
    bodies = [body, *[body if what.endswith("again") else anew(body) for _ in range(TRIES - 1)]]
    held = (hold_ms(service, method, path, each) for each in bodies)
    assert any(each <= HELD_MS for each in held), service.log[begun:]


def test_a_list_of_projects_is_that_of_now(service: ParkService) -> None:
    def names() -> set[str]:
        headers = {"Accept": "application/vnd.pypi.simple.v1+json"}
        answer = httpx2.get(
            f"{service.url}/simple/",
            auth=("__token__", service.token),
            headers=headers,
            timeout=LIMIT_S,
        )
        return {project["name"] for project in answer.json()["projects"]}

    assert "new-project" not in names()
    service.request("PUT", "/api/v1/index/projects/new-project/claim")
    assert "new-project" in names()
    service.request("DELETE", "/api/v1/index/projects/new-project/claim")
    assert "new-project" not in names()


def test_environments_that_are_read_some_at_a_time_are_all_listed(service: ParkService) -> None:
    for path in ("environments", "versions"):
        found = [each["lock_hash"] for each in service.get(f"/api/v1/{path}")]
        assert len(found) == len({*found}) == MANY // 4


def test_a_result_comes_as_it_was_left(service: ParkService) -> None:
    assert service.get(f"/api/v1/jobs/{LONG}/result")["result"] == [*range(100_000)]


def test_an_item_that_is_wrong_is_named_by_its_place(service: ParkService) -> None:
    wrong = [*jobs()[:500], {"id": "x"}]
    answer = httpx2.post(
        f"{service.url}/api/v1/jobs", auth=Bearer(service.token), json=wrong, timeout=LIMIT_S
    )
    assert answer.status_code == 400
    assert "body.500.entry_point" in answer.json()["detail"]
