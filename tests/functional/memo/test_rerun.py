"""A script that is run again: what was done is not done again, and one call is run once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from support.faults.pipes import Pipe
from support.services.park_client import Client, ModelTree, make_virtualenv
from support.services.park_service import ParkService

from park.model.ids import new_id
from park.model.references import Reference, What

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

SCRIPT = """
import json, sys, park, light_model
service, values = park.remote_service(), json.loads(sys.argv[1])
with service:
    film = service.submit(light_model.layer, "film", 12.5)
    written = service.submit(light_model.write, "out/run.txt", "counts")
    talking = service.submit(light_model.talk, "to stdout", "to stderr")
    sorting = service.submit(light_model.ordered, values)
    twice = service.submit(light_model.double, film)
    read = service.submit(light_model.read, written.filename)
    after = service.submit(light_model.echo, sorting)
jobs = {name: job for name, job in globals().copy().items() if isinstance(job, park.Job)}
park.wait(list(jobs.values()))
print(json.dumps({
    "ids": {name: job.id for name, job in jobs.items()},
    "values": [twice.result(), read.result()],
    "said": talking.logs(),
}))
"""


@pytest.fixture(scope="module")
def remembering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    """Run a service that nobody else submits the same calls to, and that tests may kill."""
    with ParkService(tmp_path_factory.mktemp("remembering"), "--slots", "2") as running:
        yield running


@pytest.fixture(scope="module")
def client(
    tmp_path_factory: pytest.TempPathFactory, client_cache: Path, remembering: ParkService
) -> Client:
    """Give a client whose model is installed there."""
    folder = tmp_path_factory.mktemp("memo")
    tree = ModelTree("light-model", folder)
    python = make_virtualenv(folder / "venv", tree.root)
    client = Client.of(python, folder / "client", cache=client_cache, service=remembering)
    client.run("install", "light_model")
    return client


def records(service: ParkService, ids: dict[str, str]) -> dict[str, dict[str, Any]]:
    return {name: service.job_when_final(job) for name, job in ids.items()}


def ran(found: dict[str, dict[str, Any]]) -> set[str]:
    return {name for name, record in found.items() if record["attempt"]}


def test_run_again_it_starts_nothing_and_has_all_the_same(
    client: Client, remembering: ParkService
) -> None:
    first = client.script(SCRIPT, "[3, 1, 2]")
    again = client.script(SCRIPT, "[3, 1, 2]")
    before, after = (records(remembering, each["ids"]) for each in (first, again))
    assert ran(before) == set(first["ids"])
    assert ran(after) == set()
    assert {name: each["memoized_from"] for name, each in after.items()} == first["ids"]
    assert again["values"] == first["values"] == [25.0, "counts"]
    assert after["written"]["files"] == before["written"]["files"] != []
    name = f"/api/v1/jobs/{again['ids']['written']}/files/out/run.txt"
    assert remembering.request("GET", name).text == "counts"
    log = remembering.request("GET", f"/api/v1/jobs/{again['ids']['talking']}/logs/stdout").text
    assert log == "to stdout\n"
    status = client.run("status", again["ids"]["twice"]).stdout
    assert f"memoized     run …{first['ids']['twice'][-6:]} of " in status
    explained = client.run("explain", again["ids"]["twice"]).stdout
    assert explained.startswith("did not run: job …")


def chain(service: ParkService, lock_hash: str, count: int = 20) -> list[dict[str, Any]]:
    """Submit jobs in one request, each with what the one before left; return the answer."""
    ids = [new_id() for _ in range(count)]
    before = [None, *(Reference(job=job, what=What.VALUE).as_json() for job in ids)]
    facts = {"entry_point": "light_model:echo", "lock_hash": lock_hash}
    calls = [{"args": [[number, before[number]]], "kwargs": {}} for number in range(count)]
    jobs = [{"id": job, "call": call, **facts} for job, call in zip(ids, calls, strict=True)]
    answered: list[dict[str, Any]] = service.request("POST", "/api/v1/jobs", json=jobs).json()
    return answered


def test_a_rerun_in_one_request_has_ended_when_that_is_answered(
    client: Client, remembering: ParkService
) -> None:
    installed = remembering.job_when_final(client.submit("light_model:echo", value="first of all"))
    first = chain(remembering, installed["lock_hash"])
    assert {remembering.job_when_final(each["id"])["status"] for each in first} == {"completed"}
    again = chain(remembering, installed["lock_hash"])
    assert [each["memoized_from"] for each in again] == [each["id"] for each in first]
    assert again == [remembering.get(f"/api/v1/jobs/{each['id']}") for each in again]


def test_a_piece_that_failed_runs_again_with_what_depends_on_it(
    client: Client, remembering: ParkService
) -> None:
    failed = records(remembering, client.script(SCRIPT, '[1, "a", 7]')["ids"])
    assert (failed["sorting"]["status"], failed["after"]["status"]) == ("failed", "cancelled")
    mended = records(remembering, client.script(SCRIPT, "[1, 8, 7]")["ids"])
    assert ran(mended) == {"sorting", "after"}
    assert {each["status"] for each in mended.values()} == {"completed"}


def test_a_call_that_is_not_to_be_remembered_runs_each_time(
    client: Client, remembering: ParkService
) -> None:
    jobs = [client.submit("light_model:echo", "--no-memo", value="impure") for _ in range(2)]
    assert {remembering.job_when_final(job)["attempt"] for job in jobs} == {1}
    assert client.run("explain", jobs[1]).stdout == "ran: memo=False\n"
    script = """
