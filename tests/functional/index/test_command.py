"""``park index`` against a running service, and a service over an external index."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from support.material.index_tools import pip_install, upload
from support.material.wheels import make_wheel
from support.neighbours.index_server import application, opened_index, serving
from support.services.park_service import ParkService, own_environ

from park_repo.negotiation import JSON

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TREE = "1.0+t0123456789abcdef"


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve an index that has ``numpy`` 2.0; give the URL of its simple API."""
    folder = tmp_path_factory.mktemp("upstream")
    with opened_index(folder) as index, serving(application(index, is_open=True)) as url:
        upload(url, make_wheel(folder, "numpy", "2.0"))
        yield f"{url}/simple/"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, upstream: str) -> Iterator[ParkService]:
    folder = tmp_path_factory.mktemp("service")
    with ParkService(folder, "--upstream", upstream) as service:
        yield service


@dataclass(frozen=True)
class Command:
    """``park index`` of whoever uses a service."""

    service: ParkService

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "park", "index", *arguments],
            env=own_environ(PARK_STATE_DIR=self.service.state),
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def text(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self.text(*arguments, "--json"))

    def error(self, *arguments: str) -> tuple[int, str]:
        done = self.run(*arguments)
        return done.returncode, done.stderr


@pytest.fixture
def park(running: ParkService) -> Command:
    return Command(running)


def publish(service: ParkService, wheel: Path) -> httpx2.Response:
    return upload(service.url, wheel, service.token)


def test_projects_and_their_files_are_listed(
    park: Command, running: ParkService, tmp_path: Path
) -> None:
    for version in ("1.0", "1.1", TREE):
        assert publish(running, make_wheel(tmp_path, "listed", version)).status_code == 200
    (project,) = (each for each in park.json("list") if each["name"] == "listed")
    assert project.keys() == {
        "name", "owned", "claimed", "status", "reason", "versions", "trees", "size", "files",
        "older", "folder", "kept_by",
    }  # fmt: skip
    assert (project["owned"], project["versions"], project["trees"]) == (True, 2, 1)
    assert "listed  2 versions, 1 tree," in park.text("list")
    files = park.json("list", "Listed")["files"]
    assert [(file["version"], file["layer"]) for file in files] == [
        ("1.0", "projects"), ("1.1", "projects"), (TREE, "trees"),
    ]  # fmt: skip
    assert files[0].keys() == {
        "filename", "version", "layer", "size", "sha256", "uploaded", "uploaded_by", "yanked",
        "folder", "kept_by",
    }  # fmt: skip
    code, text = park.error("list", "nowhere")
    assert (code, "no project nowhere in the index" in text) == (2, True)


@pytest.mark.slow
def test_a_yanked_version_is_passed_over_and_an_exact_pin_gets_it(
    park: Command, running: ParkService, tmp_path: Path
) -> None:
    for version in ("1.0", "1.1"):
        publish(running, make_wheel(tmp_path, "yanked", version))

    def installed(what: str) -> dict[str, str]:
        return pip_install(running.url, "/simple/", what, home=tmp_path, token=running.token)

    assert "yanked: wrong sign" in park.text("yank", "yanked", "1.1", "--reason", "wrong sign")
    assert installed("yanked") == {"yanked": "1.0"}
    assert installed("yanked==1.1") == {"yanked": "1.1"}
    assert [file["yanked"] for file in park.json("unyank", "yanked", "1.1")["files"]] == [None] * 2
    assert installed("yanked") == {"yanked": "1.1"}


def test_removing_is_for_good(park: Command, running: ParkService, tmp_path: Path) -> None:
    for version in ("1.0", "1.1", TREE):
        publish(running, make_wheel(tmp_path, "removed", version))
    assert "removed removed-1.0-py3-none-any.whl" in park.text("remove", "removed", "1.0", TREE)
    assert park.json("list", "removed")["versions"] == 1
    other = make_wheel(tmp_path, "removed", "1.0", files={"removed.py": b"other"})
    assert publish(running, other).status_code == 409
    code, text = park.error("remove", "removed", "1.0")
    assert (code, "there is no removed 1.0 here" in text) == (2, True)


@pytest.mark.slow
def test_a_name_of_upstream_is_claimed_and_given_back(
    park: Command, running: ParkService, tmp_path: Path
) -> None:
    refused = publish(running, make_wheel(tmp_path, "numpy", "99.0"))
    assert (refused.status_code, "park index claim numpy" in refused.json()["hint"]) == (403, True)
    assert park.json("claim", "numpy")["claimed"]
    assert publish(running, make_wheel(tmp_path, "numpy", "1.26")).status_code == 200
    code, text = park.error("claim", "numpy", "--undo")
    assert (code, "numpy has 1 files here" in text) == (5, True)
    park.text("remove", "numpy", "1.26")
    assert park.json("claim", "numpy", "--undo") == {"name": "numpy", "owned": False}
    found = pip_install(running.url, "/simple/", "numpy", home=tmp_path, token=running.token)
    assert found == {"numpy": "2.0"}


@pytest.mark.slow
def test_a_quarantined_project_is_withheld(
    park: Command, running: ParkService, tmp_path: Path
) -> None:
    sha256 = publish(running, make_wheel(tmp_path, "unsafe")).json()["sha256"]
    text = park.text("status", "unsafe", "quarantined", "--reason", "malware")
    assert "quarantined (malware)" in text
    page = get(running, "/simple/unsafe/").json()
    assert page["project-status"] == {"status": "quarantined", "reason": "malware"}
    assert page["files"] == []
    file = f"/files/{sha256}/unsafe-1.0-py3-none-any.whl"
    assert get(running, file).status_code == 403
    park.text("status", "unsafe", "active")
    assert get(running, file).status_code == 200


@pytest.mark.slow
def test_a_kill_in_the_middle_of_an_upload_leaves_the_index_whole(
    tmp_path: Path, upstream: str
) -> None:
    with ParkService(tmp_path, "--upstream", upstream) as service:
        kept = make_wheel(tmp_path / "a", "kept")
        assert publish(service, kept).status_code == 200
        half_an_upload(service)
        service.restart()
        incoming = service.home / "index" / "incoming"
        assert list(incoming.iterdir()) == []
        assert [p["name"] for p in service.get("/api/v1/index/projects")] == ["kept"]
        files = [p for p in (service.home / "index" / "files").rglob("*") if p.is_file()]
        assert {p.name for p in files} == {kept.name, f"{kept.name}.metadata"}
        assert publish(service, make_wheel(tmp_path / "b", "half")).status_code == 200


def half_an_upload(service: ParkService) -> None:
    """Send the first half of an upload, and return when the service has written some of it."""
    host, port = service.url.removeprefix("http://").split(":")
    head = (
        f"POST /legacy/ HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {service.token}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 9000000\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="content"; '
        'filename="half-1.0-py3-none-any.whl"\r\n\r\n'
    )
    incoming = service.home / "index" / "incoming"
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode())
        # the service reads as it writes: it cannot take all of this without writing some
        while not any(path.stat().st_size for path in incoming.iterdir()):
            connection.sendall(bytes(1 << 16))


def get(service: ParkService, path: str) -> httpx2.Response:
    headers = {"Accept": JSON, "Authorization": f"Bearer {service.token}"}
    return httpx2.get(f"{service.url}{path}", headers=headers, trust_env=False)
