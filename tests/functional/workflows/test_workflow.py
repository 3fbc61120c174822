"""Workflows on one real service, through its API: order, values, files, kills, and their cost."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from support.labs.schedule_lab import value_of
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S

from park.model.conditions import (
    After,
    Comparison,
    Expression,
    JobIs,
    Literal,
    Phase,
    Pool,
    all_of,
    any_of,
)
from park.model.conditions_json import condition_to_json
from park.model.ids import new_id
from park.model.references import Reference, What

if TYPE_CHECKING:
    from collections.abc import Iterator
RELEASE = "sortedcontainers", "2.4.0"
SHELL, OUTPUT, ADD = "subprocess:check_call", "subprocess:check_output", "operator:add"
REPORT = "park.jobside:progress"
FINAL = {"completed", "failed", "cancelled"}


@dataclass(frozen=True, kw_only=True)
class Road:
    """A service with one environment."""

    service: ParkService
    lock_hash: str

    def request(
        self, entry_point: str, *args: Any, when: Expression | None = None, **more: Any
    ) -> dict[str, Any]:
        """Return the request of a new job."""
        encoded = [arg.as_json() if isinstance(arg, Reference) else arg for arg in args]
        return {
            "id": new_id(),
            "entry_point": entry_point,
            "call": {"args": encoded, "kwargs": more.pop("kwargs", {})},
            "lock_hash": self.lock_hash,
            "when": None if when is None else condition_to_json(when),
            **more,
        }

    def send(self, *requests: dict[str, Any]) -> list[dict[str, Any]]:
        """Submit jobs; return their records."""
        answer = self.service.request("POST", "/api/v1/jobs", json=list(requests)).json()
        return list(answer)

    def submit(self, entry_point: str, *args: Any, **more: Any) -> str:
        """Submit a job; return its id."""
        (record,) = self.send(self.request(entry_point, *args, **more))
        return str(record["id"])

    def final(self, job: str) -> dict[str, Any]:
        """Wait until ``job`` has ended; return its record and result."""
        deadline = time.monotonic() + LIMIT_S
        while True:
            answer: dict[str, Any] = self.service.get(f"/api/v1/jobs/{job}/result", wait=20)
            if answer["job"]["status"] in FINAL:
                return answer
            assert time.monotonic() < deadline, answer

    def result(self, job: str) -> Any:
        """Return what ``job`` returned."""
        answer = self.final(job)
        assert answer["job"]["status"] == "completed", answer["job"]["error"]
        return answer["result"]

    def error(self, job: str) -> str:
        """Return the line of a job that did not complete."""
        return str(self.final(job)["job"]["error"])


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    """Run a service with a pool, and have an environment made there."""
    root = tmp_path_factory.mktemp("workflow")
    with ParkService(root, "--slots", "4", "--pool", "license:fitter=1") as service:
        yield Road(service=service, lock_hash=service.offer(*RELEASE))


def file_of(job: str, name: str | None = None) -> Reference:
    return Reference(job=job, what=What.FILE, name=name)


def encoded_list(*items: Any) -> list[Any]:
    return [item.as_json() if isinstance(item, Reference) else item for item in items]


def test_values_go_from_job_to_job(road: Road) -> None:
    first = road.request(ADD, 1, 2)
    pair = road.request(
        "builtins:dict", kwargs={"x": value_of(first["id"]).as_json(), "y": [10, 20]}
    )
    total = road.request(ADD, value_of(pair["id"], "x"), value_of(pair["id"], "y", -1))
    road.send(total, pair, first)
    assert road.result(total["id"]) == 23
    lost = road.submit(ADD, value_of(pair["id"], "z"), 1)
    assert "no item 'z': it is a dict with 'x', 'y'" in road.error(lost)
    real = Reference(job=total["id"], what=What.VALUE).attribute("real")
    assert road.result(road.submit(ADD, real, 1)) == 24


def test_a_file_goes_from_job_to_job(road: Road) -> None:
    maker = road.submit(SHELL, ["sh", "-c", "mkdir sub; printf 'q R' > sub/run.refl"])
    reader = road.submit(OUTPUT, encoded_list("cat", file_of(maker)))
    node = road.result(reader)
    assert node == {"$park": "bytes", "base64": "cSBS"}
    shown = road.submit(ADD, "", Reference(job=maker, what=What.URL))
    url = road.result(shown)
    assert url == f"{road.service.url}/api/v1/jobs/{maker}/files/sub/run.refl"
    headers = {"Authorization": f"Bearer {road.service.token}"}
    assert httpx2.get(url, headers=headers).text == "q R"


def test_of_several_files_the_one_that_is_meant_is_taken(road: Road) -> None:
    two = road.submit(OUTPUT, ["sh", "-c", "echo a > a.txt; echo b > b.txt; printf b.txt"])
    unclear = road.submit(OUTPUT, encoded_list("cat", file_of(two)))
    assert "left 2 files: a.txt, b.txt" in road.error(unclear)
    named = road.submit(OUTPUT, encoded_list("cat", file_of(two, "b.txt")))
    assert road.result(named)["base64"] == "Ygo="
    absent = road.submit(OUTPUT, encoded_list("cat", file_of(two, "c.txt")))
    assert "left no file 'c.txt'; it left: a.txt, b.txt" in road.error(absent)


def test_a_failure_ends_what_needs_it_and_starts_what_waits_for_it(road: Road) -> None:
    bad = road.request("operator:truediv", 1, 0)
    needs_it = road.request(ADD, value_of(bad["id"]), 1)
    cleanup = road.request(ADD, 40, 2, when=JobIs(job=bad["id"], phase=Phase.FAILED))
    road.send(bad, needs_it, cleanup)
    line = f"needs job …{bad['id'][-6:]} (truediv(1, 0)) completed; it failed: ZeroDivisionError"
    assert road.error(needs_it["id"]).startswith(line)
    assert road.result(cleanup["id"]) == 42


def test_a_job_is_tried_again_until_it_succeeds(road: Road) -> None:
    attempts = {"$park": "service-file", "path": "~/attempts"}
    script = 'echo x >> "$0"; test $(wc -l < "$0") -ge 3'
    job = road.submit(SHELL, ["sh", "-c", script, attempts], retries=4, backoff_s=0.01)
    record = road.final(job)["job"]
    assert (record["status"], record["attempt"], record["failures"]) == ("completed", 3, 2)


def test_progress_and_values_are_compared_where_they_are(road: Road) -> None:
    streaming = road.submit(REPORT, 1, 2, kwargs={"chisq": 1.5})
    chisq = Reference(job=streaming, what=What.PROGRESS).item("chisq")
    good = Comparison(left=chisq, operator="<", right=Literal(value=2))
    bad = Comparison(left=chisq, operator="<", right=Literal(value=1))
    assert road.result(road.submit(ADD, 1, 1, when=good)) == 2
    assert "completed without" in road.error(road.submit(ADD, 1, 1, when=bad))


def test_units_of_a_pool_are_held_by_one_at_a_time(road: Road) -> None:
    licence = Pool(name="license:fitter", count=1)
    held = road.request("time:sleep", 0.3, when=licence)
    then = road.request("time:sleep", 0, when=licence)
    road.send(held, then)
    assert road.service.get("/api/v1/pools") == [{"name": "license:fitter", "size": 1, "taken": 1}]
    first, second = road.final(held["id"])["job"], road.final(then["id"])["job"]
    assert second["started"] >= first["finished"]


def test_leaves_are_followed(road: Road) -> None:
    job = road.submit("time:sleep", 0.2)
    leaves = [
        {"leaf": {"job": job, "is": "finished"}},
        {"leaf": {"job": job, "is": "failed"}},
        {"leaf": {"job": "nobody", "is": "failed"}},
    ]
    first = road.service.request("POST", "/api/v1/follow", json={"leaves": leaves, "wait": 20})
    assert [each["truth"] for each in first.json()][-1] == "never"
    assert first.json()[-1]["why"] == "no job nobody on this service"
    body = {"leaves": leaves[:2], "wait": 20}
    answer = road.service.request("POST", "/api/v1/follow", json=body).json()
    assert [each["truth"] for each in answer] == ["true", "never"]


def test_a_kill_loses_neither_waiting_jobs_nor_moments(road: Road) -> None:
    gate = road.submit("time:sleep", 1.0)
    plain = road.submit(ADD, 1, 1, when=JobIs(job=gate, phase=Phase.COMPLETED))
    parts: list[Expression] = [JobIs(job=gate, phase=Phase.FINISHED), After(seconds=0.1)]
    both = road.submit(ADD, 2, 2, when=all_of(parts))
    either: list[Expression] = [
        JobIs(job=plain, phase=Phase.FAILED),
        JobIs(job=both, phase=Phase.COMPLETED),
    ]
    last = road.submit(ADD, 3, 3, when=any_of(either))
    road.service.restart()
    assert [road.result(job) for job in (plain, both, last)] == [2, 4, 6]


def test_a_job_is_found_by_the_end_of_its_id_and_explained(road: Road) -> None:
    bad = road.request("operator:truediv", 1, 0)
    needs_it = road.request(ADD, value_of(bad["id"]), 1)
    road.send(bad, needs_it)
    road.final(needs_it["id"])
    record = road.service.get(f"/api/v1/jobs/{needs_it['id'][-8:]}")
    assert record["id"] == needs_it["id"]
    why = road.service.get(f"/api/v1/jobs/{needs_it['id']}/why")
    assert why["line"] == record["error"]
    assert len(why["chain"]) == 1
    graph = road.service.get("/api/v1/graph", job=needs_it["id"])
    assert {node["id"] for node in graph["nodes"]} == {bad["id"], needs_it["id"]}
    assert graph["edges"] == [{"job": needs_it["id"], "needed": bad["id"], "how": "value"}]


def test_a_cancel_with_dependents(road: Road) -> None:
    job = road.submit("time:sleep", 60)
    waiting = road.submit(ADD, 1, 1, when=JobIs(job=job, phase=Phase.FINISHED))
    record = road.service.request("POST", f"/api/v1/jobs/{job}/cancel?dependents=true").json()
    assert record["status"] == "cancelled"
    assert road.error(waiting) == f"cancelled on request, with job …{job[-6:]}"


def test_what_waits_starts_soon_after(road: Road) -> None:
    chain = [road.request(ADD, 0, 1)]
    for _ in range(30):
        chain.append(road.request(ADD, value_of(chain[-1]["id"]), 1))
    road.send(*chain)
    assert road.result(chain[-1]["id"]) == 31
    records = [road.final(each["id"])["job"] for each in chain]
    gaps = [
        (moment(after["started"]) - moment(before["finished"])).total_seconds()
        for before, after in pairwise(records)
    ]
    assert statistics.median(gaps) < 5  # nothing waits for the clock's next look, a minute later


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def processor_s(service: ParkService) -> float:
    """Return the seconds in which a service itself ran: nobody else's work prolongs them."""
    clock = (~int(service.ready["pid"]) << 3) | 2  # MAKE_PROCESS_CPUCLOCK of <linux/posix-timers.h>
    return time.clock_gettime(clock)


def test_a_large_workflow_is_accepted_at_a_small_cost(road: Road) -> None:
    gate = road.request("time:sleep", 60)
    layers: list[list[dict[str, Any]]] = [[gate]]
    for _ in range(20):
        before = layers[-1]
        layers.append(
            [
                road.request(
                    "builtins:max",
                    *(value_of(before[(n + k) % len(before)]["id"]) for k in range(3)),
                )
                for n in range(100)
            ]
        )
    began = processor_s(road.service)
    records = road.send(*(job for layer in layers[:2] for job in layer))
    a_layer_at = processor_s(road.service)
    records += road.send(*(job for layer in layers[2:] for job in layer))
    ended = processor_s(road.service)
    assert {record["status"] for record in records[1:]} == {"waiting"}
    # in proportion to what comes, not to what is there: 19 times as much in 0.3 s here
    assert ended - a_layer_at < 60 * (a_layer_at - began)
    road.service.request("POST", f"/api/v1/jobs/{gate['id']}/cancel")
    last = road.final(layers[-1][0]["id"])["job"]
    assert last["status"] == "cancelled"
    assert len(last["error"]) <= 1000
