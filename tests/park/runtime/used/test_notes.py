from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from park.runtime.used.notes import Notes, Surroundings, absolute

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Surroundings:
    """Give the surroundings of a job in its folder."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "numba"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    return Surroundings.here().of_job(str(tmp_path / "job"))


def test_what_is_read_without_a_note(here: Surroundings, tmp_path: Path) -> None:
    for path in (
        f"{tmp_path}/job/work/data.txt",
        f"{tmp_path}/job",
        f"{tmp_path}/numba/x.nbi",
        "/proc/self/maps",
        os.__file__,
        __import__("park").runtime.__file__,
    ):
        assert here.is_ignored(path), path
    for path in (f"{tmp_path}/jobs/data.txt", f"{tmp_path}/other/x", "/etc/localtime"):
        assert not here.is_ignored(path), path


def test_the_folder_of_a_job_is_its_own_by_both_of_its_names(tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    (tmp_path / "link").symlink_to("jobs")
    here = Surroundings.here().of_job(f"{tmp_path}/link/1")
    assert here.is_ignored(f"{tmp_path}/link/1/call.json")
    assert here.is_ignored(f"{tmp_path}/jobs/1/call.json")
    assert not here.is_ignored(f"{tmp_path}/jobs/2/call.json")


def test_packages_beside_the_standard_library_are_none_of_it(here: Surroundings) -> None:
    assert not here.is_ignored(os.path.join(os.path.dirname(os.__file__), "site-packages", "x.py"))  # noqa: PTH118, PTH120


def test_what_is_written_without_harm(here: Surroundings, tmp_path: Path) -> None:
    for name in ("job/work/x", "tmp/x", "tmp", "home/.cache/x", "numba/x"):
        assert here.is_private(f"{tmp_path}/{name}"), name
    for name in ("home/x", "elsewhere", "tmpx"):
        assert not here.is_private(f"{tmp_path}/{name}"), name


def test_the_first_reason_stays() -> None:
    notes = Notes()
    notes.only_this_lock("first")
    notes.only_this_lock("second")
    notes.never("third")
    assert (notes.why_this_lock, notes.why_never) == ("first", "third")


def test_paths_are_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute("a.txt") == f"{tmp_path}/a.txt"
    assert absolute(b"/a/../b") == "/b"
    assert absolute(tmp_path) == str(tmp_path)
    assert absolute(3) is None
    assert Surroundings.here().environment == f"{sys.prefix}/"


@pytest.mark.skipif(not os.path.exists("/proc/self/cwd"), reason="asks the kernel")  # noqa: PTH110
def test_nobody_looks_for_a_folder_whose_path_the_kernel_does_not_tell(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "getcwd", lambda: str(tmp_path))
    assert absolute("d") == f"{tmp_path}/d"
    for _ in range(17):  # of 250 characters: 4,096 are told
        os.mkdir("d" * 250)  # noqa: PTH102
        os.chdir("d" * 250)
    with pytest.raises(OSError, match="too long"):
        absolute("d")
    assert absolute("/d") == "/d"
