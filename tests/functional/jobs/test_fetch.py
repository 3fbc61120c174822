"""Fetches by a real service: over the network, through its own files, and through its death."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import uuid
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.services.park_service import ParkService, own_environ
from support.session.limits import LIMIT_S
from support.stand_ins.file_server import Authority, FileServer, Served, file_server

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY = bytes(range(256)) * 4096 * 8  # eight MiB
SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    """Run a service that may fetch from this machine."""
    options = ("--upstream", "none", "--allow-address", "127.0.0.1", "--fetch-limit", "16M")
    with ParkService(tmp_path_factory.mktemp("fetching"), *options) as service:
        yield service


@pytest.fixture
def files() -> Iterator[FileServer]:
    """Run a server of files."""
    with file_server() as server:
        yield server


def submit(service: ParkService, url: str, *, retries: int = 0, **more: Any) -> str:
    """Submit a fetch; return its id."""
    job = str(uuid.uuid4())
    request = {
        "id": job,
        "entry_point": "park:fetch_url",
        "call": {"args": [], "kwargs": {}},
        "fetch": {"url": url, **more},
        "retries": retries,
        "backoff_s": 0.0,
    }
    service.request("POST", "/api/v1/jobs", json=[request])
    return job


def fetched(service: ParkService, url: str, **more: Any) -> dict[str, Any]:
    """Fetch ``url``; return the record, with its result where it has one."""
    record = service.job_when_final(submit(service, url, **more))
    if record["status"] == "completed":
        record["result"] = service.get(f"/api/v1/jobs/{record['id']}/result")
    return record


def test_a_fetch_is_a_job_with_one_file(running: ParkService, files: FileServer) -> None:
    url = files.serve("/run.refl", Served(content=BODY, etag='"v1"'))
    record = fetched(running, url, sha256=SHA256)
    assert (record["status"], record["kind"]) == ("completed", "fetch")
    assert record["files"] == [{"name": "run.refl", "sha256": SHA256, "size": len(BODY)}]
    assert record["progress"]["done"] == record["progress"]["total"] == len(BODY)
    response = running.request("GET", f"/api/v1/jobs/{record['id']}/files/run.refl")
    assert response.content == BODY
    again = fetched(running, url)
    assert again["files"] == record["files"]
    assert files.seen[-1].headers["if-none-match"] == '"v1"'


def test_a_failure_is_one_line_with_what_to_do(running: ParkService, files: FileServer) -> None:
    record = fetched(running, f"{files.url}/absent")
    assert (record["status"], record["error"]) == (
        "failed",
        f"404 Not Found for {files.url}/absent",
    )
    record = fetched(running, "http://127.0.0.2/x")
    assert "--allow-address 127.0.0.2" in record["error"]
    record = fetched(running, files.serve("/big", Served(content=BODY, declared=17 << 20)))
    assert "this service fetches 16.0 MiB at most" in record["error"]


def test_a_password_in_the_url_is_in_no_file_of_the_home(
    running: ParkService, files: FileServer
) -> None:
    files.serve("/x", Served(content=BODY, opens="Basic YWRhOmh1bnRlcjI="))
    url = files.url.replace("http://", "http://ada:hunter2@") + "/x"
    record = fetched(running, url)
    assert record["status"] == "completed"
    assert record["result"] is not None
    assert not any(b"hunter2" in path.read_bytes() for path in running.home.glob("park.sqlite*"))
    assert "hunter2" not in running.log
    with closing(sqlite3.connect(running.home / "park.sqlite")) as database:
        query = "select authorization, document from fetches where job = ?"
        (row,) = database.execute(query, [record["id"]]).fetchall()
    assert row[0] is None  # nobody needs it any more
    assert f'"{files.url}/x"' in row[1]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://h/x", "nonsense"])
def test_what_is_never_fetched_is_refused_at_once(running: ParkService, url: str) -> None:
    with pytest.raises(AssertionError, match="cannot fetch"):
        submit(running, url)


def test_own_files_need_no_network(running: ParkService, files: FileServer) -> None:
    first = fetched(running, files.serve("/run.refl", Served(content=BODY)))
    url = f"{running.url}/api/v1/jobs/{first['id']}/files/run.refl"
    assert fetched(running, url)["files"] == first["files"]
    running.request("PUT", "/api/v1/areas/files/~/data/run.zip", content=b"zip")
    (file,) = fetched(running, f"{running.url}/api/v1/areas/files/~/data/run.zip")["files"]
    assert (file["name"], file["size"]) == ("run.zip", 3)
    record = fetched(running, f"{running.url}/api/v1/areas/files/~/absent")
    assert record["status"] == "failed"
    assert "absent" in record["error"]


def test_a_cancelled_fetch_ends_at_once_and_leaves_nothing(
    running: ParkService, files: FileServer
) -> None:
    served = Served(content=BODY, cuts=[5 << 20], held=threading.Event())
    job = submit(running, files.serve("/x", served))
    assert served.reached.wait(LIMIT_S)
    running.request("POST", f"/api/v1/jobs/{job}/cancel")
    assert running.job_when_final(job)["status"] == "cancelled"
    assert served.held is not None
    served.held.set()
    assert list((running.home / "files" / "fetching").iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("how", ["kill", "stop"])
def test_a_fetch_survives_the_end_of_its_service(
    tmp_path: Path, files: FileServer, how: str
) -> None:
    options = ("--upstream", "none", "--allow-address", "127.0.0.1")
    with ParkService(tmp_path, *options) as service:
        served = Served(content=BODY, etag='"v1"', cuts=[5 << 20], held=threading.Event())
        job = submit(service, files.serve("/x", served))
        assert served.reached.wait(LIMIT_S)
        part = service.home / "files" / "fetching" / f"{job}.part"
        until = service.get(f"/api/v1/jobs/{job}")
        while not part.exists() or part.stat().st_size < 4 << 20:
            until = service.get(f"/api/v1/jobs/{job}")
        assert until["status"] == "running"
        service.kill() if how == "kill" else service.stop()
        assert served.held is not None
        served.held.set()
        served.held, served.cuts = None, []
        service.start()
        record = service.job_when_final(job)
        assert record["status"] == "completed", record
        assert record["files"][0]["sha256"] == SHA256
        start = int(files.seen[-1].headers["range"].removeprefix("bytes=").rstrip("-"))
        assert start >= 4 << 20
        assert list(part.parent.iterdir()) == []


@pytest.mark.slow
def test_certificates_to_trust_are_the_operators(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    options = ("--upstream", "none", "--allow-address", "127.0.0.1")
    with file_server(authority.context()) as server:
        url = server.serve("/x", Served(content=BODY))
        with ParkService(tmp_path / "without", *options) as service:
            error = fetched(service, url)["error"]
            assert error.startswith("the certificate of 127.0.0.1 is from an issuer that is not")
            assert "SSL_CERT_FILE" in error
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
        assert own_environ()["SSL_CERT_FILE"] == str(authority.path)
        with ParkService(tmp_path / "with", *options) as service:
            assert fetched(service, url)["status"] == "completed"


def test_behind_a_proxy_the_service_goes_by_the_url_that_users_know(tmp_path: Path) -> None:
    known_as = "https://lab.example.invalid/park"
    with ParkService(tmp_path, "--upstream", "none", "--url", f"{known_as}/") as service:
        assert service.get("/api/v1")["index_url"] == f"{known_as}/simple/"
        service.request("PUT", "/api/v1/areas/files/~/run.refl", content=BODY)
        first = fetched(service, f"{known_as}/api/v1/areas/files/~/run.refl", sha256=SHA256)
        assert first["status"] == "completed"  # its own file: nobody asked the network
        reference = {"$park": "reference", "job": first["id"], "what": "url"}
        second = fetched(service, reference)  # type: ignore[arg-type]  # the node of a reference
        assert second["result"]["result"]["url"] == (
            f"{known_as}/api/v1/jobs/{first['id']}/files/run.refl"
        )
