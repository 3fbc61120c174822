import os
import stat
import sys
from pathlib import Path

import pytest

from park_repo import durable
from park_repo.durable import (
    BUILDING,
    QUARANTINE,
    beside,
    key_lock,
    opened,
    put_in_place,
    quarantine,
    remove_tree,
    sweep_beside,
    write_durably,
    write_new,
    write_over,
    write_synced,
)


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was made durable, in order, as it was called at that moment."""
    seen: list[str] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        seen.append(BUILDING if name.startswith(BUILDING) else name)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    return seen


@pytest.mark.parametrize("swaps", [True, False])
def test_what_takes_a_place_puts_aside_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, swaps: bool
) -> None:
    if not swaps:
        monkeypatch.setattr(durable, "_swapped", lambda *_: False)
    final = tmp_path / "key"
    for text in ("first", "second"):
        built = beside(tmp_path, "key")
        built.mkdir()
        (built / "file").write_text(text)
        put_in_place(built, final)
        assert (final / "file").read_text() == text
    (aside,) = tmp_path.glob(f"{QUARANTINE}key.*")
    assert (aside / "file").read_text() == "first"
    assert sweep_beside(tmp_path, in_use={"key"}) == []
    assert sweep_beside(tmp_path) == [aside.name]
    assert {path.name for path in tmp_path.iterdir()} == {".locks", "key"}


@pytest.mark.skipif(sys.platform != "linux", reason="names are swapped by Linux")
def test_there_is_no_moment_without_the_one_or_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    final, built = tmp_path / "key", beside(tmp_path, "key")
    final.mkdir()
    built.mkdir()
    renamed: list[bool] = []
    rename = Path.rename

    def look(path: Path, target: Path) -> Path:
        renamed.append(final.is_dir())
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", look)
    put_in_place(built, final)
    assert renamed == [True]


def test_a_durable_file_has_its_content_and_then_its_name_on_the_disk(
    tmp_path: Path, synced: list[str]
) -> None:
    path = tmp_path / "mark.json"
    write_durably(path, b"one")
    write_durably(path, b"two", mode=0o600)
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert synced == [BUILDING, tmp_path.name] * 2
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    write_synced(tmp_path / "file", b"one")
    with pytest.raises(FileExistsError):
        write_synced(tmp_path / "file", b"two")
    assert (tmp_path / "file").read_bytes() == b"one"


def test_what_a_crash_left_beside_is_swept(tmp_path: Path) -> None:
    left = beside(tmp_path, "mark.json")
    left.write_bytes(b"half")
    assert sweep_beside(tmp_path) == [left.name]


def test_names_beside_are_hidden_and_differ(tmp_path: Path) -> None:
    one, other = beside(tmp_path, "key"), beside(tmp_path, "key")
    assert one != other
    for path in (one, other):
        assert path.parent == tmp_path
        assert path.name.startswith(f"{BUILDING}key.")


def test_what_is_put_aside_is_not_found_and_goes_at_the_sweep(tmp_path: Path) -> None:
    (tmp_path / "key").mkdir()
    quarantine(tmp_path, "key")
    quarantine(tmp_path, "absent")
    (aside,) = tmp_path.iterdir()
    assert aside.name.startswith(f"{QUARANTINE}key.")
    assert sweep_beside(tmp_path) == [aside.name]
    assert not aside.exists()


def test_a_sweep_takes_no_more_than_what_is_beside(tmp_path: Path) -> None:
    (tmp_path / "key").mkdir()
    (tmp_path / ".other").mkdir()
    assert sweep_beside(tmp_path) == []
    assert {path.name for path in tmp_path.iterdir()} == {"key", ".other"}


def test_what_somebody_builds_at_this_moment_is_left_alone(tmp_path: Path) -> None:
    building = beside(tmp_path, "key")
    building.mkdir()
    with key_lock(tmp_path, "key") as held:
        assert held
        assert sweep_beside(tmp_path) == []
    assert sweep_beside(tmp_path) == [building.name]


def test_a_lock_that_is_held_is_not_got_without_waiting(tmp_path: Path) -> None:
    with key_lock(tmp_path, "one"):
        with key_lock(tmp_path, "one", wait=False) as held:
            assert not held
        with key_lock(tmp_path, "other", wait=False) as held:
            assert held


def test_read_only_trees_and_links_are_removed(tmp_path: Path) -> None:
    kept, tree = tmp_path / "kept", tmp_path / "tree"
    kept.mkdir()
    (kept / "file").touch()
    (tree / "inner").mkdir(parents=True)
    (tree / "inner" / "file").touch(0o444)
    (tree / "link").symlink_to(kept)
    (tree / "inner").chmod(0o555)
    tree.chmod(0o555)
    remove_tree(tree)
    remove_tree(tree)
    assert not tree.exists()
    (tmp_path / "link").symlink_to(kept)
    remove_tree(tmp_path / "link")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (kept / "file").exists()


def test_a_write_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mark"
    write_durably(path, b"old")

    def refuse(_: int) -> None:
        raise OSError("no fsync today")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="no fsync"):
        write_durably(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_takes_no_others_place(tmp_path: Path) -> None:
    with opened(tmp_path) as top:
        write_new("file", b"1", 0o444, top)
        with pytest.raises(FileExistsError):
            write_new("file", b"2", 0o444, top)
    assert (tmp_path / "file").read_bytes() == b"1"
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o444


def test_a_secret_is_written_over_one_of_its_length_alone(tmp_path: Path) -> None:
    path, other = tmp_path / "secret", tmp_path / "other"
    write_over(path, b"first")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    there = path.stat().st_ino
    write_over(path, b"other")
    assert (path.read_bytes(), path.stat().st_ino) == (b"other", there)
    write_over(path, b"longer")
    assert path.read_bytes() == b"longer"
    other.write_bytes(b"theirs")
    path.unlink()
    path.symlink_to(other)
    write_over(path, b"secret")
    assert (other.read_bytes(), path.is_symlink()) == (b"theirs", False)
