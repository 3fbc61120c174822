"""By what a file is known again."""

from __future__ import annotations

import os
from pathlib import Path

from park.build.tree.tree_file import signature_of


def test_who_writes_or_swaps_a_file_changes_its_signature(tmp_path: Path) -> None:
    file, other = tmp_path / "film.py", tmp_path / "other.py"
    file.write_text("one")
    first = signature_of(file.stat())
    assert signature_of(file.stat()) == first
    file.write_text("longer")
    longer = signature_of(file.stat())
    assert longer[0] == len("longer") != first[0]
    other.write_text("longer")
    times = file.stat()
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    other.replace(file)  # as long, and as old, and another file
    swapped = signature_of(file.stat())
    assert swapped[:2] == longer[:2]
    assert swapped != longer


def test_a_time_that_is_set_back_does_not_hide_a_change(tmp_path: Path) -> None:
    file = tmp_path / "film.py"
    file.write_text("one")
    before = file.stat()
    file.write_text("two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_mtime_ns == before.st_mtime_ns
    assert signature_of(file.stat()) != signature_of(before)
