"""Folders on a node: of workers that live they stay, of those that are gone they go."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from park_server.pilots.worker_folder import PREFIX

if TYPE_CHECKING:
    from pathlib import Path

_WORKER = """
from park_server.pilots.worker_folder import worker_folder
folder = worker_folder()
(folder / "server").mkdir()
print(folder, flush=True)
input()
"""


def _worker(node: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _WORKER],
        env={"TMPDIR": str(node)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_what_a_killed_worker_left_goes_with_the_next_and_that_of_a_living_one_stays(
    tmp_path: Path,
) -> None:
    living, of_living = _worker(tmp_path)
    killed, of_killed = _worker(tmp_path)
    _end(killed)
    following, of_following = _worker(tmp_path)
    assert {str(each) for each in tmp_path.iterdir()} == {of_living, of_following}
    assert of_killed.startswith(f"{tmp_path}/{PREFIX}")
    _end(living)
    _end(following)


def test_a_folder_without_a_lock_or_a_link_is_not_touched(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "alive").touch()
    (tmp_path / f"{PREFIX}link").symlink_to(elsewhere)
    (tmp_path / f"{PREFIX}begins").mkdir()
    worker, _ = _worker(tmp_path)
    assert (elsewhere / "alive").exists()
    assert (tmp_path / f"{PREFIX}begins").is_dir()
    _end(worker)