import json, sys, park, light_model
with park.remote_service().executor() as executor:
    futures = [executor.submit(light_model.echo, "each") for _ in range(2)]
    [future.result() for future in futures]
    print(json.dumps([future.job.id for future in futures]))
"""
    for job in client.script(script):
        assert remembering.job_when_final(job)["attempt"] == 1


def test_ten_threads_that_make_one_call_run_it_once(
    client: Client, remembering: ParkService
) -> None:
    script = """
import json, threading, park, light_model
from concurrent.futures import ThreadPoolExecutor
service = park.remote_service()
with ThreadPoolExecutor(10) as pool:
    jobs = list(pool.map(lambda _: service.submit(light_model.echo, "one call"), range(10)))
print(json.dumps({str(n): job.id for n, job in enumerate(jobs) if job.result() == "one call"}))
"""
    found = records(remembering, client.script(script))
    assert len(found) == 10
    assert len(ran(found)) == 1


def held(client: Client, up: Pipe, go: Pipe, runs: Path, count: int) -> list[str]:
    """Submit the same call ``count`` times; return the jobs once it runs."""
    pulled = {"up": str(up), "go": str(go), "runs": str(runs)}
    jobs = [client.submit("light_model:hold", **pulled) for _ in range(count)]
    up.receive()
    return jobs


def test_a_cancelled_owner_does_not_end_the_run_of_another(
    client: Client, remembering: ParkService, up: Pipe, go: Pipe, tmp_path: Path
) -> None:
    first, second = held(client, up, go, tmp_path / "runs", 2)
    why = client.run("explain", second).stdout
    assert why == f"does not run by itself: job …{first[-6:]} is the same call, and is under way\n"
    why = client.run("why", second).stdout
    assert why == f"waiting: job …{first[-6:]} is the same call, and is under way\n"
    client.run("cancel", first)
    assert remembering.job_when_final(first)["status"] == "cancelled"
    go.send("kept")
    assert remembering.job_when_final(second)["status"] == "completed"
    assert json.loads(client.run("result", second).stdout) == "kept"
    assert client.run("logs", second).stdout == "holding\n"
    assert len((tmp_path / "runs").read_text().splitlines()) == 1


def test_who_joined_a_run_has_its_end_after_kill_9(
    client: Client, remembering: ParkService, up: Pipe, go: Pipe, tmp_path: Path
) -> None:
    jobs = held(client, up, go, tmp_path / "runs", 3)
    remembering.kill()
    remembering.start()
    client.run("cancel", jobs[0])
    remembering.kill()
    remembering.start()
    go.send("after all")
    for job in jobs[1:]:
        assert remembering.job_when_final(job)["status"] == "completed"
        assert json.loads(client.run("result", job).stdout) == "after all"
    assert len((tmp_path / "runs").read_text().splitlines()) == 1
