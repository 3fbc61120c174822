"""Evidence: any write, and anything that comes or goes, is seen."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from park.build.known.evidence import Evidence, evidence_of, holds

LATER_NS = 60_000_000_000


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    for name in ("a.py", "folder/b.py"):
        (tmp_path / name).write_text("VALUE = 1\n")
        os.utime(tmp_path / name, (1_700_000_000, 1_700_000_000))
    (tmp_path / "link.py").symlink_to(tmp_path / "folder" / "b.py")
    return tmp_path


def evidence(files: Path) -> Evidence:
    names = ("a.py", "folder", "link.py", "absent.py")
    paths = [str(files / name) for name in names]
    found = evidence_of(paths, started_ns=time.time_ns() + LATER_NS)
    assert found is not None
    return found


def _same_size_and_time(file: Path) -> None:
    file.write_text("VALUE = 2\n")
    os.utime(file, (1_700_000_000, 1_700_000_000))


def _replaced(file: Path) -> None:
    other = file.with_name("other")
    other.write_text("VALUE = 3\n")
    os.utime(other, (1_700_000_000, 1_700_000_000))
    other.replace(file)


CHANGES: dict[str, Callable[[Path], object]] = {
    "a line more": lambda files: (files / "a.py").write_text("VALUE = 1\nMORE = 2\n"),
    "the same size and time": lambda files: _same_size_and_time(files / "a.py"),
    "another file in its place": lambda files: _replaced(files / "a.py"),
    "gone": lambda files: (files / "a.py").unlink(),
    "come": lambda files: (files / "absent.py").write_text(""),
    "in a folder": lambda files: (files / "folder" / "c.py").write_text(""),
    "behind a link": lambda files: (files / "folder" / "b.py").write_text("VALUE = 22\n"),
}


def test_it_holds_while_nothing_is_written(files: Path) -> None:
    known = evidence(files)
    assert holds(known)
    assert holds(known)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_is_seen(files: Path, change: Callable[[Path], object]) -> None:
    known = evidence(files)
    change(files)
    assert not holds(known)


def test_what_was_written_just_now_is_no_evidence(files: Path) -> None:
    started = time.time_ns()
    assert evidence_of([str(files / "a.py")], started_ns=started) is None
    assert evidence_of([str(files / "absent.py")], started_ns=started) is not None
