from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest
from packaging.utils import NormalizedName
from support.material.wheels import make_sdist, make_wheel
from support.neighbours.index_server import add_file, opened_index

from park.errors import Conflict, NotPermitted, UnknownItem
from park_repo.curation import MOST_AT_ONCE
from park_repo.file_records import PROJECTS, ProjectStatus, trees_of
from park_repo.index import Index
from park_repo.negotiation import JSON

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from pathlib import Path

DEMO = NormalizedName("demo")
TREE = "1.0+t0123456789abcdef"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with opened_index(tmp_path / "index") as index:
        yield index


def do(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def page(index: Index) -> bytes:
    found = do(index.pages.page(PROJECTS, DEMO, JSON))
    return b"" if found is None else bytes(found.body)


def stored(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "index" / "files").rglob("*") if path.is_file()]


def test_two_spellings_of_one_file_are_one_file(index: Index, tmp_path: Path) -> None:
    published = add_file(index, make_wheel(tmp_path, "demo"))
    again = (tmp_path / "demo-1.0-py3-none-any.whl").rename(tmp_path / "Demo-1.0-py3-none-any.whl")
    same = add_file(index, again)
    assert (same.is_new, same.file) == (False, published.file)
    make_wheel(tmp_path, "Demo", files={"demo.py": b"other"})
    with pytest.raises(Conflict, match=r"Demo-1\.0-py3-none-any\.whl is here already"):
        add_file(index, tmp_path / "Demo-1.0-py3-none-any.whl")


def test_one_file_is_yanked_wherever_it_stands(index: Index, tmp_path: Path) -> None:
    wheel = add_file(index, make_wheel(tmp_path, "demo")).file
    add_file(index, make_sdist(tmp_path))
    tree = add_file(index, make_wheel(tmp_path, "demo", TREE), user="ada").file
    do(index.curator.yank_file(wheel.sha256, "quarantined"))
    do(index.curator.yank_file(tree.sha256, "quarantined"))
    assert page(index).count(b'"yanked":"quarantined"') == 1
    assert [file.yanked for file in index.tree_files("demo", "ada")] == ["quarantined"]
    do(index.curator.yank_file("0" * 64, "nobody has it"))


def test_sdists_stand_beside_wheels(index: Index, tmp_path: Path) -> None:
    add_file(index, make_wheel(tmp_path))
    sdist = add_file(index, make_sdist(tmp_path)).file
    assert [file.filename for file in index.project_files("demo")] == [
        "demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz",
    ]  # fmt: skip
    assert sdist.metadata_sha256 is None
    assert not index.stored_at(sdist).with_name(f"{sdist.filename}.metadata").exists()


def test_a_version_is_yanked_and_removed_by_any_of_its_spellings(
    index: Index, tmp_path: Path
) -> None:
    add_file(index, make_wheel(tmp_path, version="1.0"))
    add_file(index, make_sdist(tmp_path, version="1.0.0"))
    assert do(index.curator.yank(DEMO, "1", "broken")) == 2
    assert [file.yanked for file in index.project_files("demo")] == ["broken"] * 2
    assert len(do(index.curator.remove(DEMO, "1.0.0.0", "ada"))) == 2


def test_a_yank_shows_its_reason_at_once_and_can_be_undone(index: Index, tmp_path: Path) -> None:
    add_file(index, make_wheel(tmp_path))
    assert b'"yanked":false' in page(index)
    assert do(index.curator.yank(DEMO, "1.0", "breaks numpy")) == 1
    assert b'"yanked":"breaks numpy"' in page(index)
    do(index.curator.yank(DEMO, "1.0", None))
    assert b'"yanked":false' in page(index)
    with pytest.raises(UnknownItem, match=r"there is no demo 2\.0 here"):
        do(index.curator.yank(DEMO, "2.0", ""))


def test_removing_gives_the_disk_back_and_the_name_keeps_its_meaning(
    index: Index, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path / "a")
    add_file(index, wheel)
    add_file(index, make_wheel(tmp_path / "a", version="1.1"))
    assert len(stored(tmp_path)) == 4
    (gone,) = do(index.curator.remove(DEMO, "1.0", "ada"))
    assert gone.filename == wheel.name
    assert len(stored(tmp_path)) == 2
    assert b'"versions":["1.1"]' in page(index)
    with pytest.raises(UnknownItem):
        index.file_by_hash(gone.sha256)
    with pytest.raises(Conflict, match="was here, and was removed"):
        add_file(index, make_wheel(tmp_path / "b", files={"demo.py": b"other"}))
    assert add_file(index, wheel).is_new
    do(index.curator.remove(DEMO, "1.0", "ada"))
    with pytest.raises(UnknownItem):
        do(index.curator.remove(DEMO, "1.0", "ada"))


def test_a_name_stays_owned_when_its_last_version_is_removed(index: Index, tmp_path: Path) -> None:
    add_file(index, make_wheel(tmp_path))
    do(index.curator.remove(DEMO, "1.0", "ada"))
    assert index.owned("demo") is not None
    do(index.curator.unclaim(DEMO))
    assert index.owned("demo") is None


