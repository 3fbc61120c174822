"""`park_server.envs.wheel_download`: digests, retries and nothing half-made."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import httpx2
import pytest
from packaging.utils import canonicalize_name

from park.errors import CannotSatisfy
from park_server.envs.pylock import LockedWheel
from park_server.envs.wheel_download import Downloader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = b"wheel" * 100_000
URL = "https://files.example.org/demo-1.0-py3-none-any.whl"
WHEEL = LockedWheel(
    name=canonicalize_name("demo"),
    version="1.0",
    filename="demo-1.0-py3-none-any.whl",
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    size=len(CONTENT),
    url=URL,
)


class Upstream:
    """Gives one prepared answer after the other, and the content when they are spent."""

    def __init__(self) -> None:
        self.answers: list[httpx2.Response | Exception] = []
        self.requests = 0

    def __call__(self, _: httpx2.Request) -> httpx2.Response:
        self.requests += 1
        answer = self.answers.pop(0) if self.answers else httpx2.Response(200, content=CONTENT)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def downloader(tmp_path: Path, upstream: Upstream, pauses: list[float]) -> Iterator[Downloader]:
    client = httpx2.Client(transport=httpx2.MockTransport(upstream))
    with Downloader(tmp_path / "cache", client=client, pause=pauses.append) as downloader:
        yield downloader


def _files(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob("*") if p.is_file() and p.parent.name != ".locks")


def test_a_wheel_is_downloaded_once(downloader: Downloader, upstream: Upstream) -> None:
    received: list[int] = []

    first = downloader.fetch(WHEEL, received.append)
    second = downloader.fetch(WHEEL, received.append)

    assert (first.read_bytes(), first.name) == (CONTENT, WHEEL.filename)
    assert (second, upstream.requests, sum(received)) == (first, 1, len(CONTENT))


def test_a_fault_that_may_pass_is_tried_again(
    downloader: Downloader, upstream: Upstream, pauses: list[float]
) -> None:
    upstream.answers = [httpx2.Response(503), httpx2.ConnectError("refused")]

    downloader.fetch(WHEEL)

    assert (upstream.requests, pauses) == (3, [0.5, 1.0])


def test_after_three_attempts_the_last_fault_is_told(
    downloader: Downloader, upstream: Upstream, tmp_path: Path
) -> None:
    upstream.answers = [httpx2.ConnectError("refused") for _ in range(3)]

    with pytest.raises(CannotSatisfy, match=r"demo-1.0.* refused \(attempt 3 of 3\)"):
        downloader.fetch(WHEEL)

    assert _files(tmp_path) == []


def test_what_is_not_there_is_not_tried_again(downloader: Downloader, upstream: Upstream) -> None:
    upstream.answers = [httpx2.Response(404)]

    with pytest.raises(CannotSatisfy, match="404"):
        downloader.fetch(WHEEL)

    assert upstream.requests == 1


def test_another_file_than_the_lock_says_is_refused_and_taken_back(
    downloader: Downloader, upstream: Upstream, tmp_path: Path
) -> None:
    upstream.answers = [httpx2.Response(200, content=b"something else")]
    received: list[int] = []

    with pytest.raises(CannotSatisfy, match=f"expected SHA-256 {WHEEL.sha256}"):
        downloader.fetch(WHEEL, received.append)

    assert (_files(tmp_path), sum(received)) == ([], 0)


def test_a_wheel_without_url_must_be_at_hand(downloader: Downloader) -> None:
    wheel = LockedWheel(
        name=WHEEL.name, version="1.0", filename=WHEEL.filename, sha256=WHEEL.sha256
    )

    with pytest.raises(CannotSatisfy, match="has no URL in the lock"):
        downloader.fetch(wheel)
