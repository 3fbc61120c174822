import stat
from pathlib import Path

import pytest

from park.atomic import appearing, write_atomically


def test_a_text_appears_with_its_folder_and_mode(tmp_path: Path) -> None:
    path = tmp_path / "a" / "token"
    write_atomically(path, "geheim ü\n", mode=0o600)
    assert path.read_text(encoding="utf-8") == "geheim ü\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_atomically(path, "one")
    write_atomically(path, "two")
    assert path.read_text() == "two"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_keeps_the_old_text_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "\udcff")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_written_beside_becomes_the_file_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "file"
    with appearing(target) as beside:
        beside.write_bytes(b"new")
        assert not target.exists()
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


def test_what_is_not_written_to_the_end_goes(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")

    def interrupted() -> None:
        with appearing(target, beside=tmp_path / "b") as beside:
            beside.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
