"""Workflows as a scientist writes them, on two real services."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from support.services.park_client import Client, ModelTree, make_virtualenv
from support.services.park_service import ParkService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.faults.pipes import Pipe


@pytest.fixture(scope="module")
def two_services(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[ParkService, ParkService]]:
    """Run two services that may talk to each other, though both are on loopback."""
    options = ("--slots", "4", "--allow-address", "127.0.0.1")
    folder = tmp_path_factory.mktemp("services")
    for name in ("one", "two", "RefL"):
        (folder / name).mkdir()
    (folder / "RefL" / "bigfile.nxs").write_text("counts")
    with (
        ParkService(folder / "one", *options, "--root", f"snsdata={folder}") as one,
        ParkService(folder / "two", *options) as two,
    ):
        yield one, two


@pytest.fixture(scope="module")
def everybody(
    tmp_path_factory: pytest.TempPathFactory,
    client_cache: Path,
    two_services: tuple[ParkService, ParkService],
) -> Client:
    """Return a scientist with a model, who has named both services."""
    folder = tmp_path_factory.mktemp("workflow")
    model = ModelTree("flow-model", folder)
    python = make_virtualenv(folder / "venv", model.root)
    client = Client.of(python, folder / "client", cache=client_cache, service=two_services[0])
    for name, service in zip(("one", "two"), two_services, strict=True):
        token = str(service.home / "token")
        client.run("service", "add", name, service.url, "--token-file", token, "--own")
    return client


@pytest.fixture
def client(everybody: Client, tmp_path: Path) -> Client:
    """Return the scientist in a folder of this test."""
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "park.toml").write_text(everybody.configuration.read_text())
    return replace(everybody, folder=folder)


START = """
import json, park, flow_model
one, two = park.remote_service("one"), park.remote_service("two")
"""


def script(client: Client, text: str, *arguments: Any) -> Any:
    """Run a script after the usual beginning; return what it prints as JSON."""
    return client.script(START + text, *map(str, arguments))


def test_values_files_and_conditions_make_an_order(client: Client) -> None:
    seen = script(
        client,
        """
with one:
    upload = park.install_service(flow_model)
    first = flow_model.add(1, 2)
    second = flow_model.add(first, 3, more=[first, first.output])
    left = flow_model.leave("x.txt", "hello")
    read = flow_model.read(left.filename)
    facts = flow_model.facts(url=left.url, nested={"a": (first.output, {first})})
    then = flow_model.add(1, when=second.output == 12)
    shape = flow_model.facts(curve=flow_model.curve(3).output.values[1], when=upload.iscompleted)
url = str(left.url)
print(json.dumps({
    "second": second.result(),
    "read": read.result(),
    "url": facts.result()["url"] == url,
    "nested": list(facts.result()["nested"]["a"][1]),
    "then": then.result(),
    "shape": shape.result(),
    "name": str(left.filename),
    "text": left.filename.get().read_text(),
    "files": list(left.files),
    "installed": [upload.status, upload.result().lock_hash == second.lock_hash],
    "installs": len({job.refresh().lock_hash for job in (first, second, left, then)}),
}))
""",
    )
    assert seen == {
        "second": 12,
        "read": "hello",
        "url": True,
        "nested": [3],
        "then": 1,
        "shape": {"curve": 1},
        "name": "x.txt",
        "text": "hello",
        "files": ["x.txt"],
        "installed": ["ready", True],
        "installs": 1,
    }


@pytest.mark.slow
def test_a_file_goes_from_one_service_to_the_other(
    client: Client, two_services: tuple[ParkService, ParkService]
) -> None:
    (client.folder / "run.txt").write_text("counts")
    client.run("files", "put", "-s", "one", "run.txt", "~/data/run.txt")
    seen = script(
        client,
        """
