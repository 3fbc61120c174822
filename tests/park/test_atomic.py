import stat
from pathlib import Path

import pytest

from park.atomic import write_atomically


def test_a_text_appears_with_its_folder_and_mode(tmp_path: Path) -> None:
    path = tmp_path / "a" / "token"
    write_atomically(path, "geheim ü\n", mode=0o600, durable=True)
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
