"""Jobs that were exported run again: here without a service, on another one; and are compared."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from support.services.park_client import Client
from support.services.park_service import ParkService

if TYPE_CHECKING:
    from pathlib import Path

    from support.services.park_client import Scientist

pytestmark = pytest.mark.slow

WORKFLOW = """
import json, park
with park.remote_service() as service:
    first = service.submit("light_model:write", "a.txt", "left 1.5 by the first")
    second = service.submit("light_model:read", first.files["a.txt"])
    second.result()
print(json.dumps([first.id, second.id]))
"""


@pytest.fixture(scope="module")
def client(scientist: Scientist) -> Client:
    return scientist.client


@pytest.fixture
def alone(client: Client, tmp_path: Path) -> Client:
    """Return the same person where no service is known, nor one runs."""
    return client.with_variables(PARK_STATE_DIR=str(tmp_path / "nothing"), PARK_SERVICE="")


@pytest.fixture(scope="module")
def workflow(client: Client) -> list[str]:
    found: list[str] = client.script(WORKFLOW)
    return found


def verdicts(found: list[dict[str, Any]]) -> list[list[tuple[str, str]]]:
    return [[(part["of"], part["verdict"]) for part in each["parts"]] for each in found]


def test_a_workflow_runs_again_without_a_service(
    client: Client, alone: Client, workflow: list[str], tmp_path: Path
) -> None:
    crate = tmp_path / "all.zip"
    said = client.json("export", workflow[1][-8:], "--workflow", "-o", crate)
    assert (said["job"], said["jobs"]) == (workflow[1], workflow)
    found = alone.json("reproduce", crate)
    # also the path of its own folder, which the first returns
    assert verdicts(found) == [[("result", "equal"), ("a.txt", "equal")], [("result", "equal")]]
    assert found[1]["there"] == found[1]["here"]
    assert {"cpu", "libc", "python"} <= found[1]["there"].keys()


def test_another_service_that_has_nothing_of_it_runs_it(
    client: Client, workflow: list[str], tmp_path: Path, client_cache: Path
) -> None:
    crate = tmp_path / "one.zip"
    client.run("export", workflow[1], "-o", crate)
    with ParkService(tmp_path / "other", "--upstream", "none") as other:
        there = Client.of(client.python, tmp_path / "me", cache=client_cache, service=other)
        url = json.loads(other.ready_file.read_text())["url"]
        said = there.run("reproduce", crate, "--service", url).stdout
    assert f"job {workflow[1]}: equal\n  result: equal\n" in said


def test_what_differs_is_told_where_and_is_the_exit_status(
    client: Client, alone: Client, tmp_path: Path
) -> None:
    code = """
import json, os, park
service = park.remote_service()
def draw():
    with open("fit.dat", "w") as file:
        file.write(f"chisq 1.{os.getpid():08}")
    return {"n": [os.getpid(), 1.0 + os.getpid() * 1e-12]}
print(json.dumps(service.submit(draw).wait().id))
"""
    crate = tmp_path / "draw.zip"
    assert ": 1 job, " in client.run("export", client.script(code), "-o", crate).stdout
    said = alone.run("reproduce", crate, "-d", tmp_path / "kept", status=1).stdout
    assert "  result: differs at result['n'][0]: " in said
    assert "  fit.dat: differs at fit.dat, line 1: 1." in said
    near = alone.json("reproduce", crate, "--atol", "0.9", status=1)
    assert verdicts(near) == [[("result", "different"), ("fit.dat", "close")]]
    assert list((tmp_path / "kept" / "again").glob("*/work/fit.dat"))


KEPT = """
import json, sys
import light_model, park

service = park.remote_service()
service.files.put(sys.argv[1], "~/data/counts.txt")
job = service.submit(light_model.read, park.service_file("~/data/counts.txt"), memo=False)
job.result()
print(json.dumps(job.id))
"""
"""A job that reads what is kept on its service."""


def test_a_file_that_is_kept_on_the_service_goes_along(
    client: Client, alone: Client, tmp_path: Path
) -> None:
    counts, crate = tmp_path / "counts.txt", tmp_path / "kept.zip"
    counts.write_text("1 2 3")
    job = client.script(KEPT, counts)
    client.run("export", job, "-o", crate)
    assert verdicts(alone.json("reproduce", crate)) == [[("result", "equal")]]
    client.run("files", "put", counts, "~/data/counts.txt")  # as it was, and nobody can tell
    said = client.error("export", job, "-o", tmp_path / "late.zip", status=2)
    assert "~/data/counts.txt on its service, and that has changed since the job began" in said


def test_a_job_that_failed_fails_again(client: Client, alone: Client, tmp_path: Path) -> None:
    job = client.submit("light_model:fail", reason="too thin")
    client.run("result", job, status=1)
    crate = tmp_path / "failed.zip"
    client.run("export", job, "-o", crate)
    said = alone.run("reproduce", crate).stdout
    assert "  result: equal\n    failed, as there: ValueError: too thin\n" in said


def test_what_cannot_be_exported_or_run_again_is_said(client: Client, tmp_path: Path) -> None:
    waits = client.script(
        "import json, park\n"
        "service = park.remote_service()\n"
        "job = service.submit('light_model:answer', when=park.at('2099-01-01T00:00:00Z'))\n"
        "job.confirm()\nprint(json.dumps(job.id))"
    )
    target = tmp_path / "none.zip"
    assert "is waiting, and what is exported has completed or failed" in client.error(
        "export", waits, "-o", target, status=2
    )
    client.run("cancel", waits)
    with zipfile.ZipFile(tmp_path / "foreign.zip", "w") as archive:
        archive.writestr("ro-crate-metadata.json", "{}")
    said = client.error("reproduce", tmp_path / "foreign.zip", status=2)
    assert "an RO-Crate of another program" in said
    assert not target.exists()
