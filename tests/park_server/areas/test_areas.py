"""Files of users on the service: who may do what, and that nothing leads out of an area."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.material.open_doors import of_the_service

from park.errors import Conflict, NotPermitted, ParkError, UnknownItem, UsageError
from park.runtime import codec
from park_server.areas import beneath
from park_server.areas.areas import Areas
from park_server.areas.paths import parse_place

SECRET = "a stranger's secret"


async def chunks(text: str) -> AsyncIterator[bytes]:
    yield text.encode()


def put(areas: Areas, path: str, text: str, user: str = "ada") -> str:
    return str(asyncio.run(areas.put(path, user, chunks(text))))


def read(areas: Areas, path: str, user: str = "ada") -> str:
    with os.fdopen(areas.open(path, user)) as file:
        return file.read()


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text(SECRET)
    return tmp_path / "outside"


@pytest.fixture
def areas(tmp_path: Path) -> Areas:
    (tmp_path / "instrument" / "run").mkdir(parents=True)
    (tmp_path / "instrument" / "run" / "1.txt").write_text("counts")
    return Areas(tmp_path / "areas", {"snsdata": tmp_path / "instrument"}, of_the_service)


@pytest.fixture
def own(areas: Areas, tmp_path: Path) -> Path:
    """Return ada's folder on disk."""
    put(areas, "~/made", "")
    return tmp_path / "areas" / "v1" / "users" / "ada"


def test_a_file_is_put_listed_read_and_removed(areas: Areas) -> None:
    assert put(areas, "~/data/run.txt", "1 2 3") == "~ada/data/run.txt"
    assert read(areas, "~/data/run.txt") == read(areas, "~ada/data//run.txt") == "1 2 3"
    (entry,) = areas.listing("~/data", "ada")
    assert (entry.name, entry.kind, entry.size) == ("run.txt", "file", 5)
    assert [each.name for each in areas.listing("~", "ada")] == ["data", "shared"]
    put(areas, "~/data/run.txt", "4")
    assert read(areas, "~/data/run.txt") == "4"
    with pytest.raises(Conflict, match="not empty"):
        areas.remove("~/data", "ada", recursive=False)
    areas.remove("~/data", "ada", recursive=True)
    with pytest.raises(UnknownItem, match=r"no ~ada/data/run\.txt on this service"):
        read(areas, "~/data/run.txt")


