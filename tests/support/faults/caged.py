"""Code in a process of its own that goes into a cage: as root, or as an ordinary user."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["USERS", "ran_in_cage", "started_in_cage"]

USERS = ("root", "ordinary")
"""Who tries: whoever runs the tests, and an ordinary user, which they may be already."""

_BEGINNING = """
import ctypes, io, json, os, signal, socket, stat, subprocess, sys
from park.runtime import protect
from park.runtime.cage import covers, kernel, landlock, own_folder, privileges, way_in

who, home = sys.argv[1:]
kernel.libc()
if who == "ordinary" and os.geteuid() == 0:
    privileges.become(65534, 65534)


def tell(**found):
    print(json.dumps(found), flush=True)


def in_child(action):
    child = os.fork()
    if child == 0:
        try:
            action()
        except OSError as error:
            tell(error=error.strerror)
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def tried(action, *arguments):
    try:
        action(*arguments)
    except OSError as error:
        return error.strerror
    return "done"

"""


def ran_in_cage(who: str, home: Path, code: str) -> list[dict[str, Any]]:
    """Return what ``code`` tells (a dictionary for each ``tell``) as ``who`` of `USERS`.

    It has the modules of `park.runtime.cage`, ``home``, ``in_child(action)`` and
    ``tried(action, …)``, which gives what the system says.
    """
    done = subprocess.run(
        [sys.executable, "-c", _BEGINNING + code, who, str(home)],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@contextmanager
def started_in_cage(
    who: str, home: Path, code: str
) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Start ``code`` as `ran_in_cage` does; give the process, and what it told first."""
    command = [sys.executable, "-c", _BEGINNING + code, who, str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd="/") as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()