def test_bytes_that_somebody_else_has_stay(index: Index, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, version=TREE)
    for user in ("ada", "bob"):
        add_file(index, wheel, user)
    do(index.curator.remove(DEMO, TREE, "ada"))
    (bobs,) = index.tree_files("demo", "bob")
    assert index.stored_at(bobs).read_bytes() == wheel.read_bytes()
    assert index.tree_files("demo", "ada") == ()
    with pytest.raises(UnknownItem):
        do(index.curator.remove(DEMO, TREE, "ada"))
    do(index.curator.remove(DEMO, TREE, "bob"))
    assert stored(tmp_path) == []


def test_a_claim_makes_a_name_ours_and_can_be_given_back(index: Index, tmp_path: Path) -> None:
    first = do(index.curator.claim(DEMO, "ada"))
    again = do(index.curator.claim(DEMO, "bob"))
    assert first.is_claimed
    assert again == first
    assert b'"files":[]' in page(index)
    add_file(index, make_wheel(tmp_path))
    with pytest.raises(Conflict, match="demo has 1 files here"):
        do(index.curator.unclaim(DEMO))
    do(index.curator.remove(DEMO, "1.0", "ada"))
    do(index.curator.unclaim(DEMO))
    assert page(index) == b""
    with pytest.raises(UnknownItem, match="does not own the name demo"):
        do(index.curator.unclaim(DEMO))


@pytest.mark.parametrize("status", [ProjectStatus.ARCHIVED, ProjectStatus.QUARANTINED])
def test_archived_and_quarantined_projects_take_no_uploads(
    index: Index, tmp_path: Path, status: ProjectStatus
) -> None:
    published = add_file(index, make_wheel(tmp_path)).file
    do(index.curator.mark(DEMO, status, "why"))
    with pytest.raises(NotPermitted, match=f"demo is {status} here: why"):
        add_file(index, make_wheel(tmp_path, version="1.1"))
    assert (b"demo-1.0-py3" in page(index)) == status.offers_files
    if status.offers_files:
        assert index.file_by_hash(published.sha256) == published
    else:
        with pytest.raises(NotPermitted, match="quarantined"):
            index.file_by_hash(published.sha256)
    do(index.curator.mark(DEMO, ProjectStatus.ACTIVE, None))
    assert add_file(index, make_wheel(tmp_path, version="1.1")).is_new
    with pytest.raises(UnknownItem):
        do(index.curator.mark(NormalizedName("other"), status, None))


def test_the_page_of_trees_is_of_one_user(index: Index, tmp_path: Path) -> None:
    add_file(index, make_wheel(tmp_path, version=TREE), "ada")
    adas = do(index.pages.page(trees_of("ada"), DEMO, JSON))
    assert TREE.encode() in adas.body
    assert do(index.pages.page(trees_of("bob"), DEMO, JSON)) is None
    assert page(index) == b""


def test_trees_go_in_the_transaction_that_chooses_them(index: Index, tmp_path: Path) -> None:
    trees = [add_file(index, make_wheel(tmp_path, "demo", f"1.0+t{n:016x}")).file for n in range(2)]
    going = do(index.curator.remove_trees(lambda _: trees[:1]))
    assert going == (trees[0],)
    assert index.tree_files("demo", "ada") == (trees[1],)
    assert len(stored(tmp_path)) == 2
    make_wheel(tmp_path / "other", "demo", trees[0].version, files={"demo.py": b"other"})
    with pytest.raises(Conflict, match="was here, and was removed"):
        add_file(index, tmp_path / "other" / trees[0].filename)
    assert add_file(index, tmp_path / trees[0].filename).is_new


def test_neither_releases_nor_too_many_go_as_trees(index: Index, tmp_path: Path) -> None:
    released = add_file(index, make_wheel(tmp_path)).file
    with pytest.raises(ValueError, match="a released one among them"):
        do(index.curator.remove_trees(lambda _: [released]))
    tree = add_file(index, make_wheel(tmp_path, "demo", TREE)).file
    with pytest.raises(ValueError, match="51 files"):
        do(index.curator.remove_trees(lambda _: [tree] * (MOST_AT_ONCE + 1)))
    assert len(stored(tmp_path)) == 4


def test_nothing_is_removed_where_nothing_may_be(tmp_path: Path) -> None:
    def refused() -> nullcontext[None]:
        raise Conflict("not now")

    with opened_index(tmp_path / "index", removing=refused) as index:
        add_file(index, make_wheel(tmp_path, "demo"))
        with pytest.raises(Conflict, match="not now"):
            do(index.curator.remove(DEMO, "1.0", "ada"))
        assert b"demo-1.0" in page(index)


def test_no_tree_is_removed_where_nothing_may_be(tmp_path: Path) -> None:
    def refused() -> nullcontext[None]:
        raise Conflict("not now")

    with (
        opened_index(tmp_path / "index", removing=refused) as index,
        pytest.raises(Conflict, match="not now"),
    ):
        do(index.curator.remove_trees(lambda _: ()))
