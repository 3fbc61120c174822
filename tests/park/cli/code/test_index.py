"""``park index``: what is done to an index, and how a project and its files are told."""

from __future__ import annotations

import json
from typing import Any

import pytest

import park.client.index as client
from park.cli.main import main
from park.wire import IndexFileRecord, IndexProjectRecord

Said = pytest.CaptureFixture[str]


def file(**changes: Any) -> IndexFileRecord:
    facts: dict[str, Any] = {
        "filename": "m-1.whl",
        "version": "1",
        "layer": "projects",
        "size": 2048,
        "sha256": "ab",
        "uploaded": "2026-11-23T08:00:00Z",
        "uploaded_by": "ada",
        "yanked": None,
    }
    return IndexFileRecord(**facts | changes)


def project(**changes: Any) -> IndexProjectRecord:
    facts: dict[str, Any] = {
        "name": "m",
        "owned": True,
        "claimed": False,
        "status": "active",
        "reason": None,
        "versions": 1,
        "trees": 0,
        "size": 3 << 20,
        "files": [],
    }
    return IndexProjectRecord(**facts | changes)


class Index:
    """An index that notes what is done to it."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.record: IndexProjectRecord | None = project()
        self.elsewhere: str | None = None

    def projects(self) -> list[IndexProjectRecord]:
        return [] if self.record is None else [self.record]

    def kept_by(self) -> str | None:
        return self.elsewhere

    def remove(self, *named: str) -> list[IndexFileRecord]:
        self.done.append(("remove", *named))
        return [file(filename=f"m-{named[1]}.whl")]

    def __getattr__(self, name: str) -> Any:
        def act(*given: Any, **named: Any) -> IndexProjectRecord | None:
            self.done.append((name, *given, *named.values()))
            return self.record

        return act


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Index:
    made = Index()
    monkeypatch.setattr(client, "remote_index", lambda _, **__: made)
    return made


@pytest.mark.parametrize(
    ("words", "done"),
    [
        (["list", "m"], ("project", "m", 10)),
        (["list", "m", "--all"], ("project", "m", None)),
        (["yank", "m", "1", "--reason", "wrong"], ("yank", "m", "1", "wrong")),
        (["yank", "m", "1"], ("yank", "m", "1", "")),
        (["unyank", "m", "1"], ("unyank", "m", "1")),
        (["claim", "m"], ("claim", "m")),
        (["claim", "m", "--undo"], ("unclaim", "m")),
        (["status", "m", "archived"], ("mark", "m", "archived", None)),
    ],
)
def test_each_action_is_one_request(index: Index, words: list[str], done: tuple[Any, ...]) -> None:
    assert main(["index", *words]) == 0
    assert index.done == [done]


def test_each_version_that_is_removed_is_told(index: Index, capsys: Said) -> None:
    assert main(["index", "remove", "m", "1", "2"]) == 0
    assert index.done == [("remove", "m", "1"), ("remove", "m", "2")]
    assert capsys.readouterr().out.splitlines() == [
        "removed m-1.whl (2.0 KiB)",
        "removed m-2.whl (2.0 KiB)",
    ]


@pytest.mark.parametrize(
    ("changes", "ending"),
    [
        ({}, "owned"),
        ({"claimed": True}, "claimed"),
        ({"owned": False}, "trees only"),
        ({"owned": False, "folder": "/srv/wheels"}, "in /srv/wheels"),
        ({"owned": False, "kept_by": "https://lab/"}, "kept by https://lab/"),
        ({"status": "archived", "reason": "see n"}, "owned  archived (see n)"),
    ],
)
def test_whose_a_project_is_is_told(
    index: Index, capsys: Said, changes: dict[str, Any], ending: str
) -> None:
    index.record = project(**changes)
    assert main(["index", "list"]) == 0
    assert capsys.readouterr().out == f"m  1 version, 0 trees, 3.0 MiB  {ending}\n"


def test_files_are_told_with_what_is_wrong_with_them(index: Index, capsys: Said) -> None:
    index.record = project(files=[file(), file(yanked=""), file(yanked="wrong", layer="trees")])
    assert main(["index", "list", "m"]) == 0
    line = "  m-1.whl  2.0 KiB  2026-11-23 by ada"
    assert capsys.readouterr().out.splitlines()[1:] == [
        line,
        f"{line}  yanked: no reason given",
        f"{line}  tree  yanked: wrong",
    ]
    index.record = project(files=[file(folder="/srv/wheels/old", uploaded_by="")])
    assert main(["index", "list", "m"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "  m-1.whl  2.0 KiB  2026-11-23 in /srv/wheels/old"
    main(["index", "list", "--json"])
    assert [each["name"] for each in json.loads(capsys.readouterr().out)] == ["m"]


def test_of_thousands_of_files_the_newest_are_told_and_the_rest_counted(
    index: Index, capsys: Said
) -> None:
    index.record = project(files=[file()], older=4990)
    assert main(["index", "list", "m"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "  … and 4990 older files (--all)"


def test_an_index_that_keeps_the_released_projects_is_named(index: Index, capsys: Said) -> None:
    index.record = None
    assert main(["index", "list"]) == 0
    assert capsys.readouterr().out == "the index has no project\n"
    index.elsewhere = "https://lab/simple/"
    assert main(["index", "list"]) == 0
    assert capsys.readouterr().out == (
        "released projects are kept by https://lab/simple/: park index list PROJECT asks there\n"
    )
    kept = file(kept_by="https://lab/", uploaded_by="", uploaded="", size=0)
    index.record = project(files=[kept, file(kept_by="https://lab/", uploaded_by="")])
    assert main(["index", "list", "m"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  m-1.whl  kept by https://lab/",
        "  m-1.whl  2.0 KiB  2026-11-23 kept by https://lab/",
    ]
