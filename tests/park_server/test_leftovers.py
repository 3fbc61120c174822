"""`park_server.leftovers`: what nobody uses goes, what anything still uses stays."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from support.faults.deep_folders import deep_folders

from park_server.jobs.engines.runtime_copy import copy_runtime
from park_server.leftovers import UNUSED_FOR_S, in_use, sweep_compiled, sweep_unused

if TYPE_CHECKING:
    from pathlib import Path

WAIT = "import sys; print('up', flush=True); sys.stdin.read()"


def old(folder: Path) -> Path:
    """Make a folder, with something read-only in it, that was last used long ago."""
    (folder / "lib").mkdir(parents=True)
    (folder / "lib").chmod(0o555)
    before = time.time() - UNUSED_FOR_S - 60
    os.utime(folder, (before, before))
    return folder


def test_what_is_old_goes(tmp_path: Path) -> None:
    old(tmp_path / "a")
    old(tmp_path / ".unfinished-b")
    (tmp_path / "young").mkdir()

    assert sweep_unused(tmp_path) == [".unfinished-b", "a"]

    assert sorted(path.name for path in tmp_path.iterdir()) == ["young"]


def test_code_that_no_job_has_looked_at_for_long_goes_of_each_user(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").touch()
    numba = tmp_path / "numba"
    for user in ("ada", "bob"):
        old(numba / user / "refl1d_0123").joinpath("lib").chmod(0o755)
    (numba / "ada" / "bumps_4567").mkdir()
    (numba / "ada" / "link").symlink_to(elsewhere)
    os.utime(numba / "ada" / "link", (0, 0), follow_symlinks=False)
    (numba / "file").touch()

    list(sweep_compiled(numba))

    assert sorted(path.name for path in (numba / "ada").iterdir()) == ["bumps_4567"]
    assert sorted(path.name for path in numba.iterdir()) == ["ada", "file"]
    assert (elsewhere / "file").exists()


def test_what_users_leave_in_place_of_code_keeps_no_service_from_starting(tmp_path: Path) -> None:
    """A pipe that nobody writes to, folders a thousand deep, and folders that are closed."""
    numba = tmp_path / "numba"
    (numba / "ada").mkdir(parents=True)
    os.mkfifo(numba / "ada" / "pipe")
    deep_folders(old(numba / "ada" / "deep"), 1_500)
    old(numba / "ada" / "closed").chmod(0)
    (numba / "bob").mkdir()
    (numba / "bob").chmod(0)
    for left in (numba / "ada").iterdir():
        os.utime(left, (0, 0))

    list(sweep_compiled(numba))

    assert not (numba / "ada").exists()


def test_a_folder_that_is_not_there_has_nothing_to_sweep(tmp_path: Path) -> None:
    assert sweep_unused(tmp_path / "absent") == []


@pytest.mark.skipif(sys.platform != "linux", reason="processes are read from /proc")
@pytest.mark.parametrize("place", ["arguments", "environment"])
def test_what_a_process_uses_stays_until_it_ends(tmp_path: Path, place: str) -> None:
    used = old(tmp_path / "copies" / "used")
    old(tmp_path / "copies" / "unused")
    arguments = [str(used / "lib" / "main.py")] if place == "arguments" else []
    variables = {"PARK_RUNTIME": str(used / "lib")} if place == "environment" else {}
    with subprocess.Popen(
        [sys.executable, "-c", WAIT, *arguments],
        env=os.environ | variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        assert in_use(tmp_path / "copies") == frozenset({"used"})
        assert sweep_unused(tmp_path / "copies") == ["unused"]
        process.communicate()
    assert sweep_unused(tmp_path / "copies") == ["used"]


def test_where_processes_cannot_be_seen_nothing_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("park_server.leftovers._PROCESSES", tmp_path / "none")
    old(tmp_path / "copies" / "a")

    assert sweep_unused(tmp_path / "copies") == []


def test_the_copy_that_a_service_starts_with_is_in_use_from_then_on(tmp_path: Path) -> None:
    copy = copy_runtime(tmp_path)
    os.utime(copy.folder, (0, 0))

    assert copy_runtime(tmp_path) == copy

    assert sweep_unused(tmp_path) == []
