"""A service: when it says that it serves, whom it answers, and what it refuses."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
from typing import TYPE_CHECKING

import httpx2
import pytest
from support.services.bearer import Bearer
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from pathlib import Path

PATHS = [
    ("GET", "/"),
    ("GET", "/nothing/here"),
    ("GET", "/favicon.ico"),
    ("GET", "/api"),
    ("GET", "/api/v1"),
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/api/v1/versions"),
    ("GET", "/api/v1/jobs"),
    ("POST", "/api/v1/jobs"),
    ("POST", "/api/v1/installs"),
    ("GET", "/api/v1/events"),
    ("GET", "/api/v1/jobs/x/logs/stdout"),
    ("GET", "/api/v1/jobs/x/files/y"),
    ("PUT", f"/api/v1/files/{'0' * 64}"),
    ("GET", "/simple/"),
    ("GET", "/simple/packaging/"),
    ("GET", "/trees/simple/"),
    ("GET", f"/files/{'0' * 64}/a-1-py3-none-any.whl"),
    ("POST", "/legacy/"),
    ("DELETE", "/legacy/"),
    ("OPTIONS", "/simple/"),
]

OF_INDEX = ("/simple/", "/trees/simple/", "/files/", "/legacy/")


def test_the_ready_file_says_where_it_serves(service: ParkService) -> None:
    ready = service.ready
    assert set(ready) == {"url", "pid", "token_file"}
    assert ready["url"].startswith("http://127.0.0.1:")
    assert ready["token_file"] == str(service.home / "token")
    os.kill(ready["pid"], 0)
    assert f"park serves {service.home} at {service.url}\n" in service.log


def test_the_token_and_the_home_are_their_owner_s_alone(service: ParkService) -> None:
    assert stat.S_IMODE((service.home / "token").stat().st_mode) == 0o600
    # accounts of users pass through it to what is theirs, and see nothing of it
    assert stat.S_IMODE(service.home.stat().st_mode) & ~0o011 == 0o700
    assert len(service.token) >= 43  # 256 bits


@pytest.mark.parametrize(("method", "path"), PATHS, ids=lambda value: value)
def test_nothing_is_answered_without_a_token(service: ParkService, method: str, path: str) -> None:
    response = httpx2.request(method, f"{service.url}{path}")
    assert response.status_code == 401
    assert "Bearer" in response.headers["www-authenticate"]
    # a browser that has a login of the index sends it along for any page: nothing else takes it
    assert ("Basic" in response.headers["www-authenticate"]) is path.startswith(OF_INDEX)
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == 401
    assert problem["type"] == "urn:park:problem:not-authenticated"
    assert "PARK_TOKEN" in problem["hint"]


@pytest.mark.parametrize(
    "header", ["Bearer wrong", "Bearer", "Basic Zm9vOmJhcg==", "Basic !", "Digest a", "Bearer é"]
)
def test_no_other_token_opens_it(service: ParkService, header: str) -> None:
    response = httpx2.get(
        f"{service.url}/api/v1", headers={b"Authorization": header.encode("latin-1")}
    )
    assert response.status_code == 401


def test_the_token_opens_it_as_bearer_and_as_the_password_of_basic(service: ParkService) -> None:
    about = service.get("/api/v1")
    assert about["index_url"] == f"{service.url}/simple/"
    simple = f"{service.url}/simple/"
    assert httpx2.get(simple, auth=("__token__", service.token)).status_code == 200
    for url, user in ((simple, "ada"), (f"{service.url}/api/v1", "__token__")):
        assert httpx2.get(url, auth=(user, service.token)).status_code == 401


def test_what_is_not_there_is_a_problem_document(service: ParkService) -> None:
    for path in ("/nothing", "/api/v1/nothing", "/api/v1/jobs/nothing", "/simple/no-such-project/"):
        response = httpx2.get(f"{service.url}{path}", auth=Bearer(service.token))
        assert response.status_code == 404, path
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["status"] == 404


def test_what_is_not_valid_is_a_problem_document_that_names_the_place(service: ParkService) -> None:
    response = httpx2.post(
        f"{service.url}/api/v1/jobs", auth=Bearer(service.token), json=[{"id": "x"}]
    )
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert "entry_point" in response.json()["detail"]


def refusal(service: ParkService, *options: str) -> str:
    """Try to serve; return what it says, which must be a message and not a traceback."""
    done = subprocess.run(
        service.command(*options),
        env=service.environ(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode in {2, 5}, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith(f"park serve: starting on {service.home}\n")
    assert "\npark: error: " in done.stderr
    assert "\nhint: " in done.stderr
    return done.stderr


def test_a_second_service_on_the_same_home_is_refused(service: ParkService, tmp_path: Path) -> None:
    ready_file = tmp_path / "ready"
    message = refusal(service, "--ready-file", str(ready_file))
    assert f"another park service runs on the home {service.home}" in message
    assert not ready_file.exists()
    assert service.get("/api/v1")  # the first is not disturbed


def test_there_is_no_ready_file_where_it_cannot_serve(tmp_path: Path) -> None:
    ready_file = tmp_path / "ready"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        service = ParkService(tmp_path)
        message = refusal(service, "--ready-file", str(ready_file), "--port", port)
    assert f"cannot listen on 127.0.0.1 port {port}" in message
    assert not ready_file.exists()


def test_a_home_that_is_a_file_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    assert str(tmp_path / "home") in refusal(ParkService(tmp_path))


def test_it_stops_when_told_and_is_not_found_any_more(tmp_path: Path) -> None:
    with ParkService(tmp_path, "--upstream", "none") as service:
        assert list((service.state / "services").iterdir())
        url, token = service.url, service.token
        assert service.stop() in {0, -signal.SIGTERM}
        assert not list((service.state / "services").iterdir())
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(url)
        service.start()
        assert service.token == token
        # at each start the stages, how environments are seen, what is kept apart, that it serves
        lines = service.log.splitlines()
        starting = f"park serve: starting on {service.home}"
        assert (lines[0], lines.count(starting)) == (starting, 2)
        others = [line for line in lines if not line.startswith("park serve: ")]
        assert len(others) == 6, others
