"""``park files``: places on a service, listed, filled and emptied."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from park.cli.main import main
from park.cli.moments import local_second
from park.cli.services import files
from park.wire import AreaEntry, AreaRecord

Said = pytest.CaptureFixture[str]
ENTRIES = [
    AreaEntry(name="run.refl", kind="file", size=2048, modified="2026-11-23T08:00:00.000000Z"),
    AreaEntry(name="night", kind="folder", size=0, modified="2026-11-23T08:00:00.000000Z"),
]


class Files:
    """The files of a service, which note what is done with them."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def areas(self) -> list[AreaRecord]:
        return [AreaRecord(name="~ada", writable=True), AreaRecord(name="/data", writable=False)]

    def list(self, path: str) -> Any:
        self.asked.append(path)
        return ENTRIES

    def put(self, source: Path, path: str) -> str:
        return f"{path}{source.name}"

    def get(self, path: str, output: Path) -> Path:
        return output / Path(path).name

    def remove(self, path: str, *, recursive: bool) -> None:
        self.asked.append((path, recursive))

    def url(self, path: str) -> str:
        return f"http://h{path}"


@pytest.fixture(autouse=True)
def there(monkeypatch: pytest.MonkeyPatch) -> Files:
    made = Files()
    monkeypatch.setattr(files, "service_of", lambda _: SimpleNamespace(files=made))
    return made


def test_places_and_what_is_in_them_are_listed(there: Files, capsys: Said) -> None:
    assert main(["files", "list"]) == 0
    assert capsys.readouterr().out.splitlines() == ["~ada  yours", "/data  to read"]
    assert main(["files", "list", "~/data"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    here = str(local_second("2026-11-23T08:00:00Z")).split()
    assert lines[0][-3:] == [*here, "run.refl"]
    assert lines[1] == ["folder", *here, "night"]
    assert there.asked == ["~/data"]


def test_the_same_for_programs(capsys: Said) -> None:
    main(["files", "list", "--json"])
    assert [each["writable"] for each in json.loads(capsys.readouterr().out)] == [True, False]
    main(["files", "list", "~", "--json"])
    assert [each["size"] for each in json.loads(capsys.readouterr().out)] == [2048, 0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["put", "here/run.zip", "~/data/"], "~/data/run.zip"),
        (["get", "~/data/run.zip"], "run.zip"),
        (["get", "~/data/run.zip", "-o", "there"], "there/run.zip"),
        (["url", "/data/x"], "http://h/data/x"),
    ],
)
def test_where_a_file_is_now_is_told(capsys: Said, words: list[str], said: str) -> None:
    assert main(["files", *words]) == 0
    assert capsys.readouterr().out == f"{said}\n"


@pytest.mark.parametrize("recursive", [True, False])
def test_each_is_removed_and_told(there: Files, capsys: Said, *, recursive: bool) -> None:
    assert main(["files", "remove", "~/a", "~/b", *["--recursive"] * recursive]) == 0
    assert there.asked == [("~/a", recursive), ("~/b", recursive)]
    assert capsys.readouterr().out == "~/a is removed\n~/b is removed\n"