from park.client.submission.grants import grants
reduction = flow_model.Reduce("~/data/run.txt", "~/shared/run.refl", service=one)
with two:
    auth = park.credentials(service=one)
    fetch = park.fetch_url(url=reduction.url, auth=auth, when=reduction.iscompleted)
    fetched = flow_model.read(fetch.filename)
    straight = flow_model.read(reduction.filename)
    value = flow_model.facts(counts=reduction.output.counts)
    area = park.fetch_url("park://one/~/data/run.txt")
    own = park.fetch_url(fetch.url)
found = [fetched.result(), straight.result(), value.result(), area.filename.get().read_text()]
found += [own.result()["name"], str(fetch.filename), type(reduction.result()).__name__]
for job in (fetch, fetched, straight, value, area, own):
    assert job.isfinished.wait(300)
open_grants = [grant for service in (one, two) for grant in grants(service.transport)
               if grant.revoked is None]
print(json.dumps([*found, fetch.isfetched.now, [grant.id for grant in open_grants]]))
""",
    )
    assert seen[:4] == ["COUNTS", "COUNTS", {"counts": "counts"}, "counts"]
    assert seen[4:8] == ["run.refl", "run.refl", "Reduce", True]
    _wait_until_revoked(two_services, seen[8])


def test_a_root_of_an_instrument_is_meant_by_its_path(client: Client) -> None:
    seen = script(
        client,
        """
reduction = flow_model.Reduce("/snsdata/RefL/bigfile.nxs", "~/shared/big.refl", service=one)
with two:
    raw = park.fetch_url("park://one/snsdata/RefL/bigfile.nxs")
    read = flow_model.read(raw.filename)
    elsewhere = flow_model.Reduce("/snsdata/RefL/bigfile.nxs", "out.refl")
print(json.dumps([reduction.output.counts.get(), read.result(), elsewhere.error if
                  elsewhere.wait() else None]))
""",
    )
    assert seen[:2] == ["counts", "counts"]
    assert "/snsdata/RefL/bigfile.nxs" in seen[2]  # that service has no such root, nor the file


def test_what_threads_of_a_block_call_goes_to_its_service(client: Client) -> None:
    seen = script(
        client,
        """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
fork = multiprocessing.get_context("fork")
with one, ThreadPoolExecutor(3) as threads, ProcessPoolExecutor(1, mp_context=fork) as processes:
    jobs = list(threads.map(flow_model.add, range(5)))
    refused = processes.submit(flow_model.add, 5).exception()
print(json.dumps([[job.result() for job in jobs], type(refused).__name__]))
""",
    )
    assert seen == [[0, 1, 2, 3, 4], "UsageError"]


@pytest.mark.parametrize("name", ["a b#c?d%20.txt", "ü€.txt", "nl\nx.txt", "-rf", "q\"u'o.txt"])
def test_files_of_any_name_go_from_one_service_to_the_other(client: Client, name: str) -> None:
    seen = script(
        client,
        """
import sys
left = flow_model.leave(sys.argv[1], "hello", service=one)
with two:
    read = flow_model.read(left.filename)
    fetched = flow_model.read(park.fetch_url(left.url).filename)
print(json.dumps([read.result(), fetched.result(), open(left.filename).read()]))
""",
        name,
    )
    assert seen == ["hello", "hello", "hello"]


def _wait_until_revoked(services: tuple[ParkService, ParkService], grants: list[str]) -> None:
    """See that each grant is given back: its release is an event of the service that made it."""
    for service in services:
        for _ in range(600):
            listed = {each["id"]: each["revoked"] for each in service.get("/api/v1/grants")}
            if all(listed[name] is not None for name in grants if name in listed):
                break
            service.get("/api/v1/events", after=service.get("/api/v1/events")[-1]["seq"], wait=0.1)
        else:
            raise AssertionError(grants)


def test_what_needs_a_failed_piece_is_cancelled_and_the_rest_goes_on(client: Client) -> None:
    seen = script(
        client,
        """
with one:
    bad = flow_model.fail("thin", timeout=3)
    needs = flow_model.add(bad)
    far = flow_model.add(needs, when=needs.iscompleted)
    clean = flow_model.facts(cleaned=True, when=bad.isfailed)
    other = flow_model.add(4, 5)
