"""The queries of the index: what stands on which shelf, for whom, and what a name meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from packaging.utils import NormalizedName

from park_repo import queries
from park_repo.database import Database
from park_repo.file_records import (
    PROJECTS,
    Layer,
    OwnedProject,
    ProjectStatus,
    ProjectTotal,
    PublishedFile,
    Shelf,
    trees_of,
)
from park_repo.tables import files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DEMO = NormalizedName("demo")
ADA, BOB = trees_of("ada"), trees_of("bob")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.sqlite(tmp_path / "park.sqlite")
    opened.write(files.metadata.create_all).result()
    yield opened
    opened.close()


@pytest.fixture
def ask(database: Database) -> Callable[..., Any]:
    """Return what runs a query of the index."""

    def asked(query: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        return database.write(lambda connection: query(connection, *arguments, **more)).result()

    return asked


def file(version: str = "1.0", shelf: Shelf = PROJECTS, **more: Any) -> PublishedFile:
    project = more.pop("project", DEMO)
    facts: dict[str, Any] = {
        "layer": shelf.layer,
        "owner": shelf.owner,
        "project": project,
        "version": version,
        "filename": f"{project}-{version}-py3-none-any.whl",
        "key": f"{project}-{version}-py3-none-any.whl",
        "size": 10,
        "sha256": "ab" * 32,
        "metadata_sha256": None,
        "requires_python": "",
        "uploaded_at": "2026-11-23T05:45:00.000001Z",
        "uploaded_by": "ada",
        "yanked": None,
    }
    return PublishedFile(**(facts | more))


def test_a_file_is_found_on_its_shelf_alone(ask: Any) -> None:
    mine, released = file(shelf=ADA, sha256="cd" * 32), file()
    for each in (mine, released):
        ask(queries.add_file, each)
    assert ask(queries.find_file, PROJECTS, released.key) == released
    assert ask(queries.find_file, ADA, mine.key) == mine
    assert ask(queries.find_file, BOB, mine.key) is None
    assert ask(queries.files_of_project, BOB, DEMO) == ()


def test_files_are_in_the_order_of_their_publication(ask: Any) -> None:
    published = [file("2.0"), file("1.0"), file("1.5")]
    for each in published:
        ask(queries.add_file, each)
    assert ask(queries.files_of_project, PROJECTS, DEMO) == tuple(published)


def test_bytes_are_shown_to_whom_they_belong(ask: Any) -> None:
    mine, released = file(shelf=ADA), file("2.0")
    for each in (mine, released):
        ask(queries.add_file, each)
    digest = mine.sha256
    assert ask(queries.files_by_digest, digest, visible_to=None) == (mine, released)
    assert ask(queries.files_by_digest, digest, visible_to="ada") == (mine, released)
    assert ask(queries.files_by_digest, digest, visible_to="bob") == (released,)


def test_names_are_sorted_and_each_is_there_once(ask: Any) -> None:
    six = NormalizedName("six")
    for each in (file(project=six), file("1.0"), file("2.0"), file("3.0", ADA)):
        ask(queries.add_file, each)
    assert ask(queries.project_names, PROJECTS) == ("demo", "six")
    assert ask(queries.all_contents) == {
        ("ab" * 32, f"{name}-py3-none-any.whl")
        for name in ("six-1.0", "demo-1.0", "demo-2.0", "demo-3.0")
    }


def test_a_version_is_yanked_with_a_reason_perhaps_empty_and_back(ask: Any) -> None:
    for each in (file("1.0"), file("1.0", key="other", filename="other"), file("2.0")):
        ask(queries.add_file, each)
    for reason in ("", "it is wrong", None):
        assert ask(queries.set_yanked, PROJECTS, DEMO, "1.0", reason) == 2
        found = ask(queries.files_of_project, PROJECTS, DEMO)
        assert [each.yanked for each in found] == [reason, reason, None]
    assert ask(queries.set_yanked, PROJECTS, DEMO, "9.9", "") == 0


def test_a_removed_name_keeps_its_meaning_until_it_is_back(ask: Any) -> None:
    gone, other = file("1.0"), file("2.0", sha256="cd" * 32)
    for each in (gone, other):
        ask(queries.add_file, each)
    assert ask(queries.remove_files, PROJECTS, DEMO, "1.0") == (gone,)
    assert ask(queries.files_of_project, PROJECTS, DEMO) == (other,)
    assert ask(queries.removed_digest, PROJECTS, gone.key) == gone.sha256
    assert ask(queries.removed_digest, ADA, gone.key) is None
    assert ask(queries.remove_files, PROJECTS, DEMO, "1.0") == ()
    ask(queries.forget_removal, PROJECTS, gone.key)
    assert ask(queries.removed_digest, PROJECTS, gone.key) is None


def test_content_is_in_use_as_long_as_any_shelf_has_it(ask: Any) -> None:
    mine, released = file(shelf=ADA), file()
    for each in (mine, released):
        ask(queries.add_file, each)
    ask(queries.remove_files, PROJECTS, DEMO, "1.0")
    assert ask(queries.is_in_use, mine.sha256, mine.filename)
    ask(queries.remove_files, ADA, DEMO, "1.0")
    assert not ask(queries.is_in_use, mine.sha256, mine.filename)


def test_totals_are_of_the_shelves_that_a_user_sees(ask: Any) -> None:
    for each in (
        file("1.0", size=1),
        file("1.0", size=2, key="sdist", filename="sdist"),
        file("2.0", size=4),
        file("3.0", ADA, size=8),
        file("3.0", BOB, size=16),
    ):
        ask(queries.add_file, each)
    found = ask(queries.totals, "ada")
    released = ProjectTotal(project=DEMO, layer=Layer.PROJECTS, versions=2, files=3, size=7)
    tree = ProjectTotal(project=DEMO, layer=Layer.TREES, versions=1, files=1, size=8)
    assert sorted(found, key=lambda total: total.layer) == [released, tree]


def test_a_project_is_owned_replaced_and_given_up(ask: Any) -> None:
    project = OwnedProject(
        name=DEMO, status=ProjectStatus.ACTIVE, reason="", owned_since="2026", owned_by="ada"
    )
    assert ask(queries.find_project, DEMO) is None
    ask(queries.put_project, project)
    changed = OwnedProject(
        name=DEMO, status=ProjectStatus.ARCHIVED, reason="old", owned_since="2026", owned_by="ada"
    )
    ask(queries.put_project, changed)
    assert ask(queries.owned_projects) == (changed,)
    ask(queries.unown_project, DEMO)
    assert ask(queries.owned_projects) == ()


def test_a_tree_that_was_removed_is_known_by_its_bytes_until_anybody_has_them(ask: Any) -> None:
    mine, released = file(shelf=ADA), file(sha256="cd" * 32)
    for each in (mine, released):
        ask(queries.add_file, each)
    assert ask(queries.trees) == (mine,)
    assert not ask(queries.was_tree, mine.sha256)
    ask(queries.remove_each, [mine, released])
    assert ask(queries.trees) == ()
    assert ask(queries.was_tree, mine.sha256)
    assert not ask(queries.was_tree, released.sha256)
    assert ask(queries.removed_digest, ADA, mine.key) == mine.sha256
    ask(queries.add_file, file())
    assert not ask(queries.was_tree, mine.sha256)
