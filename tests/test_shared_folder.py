"""What one worker of a run has made, the others find."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.session.shared_folder import made_once, shared_folder

if TYPE_CHECKING:
    from pathlib import Path


def test_it_is_made_once_and_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARK_TEST_SHARED", str(tmp_path))
    shared_folder.cache_clear()
    calls: list[Path] = []

    def broken(folder: Path) -> None:
        folder.mkdir()
        (folder / "half").touch()
        raise OSError("no room")

    def make(folder: Path) -> None:
        calls.append(folder)
        folder.mkdir()

    try:
        with pytest.raises(OSError, match="no room"):
            made_once("thing", broken)
        found = [made_once("thing", make) for _ in range(3)]
    finally:
        shared_folder.cache_clear()
    assert calls == [tmp_path / "thing"]
    assert set(found) == set(calls)
    assert list((tmp_path / "thing").iterdir()) == []
