from __future__ import annotations

from pathlib import Path

import pytest

from park.build.cache import Cache, user_cache
from park.build.output import last_lines


def test_the_cache_is_where_the_variable_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARK_CACHE_DIR", "/somewhere")
    assert user_cache().root == Path("/somewhere")


@pytest.mark.parametrize("value", [None, ""])
def test_without_it_the_cache_is_in_the_platforms_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str | None
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("PARK_CACHE_DIR", raising=False)
    if value is not None:
        monkeypatch.setenv("PARK_CACHE_DIR", value)
    assert user_cache().root.name == "park"


def test_the_last_lines_that_say_something() -> None:
    assert last_lines("a\n\n b \n\n\nc\n", 2) == " b\nc"
    assert last_lines("") == ""


def test_it_is_marked_for_programs_that_make_backups(tmp_path: Path) -> None:
    cache = Cache(root=tmp_path)
    cache.mark()
    cache.mark()
    # the whole of the line is fixed by https://bford.info/cachedir/
    first = (tmp_path / "CACHEDIR.TAG").read_text().splitlines()[0]
    assert first == "Signature: 8a477f597d28d172789f06886806bc55"


def test_park_writes_to_its_cache_and_to_the_folder_of_its_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "state")
    monkeypatch.setenv("PARK_STATE_DIR", str(tmp_path / "link"))
    own = Cache(root=tmp_path / "cache").own_folders()
    assert own == {str(tmp_path / "cache"), str(tmp_path / "state")}
