"""What a job asks of the machine: given, counted and shown; or refused with what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.services.park_client import Client, client_with_jobs
from support.services.park_service import ParkService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JOBS = """
import threading

import park


def devices():
    return os.environ.get("CUDA_VISIBLE_DEVICES")


@park.job(cpus=2, memory="1G", walltime="1h")
def marked():
    return os.environ["PARK_JOB_ID"]


def settings(**words):
    return words


def for_ever():
    threading.Event().wait()
"""


SAYS_WORDS = """
import json
import light_model
import park

service = park.remote_service()
own = service.submit(light_model.settings, engine="dream", nodes=3)
asked = service.submit("light_model:settings", cpus=2, other=1)
print(json.dumps([own.result(), asked.result(), asked.id]))
"""


SUBMITS_MARKED = """
import json
import light_model
import park

with park.remote_service():
    job = light_model.marked(cpus=1)
print(json.dumps(job.id))
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    """Run a service with two slots and two devices."""
    with ParkService(
        tmp_path_factory.mktemp("resources"), "--slots", "2", "--gpus", "0,1"
    ) as running:
        yield running


@pytest.fixture(scope="module")
def client(
    tmp_path_factory: pytest.TempPathFactory, client_cache: Path, served: ParkService
) -> Client:
    folder = tmp_path_factory.mktemp("asking")
    return client_with_jobs(folder, JOBS, cache=client_cache, service=served)


def test_devices_are_a_jobs_own_and_who_asked_for_none_sees_none(client: Client) -> None:
    assert client.json("run", "light_model:devices", "--gpus", "2")["result"] == "0,1"
    assert client.json("run", "light_model:devices", "--no-memo")["result"] == ""


def test_a_job_is_ended_after_the_time_that_it_asked_for(client: Client) -> None:
    said = client.json("run", "light_model:for_ever", "--walltime", "0:00:01", status=1)
    assert said["error"].startswith("ran longer than its 1 s and was stopped")


def test_what_is_marked_stands_in_the_record_and_what_is_said_wins(client: Client) -> None:
    job = client.script(SUBMITS_MARKED)
    record = client.json("status", job)
    assert record["resources"]["walltime_s"] == 3600.0
    assert record["resources"]["memory_bytes"] == 1 << 30
    assert record["resources"]["cpus"] == 1
    assert "asks for     memory=1.0 GiB, walltime=3600 s" in client.run("status", job).stdout


def test_a_function_that_takes_any_keyword_keeps_its_words_and_one_by_name_does_not(
    client: Client,
) -> None:
    own, asked, job = client.script(SAYS_WORDS)
    assert (own, asked) == ({"engine": "dream", "nodes": 3}, {"other": 1})
    assert client.json("status", job)["resources"]["cpus"] == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--cpus", "3"], "local: 3 cpus are asked for, and there are 2"),
        (["--gpus", "3"], "local: 3 gpus are asked for, and there are 2"),
        (["--memory", "9000T"], "are asked for, and there are"),
        (["--partition", "long"], "partition='long' is for a cluster, and it is one machine"),
        (["--engine", "slurm"], "this service has no engine 'slurm': it has local"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_there_is_not_is_refused_with_what_there_is(
    client: Client, options: list[str], said: str
) -> None:
    message = client.error("submit", "light_model:devices", *options, status=5)
    assert said in message
    assert "`park queues` shows" in message


def test_what_nobody_can_mean_is_refused_here(client: Client) -> None:
    message = client.error("submit", "light_model:devices", "--walltime", "12:30", status=2)
    assert "--walltime='12:30': it is no time" in message
    assert "--walltime 2h" in message


def test_the_engines_are_shown_with_what_is_taken_of_them(
    client: Client, served: ParkService
) -> None:
    (record,) = client.json("queues")
    assert (record["engine"], record["cpus"], record["gpus"]) == ("local", 2, 2)
    assert record["is_default"] is True
    job = client.submit("light_model:for_ever", "--cpus", "2")
    served.event(job, "running")
    (record,) = client.json("queues")
    assert (record["cpus_taken"], record["running"], record["waiting"]) == (2, 1, 0)
    head, line = client.run("queues").stdout.splitlines()
    assert head.split()[:2] == ["engine", "cpus"]
    assert line.split()[:3] == ["local", "*", "2/2"]
    client.run("cancel", job)
