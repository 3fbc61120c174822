"""The files of an installed environment, as who runs in it finds them; RECORD read as rows."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import park.runtime
from park.runtime.view import enter_command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Installed", "installed_files", "record_rows"]

_LOOK = """
import hashlib, json, os, sys
TO_READ = {"RECORD", "entry_points.txt"}
seen = {}
for folder, folders, names in os.walk(sys.prefix):
    folders[:] = [name for name in folders if name != "__pycache__"]
    for name in folders + names:
        path = os.path.join(folder, name)
        if os.path.islink(path):
            found = ["link", 0, os.readlink(path)]
        elif os.path.isdir(path):
            found = ["folder", 0, ""]
        else:
            with open(path, "rb") as file:
                content = file.read().replace(os.fsencode(sys.prefix), b"PREFIX")
            readable = name in TO_READ or os.path.basename(folder) == "bin"
            shown = content.decode("latin-1") if readable else hashlib.sha256(content).hexdigest()
            found = ["file", os.stat(path).st_mode & 0o777, shown]
        seen[os.path.relpath(path, sys.prefix)] = found
json.dump(seen, sys.stdout)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Installed:
    """One path: its ``kind`` (file, folder or link), permission bits, and content.

    That is a link's target, the text of scripts and metadata, or else a digest. The place of
    the environment is written as ``PREFIX`` in it.
    """

    kind: str
    mode: int
    content: str


def installed_files(environment: Path, python: Path) -> dict[str, Installed]:
    """Return all below ``environment`` but bytecode, as ``python`` of it sees that in its view."""
    program = f"{park.runtime.__path__[0]}/__main__.py"
    enter = enter_command(sys.executable, program, os.fspath(environment), [], strict=True)
    done = subprocess.run(
        [*enter, python, "-I", "-c", _LOOK], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout).items()
    return {path: Installed(kind=kind, mode=mode, content=c) for path, (kind, mode, c) in rows}


def record_rows(
    files: Mapping[str, Installed], record: str, *, leave_out: Callable[[str], bool]
) -> dict[str, tuple[str, str]]:
    """Return digest and size of each path in the file ``record``, relative to the prefix."""
    site = os.path.dirname(os.path.dirname(record))  # noqa: PTH120 (names in a dict)
    rows = csv.reader(files[record].content.splitlines())
    found = {os.path.normpath(f"{site}/{row[0]}"): (row[1], row[2]) for row in rows}
    return {path: row for path, row in found.items() if not leave_out(path)}
