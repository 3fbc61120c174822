"""What was set aside stays for its time, and what a removal has left goes at once."""

from __future__ import annotations

import time
from pathlib import Path

from park_server.retention.quarantine import Emptied, empty

SHA = "ab" * 32


def aside(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 100)


def test_only_what_is_old_goes_folders_with_all_below_them(tmp_path: Path) -> None:
    aside(tmp_path, f"{SHA}.0a", f"9f/{SHA}/demo.whl")
    assert empty(tmp_path, time.time() - 60) == Emptied()
    would = empty(tmp_path, time.time() + 60, dry_run=True)
    assert would.items == 2
    assert would.size > 0
    assert len(list(tmp_path.iterdir())) == 2
    assert empty(tmp_path, time.time() + 60) == would
    assert list(tmp_path.iterdir()) == []


def test_what_an_interrupted_removal_left_goes_at_once_and_nothing_else(tmp_path: Path) -> None:
    aside(tmp_path, f"9f/ab/{SHA}/demo.whl", f"8e/{'cd' * 32}/demo.whl", f"{SHA}.0a")
    found = empty(tmp_path, 0.0, is_waste=lambda sha256: sha256 == SHA)
    assert found.items == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["8e", f"{SHA}.0a"]


def test_where_nothing_was_ever_set_aside_nothing_goes(tmp_path: Path) -> None:
    assert empty(tmp_path / "absent", time.time()) == Emptied()
