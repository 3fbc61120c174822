"""A job's folder is its own: whatever it puts there, the service goes on, and says a line."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from support.services.park_client import Client, client_with_jobs
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S

from park_server import untrusted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

JOBS = """

import contextlib, json, os, socket


def pipes(secret):
    for name in ("stdout", "stderr", "progress.jsonl", "marks.json", "exit.json"):
        if os.path.lexists("../" + name):
            os.unlink("../" + name)
        os.mkfifo("../" + name)
    os.mkfifo("pipe")
    os.symlink(secret, "link")
    with contextlib.suppress(OSError):  # where jobs are kept apart, it is in another mount
        os.link(secret, "hard")
    socket.socket(socket.AF_UNIX).bind("socket")
    with open("run.txt", "w") as file:
        file.write("kept")


def links(secret):
    for name in ("stdout", "stderr", "progress.jsonl"):
        if os.path.lexists("../" + name):
            os.unlink("../" + name)
        os.symlink(secret, "../" + name)


def work_is_a_link(secret):
    os.rename("../work", "../elsewhere")
    os.symlink(os.path.dirname(secret), "../work")


def deep_folders():
    for _ in range(1000):
        os.mkdir("d")
        os.chdir("d")


def deep_outcome():
    with open("../outcome.json", "w") as file:
        file.write('{"attempt": 1, "state": "completed", "result": ' + "[" * 100_000)
    os._exit(1)


def odd_outcome():
    with open("../outcome.json", "w") as file:
        json.dump({"attempt": 1, "state": "failed", "error": ["no", "text"]}, file)
    os._exit(1)


def outcome_is_a_pipe():
    os.mkfifo("../outcome.json")
    os._exit(1)


def latin_1():
    with open(b"M\\xe4ssung.dat", "w") as file:
        file.write("kept")
    return os.listdir(".")[0]


def latin_1_message():
    raise ValueError(os.fsdecode(b"no M\\xe4ssung.dat"))
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    """Run a service of its own: it is stopped in the middle."""
    with ParkService(tmp_path_factory.mktemp("service"), "--slots", "2") as running:
        yield running
        with untrusted.folder(running.home, []) as inside:
            untrusted.remove("jobs", inside)  # pytest itself cannot remove folders so deep


@pytest.fixture(scope="module")
def client(
    tmp_path_factory: pytest.TempPathFactory, client_cache: Path, service: ParkService
) -> Client:
    """Give a client whose jobs are hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    return client_with_jobs(folder, JOBS, cache=client_cache, service=service)


@pytest.fixture
def secret(service: ParkService, tmp_path: Path) -> Path:
    """Give a file that is on the file system of the jobs, and not theirs to show."""
    path = service.home / f"secret-{tmp_path.name}"
    path.write_text("a token")
    return path


def asked(service: ParkService, path: str) -> httpx2.Response:
    """Return the answer to GET, also where it is an error."""
    headers = {"Authorization": f"Bearer {service.token}"}
    return httpx2.get(f"{service.url}{path}", headers=headers, timeout=LIMIT_S)


def ended(service: ParkService, client: Client, name: str, **arguments: str) -> dict[str, Any]:
    return service.job_when_final(client.submit(f"light_model:{name}", **arguments))


def test_pipes_and_links_are_neither_waited_for_nor_followed(
    service: ParkService, client: Client, secret: Path
) -> None:
    record = ended(service, client, "pipes", secret=str(secret))
    assert record["status"] == "completed"
    assert [file["name"] for file in record["files"]] == ["run.txt"]
    answer = asked(service, f"/api/v1/jobs/{record['id']}/logs/stdout")
    assert answer.status_code == 404
    assert "is a named pipe, and not read" in answer.json()["detail"]
    assert secret.read_text() == "a token"
    service.stop()  # SIGTERM; it ends in time, and starts again
    service.start()
    assert asked(service, f"/api/v1/jobs/{record['id']}/logs/stderr").status_code == 404
    assert service.get(f"/api/v1/jobs/{record['id']}")["status"] == "completed"


def test_logs_that_are_links_are_not_served(
    service: ParkService, client: Client, secret: Path
) -> None:
    record = ended(service, client, "links", secret=str(secret))
    for stream in ("stdout", "stderr"):
        answer = asked(service, f"/api/v1/jobs/{record['id']}/logs/{stream}")
        assert answer.status_code == 404
        assert "is a symbolic link, and not read" in answer.json()["detail"]
    assert secret.stat().st_mode & 0o777 != 0o400


def test_a_work_directory_that_is_a_link_is_told(
    service: ParkService, client: Client, secret: Path
) -> None:
    record = ended(service, client, "work_is_a_link", secret=str(secret))
    assert record["files"] == []
    log = service.request("GET", f"/api/v1/jobs/{record['id']}/logs/stderr").text
    assert "park: not kept: its work directory is none any more" in log


def test_what_cannot_be_kept_is_a_remark_to_a_job_that_completed(
    service: ParkService, client: Client
) -> None:
    record = ended(service, client, "deep_folders")
    assert record["status"] == "completed"
    assert "it left folders more than 100 deep in its work directory" in str(record["error"])


@pytest.mark.parametrize(
    ("job", "line"),
    [
        ("deep_outcome", "is nested too deeply"),
        ("odd_outcome", "is one whose error is no text"),
        ("outcome_is_a_pipe", "is a named pipe"),
        ("latin_1_message", r"ValueError: no M\xe4ssung.dat"),
    ],
)
def test_the_job_ends_with_a_line(
    service: ParkService, client: Client, job: str, line: str
) -> None:
    record = ended(service, client, job)
    assert record["status"] == "failed"
    assert line in str(record["error"])


def test_a_name_that_is_not_utf_8_comes_back_as_the_same_bytes(
    service: ParkService, client: Client, tmp_path: Path
) -> None:
    record = ended(service, client, "latin_1")
    (file,) = record["files"]
    name = os.fsencode(file["name"])
    assert name == b"M\xe4ssung.dat"
    seen = client.script(
        """
import json, os, park, sys
from pathlib import Path
job = park.remote_service().job(sys.argv[1])
(name,) = job.files
target = Path(sys.argv[2], name)
job.fetch(name, target)
print(json.dumps([os.listdir(os.fsencode(sys.argv[2]))[0].decode("latin-1"), target.read_text()]))
""",
        str(record["id"]),
        tmp_path,
    )
    assert seen == ["M\xe4ssung.dat", "kept"]
    here = tmp_path / "here"
    here.mkdir()
    for words in (("status", record["id"]), ("get", record["id"], name)):
        park = client.python.with_name("park")
        said = subprocess.run(
            [park, *words], cwd=here, env=client.environ(), capture_output=True, check=True
        )
        assert name in said.stdout
    assert [os.fsencode(each.name) for each in here.iterdir()] == [name]
    url = f"/api/v1/jobs/{record['id']}/files/M%E4ssung.dat"
    assert service.request("GET", url).text == "kept"
    refused = asked(service, url.replace("%E4", "%E5"))
    assert refused.status_code == 404
    assert r"it has: M\xe4ssung.dat" in refused.json()["detail"]
