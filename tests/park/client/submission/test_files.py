"""`park.File`: sent by content, once, from wherever it stands among the arguments."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from support.stand_ins.job_service import JobService
from support.stand_ins.responses import responded

import park
from park.client.access.http.exchange import Response

if TYPE_CHECKING:
    from pathlib import Path


class FileService(JobService):
    """A service that keeps what it is sent."""

    def __init__(self, *present: str) -> None:
        super().__init__()
        self.present = set(present)
        self.sent: list[str] = []
        self.bind()

    def json(self, method: str, path: str, **arguments: Any) -> Any:
        if path.endswith("/present"):
            return {"present": path.split("/")[-2] in self.present}
        return super().json(method, path, **arguments)

    def put(self, path: str, file: Path) -> Response:
        self.sent.append(file.name)
        self.present.add(path.rpartition("/")[2])
        return responded(204)


def read(*_: object, **__: object) -> None:
    """Stand for a function of a model."""


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.txt"
    path.write_text("counts")
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_the_service_has_is_not_sent_again(film: Path) -> None:
    service = FileService(digest(film))
    service.service.submit(read, park.File(film)).confirm(10)
    assert service.sent == []


def test_one_content_is_sent_once_whatever_its_names(film: Path) -> None:
    service = FileService()
    copy = film.with_name("copy.txt")
    copy.write_bytes(film.read_bytes())
    for path in (film, copy, film):
        service.service.submit(read, park.File(path)).confirm(10)
    assert service.sent == ["film.txt"]
    names = [job["call"]["args"][0]["name"] for job in service.jobs]
    assert names == ["film.txt", "copy.txt", "film.txt"]


def test_files_stand_inside_lists_tuples_and_dicts(film: Path) -> None:
    service = FileService()
    other = film.with_name("other.txt")
    other.write_text("more counts")
    service.service.submit(
        read, [park.File(film)], {"a": (park.File(other), 1)}, more=[[park.File(film)]]
    ).confirm(10)
    assert sorted(service.sent) == ["film.txt", "other.txt"]
    (job,) = service.jobs
    node = {"$park": "file", "sha256": digest(film), "name": "film.txt"}
    assert job["call"]["args"][0] == [node]
    assert job["call"]["kwargs"] == {"more": [[node]]}


def test_a_file_of_this_users_home_is_meant_by_its_tilde(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(film.parent))
    service = FileService()
    service.service.submit(read, park.File("~/film.txt")).confirm(10)
    assert service.sent == ["film.txt"]


def test_a_file_that_is_not_there_is_told_by_the_call(film: Path) -> None:
    service = FileService()
    with pytest.raises(park.ParkError, match=r"absent\.txt"):
        service.service.submit(read, park.File(film.with_name("absent.txt")))
    assert service.jobs == []
