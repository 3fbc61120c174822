"""Requests that nobody sends by mistake: each is refused with a reason, and none is a defect."""

from __future__ import annotations

import json
import os
import uuid
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from support.services.bearer import Bearer
from support.services.park_service import ParkService
from support.session.limits import LIMIT_S

from park_server.http.body_limit import MOST_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HUGE = 1 << 63
DIGITS = "9" * 5_000
SHA256 = "0" * 64
FETCH = {
    "id": "0199aaaa",
    "entry_point": "park:fetch_url",
    "call": {"args": [], "kwargs": {}},
    "fetch": {"url": "https://example.org/run.zip"},
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParkService]:
    with ParkService(tmp_path_factory.mktemp("hostile"), "--upstream", "none") as service:
        yield service


def ask(service: ParkService, method: str, path: str, **arguments: Any) -> httpx2.Response:
    auth = Bearer(service.token)
    return httpx2.request(method, service.url + path, auth=auth, timeout=LIMIT_S, **arguments)


def is_refused(answer: httpx2.Response, *statuses: int) -> bool:
    """Tell whether it is a problem document of one of ``statuses``, else of any 4xx."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert answer.json()["status"] == answer.status_code
    return answer.status_code in (statuses or range(400, 500))


@pytest.mark.parametrize(
    "path",
    [
        f"/api/v1/events?after={HUGE}",
        f"/api/v1/events?after={DIGITS}",
        f"/api/v1/jobs/{SHA256}/logs/stdout?offset={HUGE}",
        f"/api/v1/jobs?limit={HUGE}",
        "/api/v1/jobs/%00",
        "/api/v1/jobs/0199aaaa/files/%00",
        "/api/v1/areas/files/~/%00",
        "/api/v1/areas/files/~/" + "x" * 300,
        f"/files/upstream/demo/{SHA256}/%00",
        f"/files/upstream/demo/{SHA256}/{'x' * 300}.whl",
        f"/files/upstream/demo/{SHA256}/{'x' * 250}.whl.metadata",
        f"/files/{SHA256}/%00",
        f"/files/%00/{'x' * 300}",
        "/simple/%00/",
        f"/simple/{'x' * 5_000}/",
        "/api/v1/files/%00/present%00",
        "/api/v1/locks/%00",
        "/api/v1/environments/%00",
        "/api/v1/installs/%ff",
    ],
    ids=lambda path: path[:60],
)
def test_numbers_and_names_beyond_all_limits_are_refused(service: ParkService, path: str) -> None:
    assert is_refused(ask(service, "GET", path))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", f"index/projects/demo/versions/{DIGITS}"),
        ("PUT", f"index/projects/demo/versions/{DIGITS}/yank"),
        ("DELETE", f"offers/demo/{DIGITS}"),
        ("DELETE", f"offers/%00/{DIGITS}"),
    ],
)
def test_versions_of_thousands_of_digits_are_refused(
    service: ParkService, method: str, path: str
) -> None:
    assert is_refused(ask(service, method, f"/api/v1/{path}", json={"reason": "x"}))


def install(**changes: Any) -> dict[str, Any]:
    wheel = {
        "name": "demo",
        "version": "1.0+t0123456789abcdef",
        "filename": "demo-1.0+t0123456789abcdef-py3-none-any.whl",
        "sha256": SHA256,
        "size": 1,
    }
    wheel |= changes
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, repr(wheel))),
        "project": "demo",
        "version": wheel["version"],
        "python": "3.11",
        "pins": [{"name": "demo", "version": wheel["version"]}],
        "wheels": [wheel],
    }


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("jobs", [FETCH | {"memory_bytes": HUGE}]),
        ("jobs", [FETCH | {"retries": HUGE}]),
        ("installs", install(filename="no wheel at all")),
        ("installs", install(filename=f"demo-{DIGITS}-py3-none-any.whl")),
        ("offers", {"project": "demo\ud800", "version": "1"}),
        ("grants", {"files": ["~/\ud800"], "holder": "K" * 43}),
    ],
    ids=["memory", "retries", "wheel", "wheel-version", "offer", "grant"],  # bodies have new ids
)
def test_bodies_with_what_no_database_holds_are_refused(
    service: ParkService, path: str, body: Any
) -> None:
    content = json.dumps(body).encode("ascii")
    headers = {"Content-Type": "application/json"}
    answer = ask(service, "POST", f"/api/v1/{path}", content=content, headers=headers)
    assert is_refused(answer, 400, 404, 422)


def test_an_upload_whose_version_has_thousands_of_digits_is_refused(service: ParkService) -> None:
    answer = ask(
        service,
        "POST",
        "/legacy/",
        data={":action": "file_upload", "protocol_version": "1"},
        files={"content": (f"demo-{DIGITS}-py3-none-any.whl", b"PK")},
    )
    assert is_refused(answer, 400)


@pytest.mark.parametrize("is_declared", [True, False])
def test_a_body_over_the_limit_is_refused_with_the_limit(
    service: ParkService, *, is_declared: bool
) -> None:
    piece = b" " * (1 << 20)
    pieces = (piece for _ in range((MOST_BYTES >> 20) + 1))
    content = b"".join(pieces) if is_declared else pieces
    answer = ask(service, "POST", "/api/v1/jobs", content=content)
    assert is_refused(answer, 413)
    assert f"{MOST_BYTES:,} bytes" in answer.json()["detail"]


def nested(folder: Path, levels: int) -> None:
    """Make a folder in a folder in ``folder``, and so on, with a file in each."""
    descriptor = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=descriptor))
        os.mkdir("d", 0o700, dir_fd=descriptor)
        inner = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)


def test_a_folder_of_a_thousand_levels_is_removed(service: ParkService) -> None:
    files = "/api/v1/areas/files"
    ask(service, "PUT", f"{files}/~/deep/file", content=b"x")
    (deep,) = service.home.rglob("areas/**/deep")
    nested(deep, 1_000)
    answer = ask(service, "DELETE", f"{files}/~/deep", params={"recursive": True})
    assert answer.status_code == 204, answer.text
    assert not deep.exists()


def test_a_method_that_a_path_does_not_take_is_told_all_that_it_takes(service: ParkService) -> None:
    answer = ask(service, "PATCH", "/api/v1/environments/0123abcd")
    assert is_refused(answer, 405)
    assert answer.headers["allow"] == "DELETE, GET"


def test_no_request_was_a_defect(service: ParkService) -> None:
    assert "Traceback" not in service.log
