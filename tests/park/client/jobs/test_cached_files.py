"""Files in the user's cache: fetched once, whole, and never changed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import cast

import pytest

from park.client.access.transport import Transport
from park.client.jobs.cached_files import cached_file
from park.errors import ServiceFault, ServiceUnreachable

SHA256 = hashlib.sha256(b"curve").hexdigest()


class Files:
    """A service that has one file."""

    def __init__(self, content: bytes = b"curve", error: Exception | None = None) -> None:
        self.content = content
        self.error = error
        self.asked: list[str] = []

    def download(self, route: str, target: Path) -> None:
        self.asked.append(route)
        target.write_bytes(self.content)
        if self.error is not None:
            raise self.error


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PARK_CACHE_DIR", str(tmp_path))
    return tmp_path


def fetched(files: Files, name: str = "fit.csv") -> Path:
    return cached_file(cast("Transport", files), "/route", sha256=SHA256, name=name)


def test_a_file_is_fetched_once_and_is_in_use_from_then_on() -> None:
    files = Files()
    path = fetched(files)
    assert (path.name, path.read_bytes()) == ("fit.csv", b"curve")
    assert path.stat().st_mode & 0o777 == 0o444
    os.utime(path, (0, 0))
    assert fetched(files) == path
    assert files.asked == ["/route"]
    assert path.stat().st_mtime > 0


def test_the_same_content_under_another_name_is_another_file() -> None:
    assert fetched(Files(), "a").name == "a"
    assert fetched(Files(), "b").name == "b"


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        (Files(b"other"), ServiceFault),
        (Files(b"cur", ServiceUnreachable("cut")), ServiceUnreachable),
    ],
    ids=["other", "cut"],
)
def test_what_is_not_it_leaves_nothing(files: Files, kind: type[Exception], cache: Path) -> None:
    with pytest.raises(kind):
        fetched(files)
    assert [path for path in cache.rglob("*") if path.is_file()] == []
    assert fetched(Files()).read_bytes() == b"curve"
