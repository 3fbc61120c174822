"""A file as a response: whole, in part, and a range that it does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from park_repo.http.file_content import FileContent

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    file = tmp_path / "film.txt"
    file.write_bytes(b"0123456789")

    async def content(_: Request) -> FileContent:
        return FileContent(file, media_type="application/octet-stream")

    return TestClient(Starlette(routes=[Route("/", content)]))


@pytest.mark.parametrize(
    ("asked", "status", "content"),
    [
        (None, 200, b"0123456789"),
        ("bytes=2-4", 206, b"234"),
        ("bytes=7-", 206, b"789"),
        ("bytes=-2", 206, b"89"),
        ("bytes=8-100", 206, b"89"),
    ],
)
def test_a_file_is_sent_whole_or_in_part(
    client: TestClient, asked: str | None, status: int, content: bytes
) -> None:
    answer = client.get("/", headers={} if asked is None else {"Range": asked})
    assert (answer.status_code, answer.content) == (status, content)


def test_a_range_beyond_the_file_is_told_with_its_size(client: TestClient) -> None:
    answer = client.get("/", headers={"Range": "bytes=20-"})
    assert answer.status_code == 416
    assert answer.headers["content-type"] == "application/problem+json"
    assert (
        answer.headers["content-range"] == "bytes */10" or "10" in answer.headers["content-range"]
    )
    problem = answer.json()
    assert problem["status"] == 416
    assert "the file has only 10 bytes" in problem["detail"]
    assert "bytes=FIRST-LAST" in problem["hint"]


def test_a_range_that_is_none_is_told(client: TestClient) -> None:
    answer = client.get("/", headers={"Range": "bytes=4-2"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 400


@pytest.mark.parametrize(
    ("asked", "content"),
    [
        ("bytes=0-0,10-", b"0"),
        ("bytes=-0,3-4", b"34"),
        ("bytes=1-2, ,99999999999999999999-", b"12"),
        ("bytes=0000000000000000000000-1", b"01"),
    ],
)
def test_of_several_ranges_those_count_that_can_be_had(
    client: TestClient, asked: str, content: bytes
) -> None:
    answer = client.get("/", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, content)


@pytest.mark.parametrize("asked", ["bytes=10-,-0", "bytes=-0", "bytes=10-12"])
def test_nothing_can_be_had_of_ranges_beyond_the_file(client: TestClient, asked: str) -> None:
    assert client.get("/", headers={"Range": asked}).status_code == 416


@pytest.mark.parametrize(
    "asked", ["bytes=1_0-2", "bytes=+1-2", "bytes=--5", "bytes=1-2-3", "bytes=0-0,x", "bytes=-"]
)
def test_what_is_no_number_makes_no_range(client: TestClient, asked: str) -> None:
    assert client.get("/", headers={"Range": asked}).status_code == 400


@pytest.mark.parametrize("asked", ["bytes=2-4", "bytes=20-", "bytes=x"])
def test_a_range_is_for_get_alone(client: TestClient, asked: str) -> None:
    answer = client.head("/", headers={"Range": asked})
    assert (answer.status_code, answer.headers["content-length"]) == (200, "10")