elsewhere = flow_model.add(bad.output, service=two)
said = []
for job in (bad, needs, far, elsewhere):
    try:
        job.result()
    except park.ParkError as error:
        said.append([type(error).__name__, error.message])
print(json.dumps([said, clean.result(), other.result(), bad.iscompleted.why]))
""",
    )
    said, clean, other, why = seen
    names = [name for name, _ in said]
    assert names == ["JobFailed", "JobCancelled", "JobCancelled", "JobCancelled"]
    assert all("ValueError: thin 3" in message and "\n" not in message for _, message in said)
    assert (clean, other) == ({"cleaned": True}, 9)
    assert "thin" in why


def test_retries_and_cancelling_with_dependents(client: Client, tmp_path: Path) -> None:
    seen = script(
        client,
        """
import sys
with one:
    unsteady = flow_model.unsteady(sys.argv[1])
    late = flow_model.add(1, when=park.after(3600))
    after = flow_model.add(late)
park.cancel(late, dependents=True)
print(json.dumps([unsteady.result(), unsteady.refresh().failures, late.status, after.status]))
""",
        tmp_path / "runs",
    )
    assert seen == ["at last", 2, "cancelled", "cancelled"]


def test_progress_starts_a_job_while_the_other_runs(client: Client, up: Pipe, go: Pipe) -> None:
    seen = script(
        client,
        """
import sys
with one:
    slow = flow_model.improve(*sys.argv[1:])
    good = flow_model.add(1, when=slow.progress["chisq"] < 2)
    never = flow_model.add(1, when=slow.progress["chisq"] < 0)
found = [good.result(60), slow.status, slow.progress["chisq"].get(), slow.isstarted.now]
assert not never.isfinished.now
with open(sys.argv[2], "w") as pipe:
    pipe.write("enough\\n")
found.append(slow.result())
assert never.iscancelled.wait(300)
print(json.dumps(found))
""",
        up,
        go,
    )
    assert seen == [1, "running", 1.5, True, "enough"]


def test_jobs_are_awaited_pickled_and_found_again(client: Client) -> None:
    seen = script(
        client,
        """
import asyncio, pickle
async def sweep():
    with one:
        jobs = [flow_model.add(n, 1) for n in range(20)]
    return await asyncio.gather(*jobs), await jobs[0].iscompleted, jobs[0]
values, completed, job = asyncio.run(sweep())
again = pickle.loads(pickle.dumps([job, job.output]))
found = park.get_job(job.id)
print(json.dumps([values, completed, again[0].result(), again[1].get(), found == job]))
""",
    )
    assert seen == [[n + 1 for n in range(20)], True, 1, 1, True]


def test_an_install_elsewhere_is_waited_for(client: Client) -> None:
    seen = script(
        client,
        """
with one:
    upload = park.install_service(flow_model)
    number = flow_model.add(20, 1)
with two:
    after = flow_model.add(1, 2, when=upload.iscompleted)
    both = flow_model.add(number, 2, when=upload.iscompleted & number.iscompleted)
    either = flow_model.add(3, 4, when=upload.isfinished | number.isfailed)
    never = flow_model.add(5, 6, when=upload.isfailed)
never.wait(300)
print(json.dumps([after.result(60), both.result(60), either.result(60), never.error]))
""",
    )
    assert seen[:3] == [3, 23, 7]
    assert "needs install" in seen[3]
    assert "it is ready" in seen[3]


def test_errors_of_submission_are_told_at_the_job_and_at_the_end(client: Client) -> None:
    seen = script(
        client,
        """
with one:
    good = flow_model.add(1)
try:
    with one:
        bad = one.submit(flow_model.add, 1, lock="f" * 64)
        needs = flow_model.add(bad)
        fine = flow_model.add(good)
except park.ParkError as error:
    said = [type(error).__name__]
for job in (bad, needs):
    try:
        job.result()
    except park.ParkError as error:
        said.append(type(error).__name__)
