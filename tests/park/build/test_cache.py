from __future__ import annotations

from pathlib import Path

import pytest

from park.build.cache import user_cache
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
