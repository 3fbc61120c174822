"""Starts that come to no service: refused by a disk, short of a package, or told to stop."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from pathlib import Path

WHILE_JOBS_ARE_TAKEN_UP = """
import errno, os, signal, sys
from park_server.installs import unreadable_installs
def instead(connection):
    {what}
unreadable_installs.set_aside = instead
from park.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
WITHOUT = """
import sys
sys.modules[{name!r}] = None
from park.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def started(home: Path, program: str) -> tuple[int, list[str]]:
    """Return how a start by ``program`` ends, and what it says but for its stages."""
    serve = ("serve", "--home", str(home), "--port", "0", "--upstream", "none")
    done = subprocess.run(
        [sys.executable, "-c", program, *serve],
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    lines = done.stderr.splitlines()
    return done.returncode, [line for line in lines if not line.startswith("park serve: ")]


def test_what_a_disk_refuses_is_told_in_a_line_with_what_to_do(tmp_path: Path) -> None:
    full = 'raise OSError(errno.ENOSPC, "No space left on device", "/srv/park")'
    status, said = started(tmp_path / "home", WHILE_JOBS_ARE_TAKEN_UP.format(what=full))
    assert status == 5
    assert said[0].startswith("park: error: the service cannot start: ")
    assert "No space left on device" in said[0]
    assert said[1].startswith("hint: its home and its database must be there, with room")
    assert len(said) == 2


def test_a_service_that_is_told_to_stop_while_it_starts_ends_in_order(tmp_path: Path) -> None:
    stop = "os.kill(os.getpid(), signal.SIGTERM)"
    status, said = started(tmp_path / "home", WHILE_JOBS_ARE_TAKEN_UP.format(what=stop))
    assert (status, said) == (0, [])
    assert started(tmp_path / "home", WHILE_JOBS_ARE_TAKEN_UP.format(what=stop)) == (0, [])


@pytest.mark.parametrize("name", ["sqlalchemy", "fastapi", "httptools"])
def test_a_package_that_is_not_there_is_told_at_the_start(tmp_path: Path, name: str) -> None:
    status, said = started(tmp_path / "home", WITHOUT.format(name=name))
    assert status == 5
    assert said[0].startswith("park: error: `park serve` needs ")
    assert said[1:] == ["hint: pip install 'park-dist[server]'"]