def test_nothing_remains_of_an_upload_that_breaks_off(areas: Areas, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        asyncio.run(areas.put("~/run.txt", "ada", broken()))
    assert not list((tmp_path / "areas" / "v1" / "incoming").iterdir())
    assert [each.name for each in areas.listing("~", "ada")] == ["shared"]


def test_others_read_what_is_shared_and_nothing_else(areas: Areas) -> None:
    put(areas, "~/shared/run.refl", "for all")
    put(areas, "~/private", "for me")
    assert read(areas, "~ada/shared/run.refl", "bob") == "for all"
    for refused in ("~ada/private", "~ada", "~ada/sharedx"):
        with pytest.raises(NotPermitted, match=r"only ~ada/shared of ada's files"):
            list(areas.listing(refused, "bob"))
    with pytest.raises(NotPermitted, match="can only be read"):
        put(areas, "~ada/shared/run.refl", "mine now", "bob")
    with pytest.raises(NotPermitted):
        areas.remove("~ada/shared/run.refl", "bob", recursive=False)
    with pytest.raises(UnknownItem):
        read(areas, "~/shared/run.refl", "bob")


def test_a_root_of_the_operator_is_read_only(areas: Areas) -> None:
    assert read(areas, "/snsdata/run/1.txt") == "counts"
    with pytest.raises(NotPermitted, match=r"/snsdata/run/2\.txt can only be read"):
        put(areas, "/snsdata/run/2.txt", "")
    with pytest.raises(UnknownItem, match="shows no /etc; it shows: /snsdata"):
        read(areas, "/etc/passwd")


@pytest.mark.parametrize("user", ["..", ".", "a/b", "a\nb", "ä", "%2e%2e"])
def test_any_name_of_a_user_is_one_folder(areas: Areas, tmp_path: Path, user: str) -> None:
    put(areas, "~/x", user, user)
    assert read(areas, "~/x", user) == user
    (folder,) = (tmp_path / "areas" / "v1" / "users").iterdir()
    assert (folder / "x").read_text() == user


@pytest.mark.parametrize(
    "path",
    [
        "~/../secret",
        "~/a/../../b",
        "~/./x",
        "/snsdata/../outside/secret",
        "~/x\0y",
        "~/" + "x" * 256,
    ],
)
def test_a_path_that_climbs_is_refused_unread(areas: Areas, path: str) -> None:
    with pytest.raises(UsageError):
        read(areas, path)


@pytest.mark.parametrize("path", ["", "/", "data/x", "file:///etc/passwd", "C:\\x"])
def test_what_is_no_path_of_a_service_is_told_so(areas: Areas, path: str) -> None:
    with pytest.raises(UsageError, match="no path of a service"):
        read(areas, path)


@given(st.text(alphabet="~/.a\0b%\\\n ", max_size=12))
def test_whatever_is_written_names_no_part_that_climbs(text: str) -> None:
    try:
        place = parse_place(text, user="ada", roots={"a"})
    except ParkError:
        return
    assert place.root == "a" or place.owner == "ada" or place.parts[:1] == ("shared",)
    assert not {"", ".", ".."} & set(place.parts)
    assert not any("/" in part or "\0" in part for part in place.parts)


def test_links_lead_nowhere(areas: Areas, own: Path, outside: Path) -> None:
    (own / "file").symlink_to(outside / "secret")
    (own / "folder").symlink_to(outside)
    (own / "shared" / "folder").symlink_to(outside)
    for path in ("~/file", "~/folder/secret", "~ada/shared/folder/secret"):
        with pytest.raises(UnknownItem, match="links are not followed"):
            read(areas, path)
    with pytest.raises(UnknownItem, match="links are not followed"):
        list(areas.listing("~/folder", "ada"))
    with pytest.raises(UnknownItem, match="links are not followed"):
        put(areas, "~/folder/secret", "overwritten")
    assert (outside / "secret").read_text() == SECRET


def test_a_link_is_replaced_or_removed_itself(areas: Areas, own: Path, outside: Path) -> None:
    (own / "file").symlink_to(outside / "secret")
    (own / "folder").symlink_to(outside)
    assert {e.name: e.kind for e in areas.listing("~", "ada")}["file"] == "link"
    put(areas, "~/file", "mine")
    areas.remove("~/folder", "ada", recursive=True)
    assert (outside / "secret").read_text() == SECRET
    assert not (own / "file").is_symlink()
    assert not os.path.lexists(own / "folder")


def test_a_folder_with_links_is_removed_without_following_them(
    areas: Areas, own: Path, outside: Path
) -> None:
    (own / "data").mkdir()
    (own / "data" / "link").symlink_to(outside)
    areas.remove("~/data", "ada", recursive=True)
    assert (outside / "secret").read_text() == SECRET
    assert not (own / "data").exists()


def test_a_pipe_keeps_nobody_waiting(areas: Areas, own: Path) -> None:
    os.mkfifo(own / "pipe")
    with pytest.raises(UnknownItem):
        read(areas, "~/pipe")


def test_a_folder_swapped_for_a_link_again_and_again_is_never_left(
    own: Path, outside: Path
) -> None:
    """Race for the moment between a look and its use: there must be none."""
    (own / "real").mkdir()
    (own / "real" / "secret").write_text("mine")
    (own / "link").symlink_to(outside)
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            for source in ("real", "link"):
                (own / source).rename(own / "door")
                (own / "door").rename(own / source)

    swapping = threading.Thread(target=swap)
    swapping.start()
    seen = set()
    try:
        for _ in range(3000):
            try:
                with os.fdopen(beneath.open_file(own, ["door"], "secret")) as file:
                    seen.add(file.read())
            except OSError as error:
                seen.add(type(error).__name__)
    finally:
        done.set()
        swapping.join()
    assert SECRET not in seen
    assert seen <= {"mine", "FileNotFoundError", "NotADirectoryError"}


def test_a_job_gets_a_path_for_reading_and_writing(areas: Areas, own: Path) -> None:
    document = codec.encode(
        {"in": codec.ServiceFile(path="~/made"), "out": [codec.ServiceFile(path="~/new/fit.refl")]},
        set_hash=None,
    )
    assert areas.resolved(document, "ada") == {
        "in": str(own / "made"),
        "out": [str(own / "new" / "fit.refl")],
    }
    assert (own / "new").is_dir()
    assert areas.resolved("~/made", "ada") == "~/made"  # a text is a text


def test_a_path_means_a_root_where_there_is_one_of_its_name(areas: Areas, tmp_path: Path) -> None:
    def opened(path: str) -> object:
        file = codec.ServiceFile(path=path, or_text=True)
        return areas.resolved(codec.encode([file], set_hash=None), "ada")

    assert opened("/snsdata/run/1.txt") == [str(tmp_path / "instrument" / "run" / "1.txt")]
    assert opened("/scratch/run/1.txt") == ["/scratch/run/1.txt"]
    assert opened("/") == ["/"]
    with pytest.raises(UnknownItem, match=r"no /snsdata/run/2\.txt") as told:
        opened("/snsdata/run/2.txt")  # be it that a job is to write it
    assert told.value.hint == "`park files list /snsdata` shows what is there, for reading alone"
    with pytest.raises(UsageError, match=r"has no '\.\.'"):
        opened("/snsdata/../secret")


def test_a_job_gets_no_path_through_a_link_nor_to_what_is_not_there(
    areas: Areas, own: Path, outside: Path
) -> None:
    (own / "file").symlink_to(outside / "secret")
    (own / "folder").symlink_to(outside)
    for path in ("~/file", "~/folder/secret", "/snsdata/run/2.txt", "~bob/shared/x"):
        with pytest.raises(UnknownItem):
            areas.resolved(codec.encode(codec.ServiceFile(path=path), set_hash=None), "ada")


def test_whose_files_they_are_is_asked_beside_the_event_loop(tmp_path: Path) -> None:
    """An account may have to be given first, which waits for what others write."""
    asked: list[int] = []

    def owner_of(user: str) -> None:
        assert user == "ada"
        asked.append(threading.get_ident())

    put(Areas(tmp_path / "areas", {}, owner_of), "~/data/run.txt", "1")
    assert asked
    assert threading.get_ident() not in asked
