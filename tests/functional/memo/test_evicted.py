"""What is remembered goes with the quota of jobs: what was used last, stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.services.park_client import Client, ModelTree, make_virtualenv
from support.services.park_service import ParkService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

SIZE = 400_000
"""Bytes of what a job leaves: as a file, and as its argument."""

QUOTA = "2500k"
"""Room for three such jobs, and for the records of more."""

SCRIPT = """
import json, sys, park, light_model
service = park.remote_service()
job = service.submit(light_model.write, "out.txt", sys.argv[1] * int(sys.argv[2]))
job.result()
print(json.dumps([job.id, job.refresh().memoized_from]))
"""


@pytest.fixture
def evicting(tmp_path: Path) -> Iterator[ParkService]:
    """Run a service with little room for jobs."""
    with ParkService(tmp_path / "service", "--slots", "1", "--jobs-quota", QUOTA) as running:
        yield running


def test_what_was_used_last_answers_on_and_the_longest_unused_runs_again(
    evicting: ParkService, client_cache: Path, tmp_path: Path
) -> None:
    tree = ModelTree("light-model", tmp_path)
    python = make_virtualenv(tmp_path / "venv", tree.root)
    client = Client.of(python, tmp_path / "client", cache=client_cache, service=evicting)

    def call(letter: str) -> tuple[str, str | None]:
        job, run = client.script(SCRIPT, letter, str(SIZE))
        return job, run

    first, _ = call("a")
    second, _ = call("b")
    assert call("a")[1] == first  # a use, later than that of the second
    call("c")
    call("d")
    client.run("admin", "clean", "--json")
    left = {each["id"] for each in evicting.get("/api/v1/jobs", limit=100)}
    assert (first in left, second in left) == (True, False)
    assert call("a")[1] == first
    again, run = call("b")
    assert run is None
    assert evicting.job_when_final(again)["status"] == "completed"