print(json.dumps([said, fine.result()]))
""",
    )
    assert seen == [["EnvironmentMismatch"] * 3, 1]


def test_a_script_that_just_ends_has_submitted(
    client: Client, two_services: tuple[ParkService, ParkService]
) -> None:
    job = client.script(START + "print(json.dumps(flow_model.add(20, 1, service=two).id))")
    record = two_services[1].job_when_final(job)
    assert record["status"] == "completed", json.dumps(record)


def test_without_a_service_everything_runs_here(client: Client) -> None:
    seen = script(
        client,
        """
found = [flow_model.add(1, 2), flow_model.curve(3).values]
try:
    flow_model.add(1, when=park.after(1))
except park.ParkError as error:
    found.append(type(error).__name__)
print(json.dumps(found))
""",
    )
    assert seen == [3, [0, 1, 2], "UsageError"]


@pytest.mark.slow
def test_a_race_over_two_services_keeps_the_first_that_is_good_enough(
    client: Client, up: Pipe, go: Pipe
) -> None:
    seen = script(
        client,
        """
import sys
up, go = sys.argv[1:]
with one:
    slow = flow_model.fit(9.0, up=up, go=go)
    waits = flow_model.fit(0.1, when=slow.iscompleted)
    poor = flow_model.fit(1.9)
    good = flow_model.fit(1.1, service=two)
    race = park.race([slow, waits, poor, good], lambda j: j.output["chisq"] < 1.2)
    then = flow_model.facts(chisq=race.output["chisq"], when=race.iscompleted)
    text = flow_model.read(race.filename)
    far = flow_model.facts(chisq=race.output["chisq"], service=two)
print(json.dumps({
    "chisq": race.result()["chisq"],
    "curve": race.result()["curve"].values,
    "winner": race.winner == good,
    "from elsewhere": [each.id for each in park.get_job(race.id, one).winners] == [good.id],
    "then": then.result(),
    "text": text.result(),
    "file": race.filename.get().read_text(),
    "files": list(race.files),
    "far": far.result(),
    "losers": [str(slow.wait().status), str(waits.wait().status), str(poor.wait().status)],
    "said": slow.error.startswith("cancelled: job"),
    "repr": repr(race).startswith(f"<Race {race.id} of 4 won by job"),
    "id": race.id,
}))
""",
        up,
        go,
    )
    race = seen.pop("id")
    assert seen == {
        "chisq": 1.1,
        "curve": [1.1],
        "winner": True,
        "from elsewhere": True,
        "then": {"chisq": 1.1},
        "text": "1.1",
        "file": "1.1",
        "files": ["fit.txt"],
        "far": {"chisq": 1.1},
        "losers": ["cancelled", "cancelled", "completed"],
        "said": True,
        "repr": True,
    }
    service = ("--service", "one")
    assert "won by job" in client.run("why", race, *service).stdout
    assert "race of 4" in client.run("jobs", *service).stdout
    assert "race race of 4" not in client.run("graph", race, *service).stdout
    assert "race of 4" in client.run("graph", race, *service).stdout
    status = client.run("status", race, *service).stdout
    assert "won by" in status


def test_a_race_by_progress_has_the_others_keep_their_best(client: Client, tmp_path: Path) -> None:
    seen = script(
        client,
        """
import sys
with one:
    fits = [flow_model.descend(sys.argv[1], chisq=start) for start in (9.0, 2000.0)]
    race = park.race(
        fits,
        lambda j: j.progress["chisq"] < 2,
        rank=lambda j: j.output["chisq"],
        stop="keep",
        grace=600,
    )
print(json.dumps({
    "chisq": race.result()["chisq"] < 2,
    "kept": [job.result()["chisq"] >= 1.5 for job in fits],
    "said": [job.error for job in fits],
}))
""",
        tmp_path / "up",
    )
    assert seen == {
        "chisq": True,
        "kept": [True, True],
        "said": ["stopped early, kept its best"] * 2,
    }
