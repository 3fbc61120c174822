"""Which files are one release, and what is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from park.errors import UsageError
from park.publish.release_files import is_file_of_release, release_of


def test_a_release_is_a_version_of_a_project_in_all_its_files() -> None:
    found = release_of([Path("My_Model-1.4.tar.gz"), Path("my_model-1.4-py3-none-any.whl")])
    assert (found.name, str(found.version), str(found)) == ("my-model", "1.4", "my-model 1.4")
    assert len(found.files) == 2


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a-1.tar.gz", "a-2.tar.gz"], "found a 1, a 2"),
        (["a-1.tar.gz", "b-1-py3-none-any.whl"], "found a 1, b 1"),
        ([], "found no file"),
        (["a-1+t0123.tar.gz"], "a local version"),
        (["notes.txt"], "notes.txt is no file of a release"),
        (["a-1-none.whl"], "is no file of a release"),
    ],
)
def test_what_is_not_one_release_is_refused_with_what_it_is(names: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        release_of(map(Path, names))
    assert caught.value.hint


def test_files_of_a_release_are_told_from_modules_and_trees(tmp_path: Path) -> None:
    wheel = tmp_path / "a-1-py3-none-any.whl"
    assert not is_file_of_release(str(wheel))
    wheel.write_bytes(b"")
    assert is_file_of_release(str(wheel))
    assert not is_file_of_release(str(tmp_path))
