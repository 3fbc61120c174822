"""Files on a service: the routes of places there, and which name a file keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.stand_ins.job_service import JobService
from support.stand_ins.responses import responded

from park.client.access.http.exchange import Response
from park.client.areas import ServiceFiles, area_route
from park.errors import UsageError

parts = st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1)
names = parts.filter(lambda name: name not in {".", ".."})


@given(st.sampled_from(["~", "~ada", ""]), st.lists(names, min_size=1, max_size=3))
def test_a_place_can_be_read_from_its_route(area: str, below: list[str]) -> None:
    path = "/".join([area, *below])
    route = area_route("files", path)
    assert route.isascii()
    assert not set("?#\\ ") & set(route)
    assert unquote(route) == f"/api/v1/areas/files/{path.removeprefix('/')}"


@pytest.mark.parametrize("path", ["", "run.zip", "./run.zip", "../x", "C:/x"])
def test_what_is_no_place_there_is_told_with_what_the_shell_does(path: str) -> None:
    with pytest.raises(UsageError, match="begins with ~/ or with /ROOT/") as caught:
        area_route("files", path)
    assert "shell" in str(caught.value.hint)


@pytest.mark.parametrize("path", ["~/../x", "/data/./x", "~/..", "/.."])
def test_what_http_would_take_away_is_refused(path: str) -> None:
    with pytest.raises(UsageError, match=r"has no '\.\.' and no '\.'"):
        area_route("files", path)


class Area(JobService):
    """A service that notes what is sent, fetched and removed."""

    def __init__(self) -> None:
        super().__init__("https://sns.example/park")
        self.noted: list[tuple[Any, ...]] = []

    def put(self, path: str, file: Path) -> Response:
        self.noted.append(("put", path, file))
        return responded(201, b'{"path": "~ada/data/run.zip"}')

    def download(self, path: str, target: Path) -> None:
        self.noted.append(("get", path, target))

    def delete(self, path: str, **arguments: Any) -> None:
        self.noted.append(("delete", path, arguments["params"]))


@pytest.fixture
def area() -> Area:
    return Area()


@pytest.fixture
def files(area: Area) -> ServiceFiles:
    return ServiceFiles(area)


def test_in_a_folder_a_file_that_is_sent_keeps_its_name(
    area: Area, files: ServiceFiles, tmp_path: Path
) -> None:
    run = tmp_path / "run.zip"
    run.write_text("counts")
    assert files.put(run, "~/data/") == "~ada/data/run.zip"
    files.put(str(run), "~/other.zip")
    assert area.noted == [
        ("put", "/api/v1/areas/files/~/data/run.zip", run),
        ("put", "/api/v1/areas/files/~/other.zip", run),
    ]


def test_what_is_no_file_here_is_not_sent(area: Area, files: ServiceFiles, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(UsageError, match="no file"):
            files.put(path, "~/x")
    assert area.noted == []


def test_in_a_folder_a_file_that_is_fetched_keeps_its_name(
    area: Area, files: ServiceFiles, tmp_path: Path
) -> None:
    assert files.get("~/data/run.zip", tmp_path) == tmp_path / "run.zip"
    assert files.get("~/data/run.zip", tmp_path / "mine.zip") == tmp_path / "mine.zip"
    assert [target for _, _, target in area.noted] == [tmp_path / "run.zip", tmp_path / "mine.zip"]


def test_only_who_asks_for_it_removes_what_is_below(area: Area, files: ServiceFiles) -> None:
    files.remove("~/a")
    files.remove("~/a", recursive=True)
    assert [params for _, _, params in area.noted] == [{}, {"recursive": "true"}]


def test_a_file_has_a_url_of_its_service(files: ServiceFiles) -> None:
    assert files.url("~/a b") == "https://sns.example/park/api/v1/areas/files/~/a%20b"
