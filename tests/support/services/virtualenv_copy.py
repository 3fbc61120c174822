"""A virtualenv as an installer leaves it, copied instead of installed anew.

What wheels brought is linked, as uv links it from its cache; what says where the virtualenv is,
is written anew: its scripts, and what RECORD says of them.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from base64 import urlsafe_b64encode
from contextlib import suppress
from pathlib import Path

__all__ = ["copy_virtualenv"]

_SCRIPT = re.compile(r"^\.\./\.\./\.\./bin/(?P<name>[^,/]+),.*$", re.MULTILINE)


def copy_virtualenv(source: Path, folder: Path) -> None:
    """Make ``folder`` the virtualenv that ``source`` is."""
    folder.mkdir(parents=True)
    for entry in source.iterdir():
        if entry.name == "bin":
            _copy_scripts(entry, folder / "bin")
        elif entry.is_dir() and not entry.is_symlink():
            shutil.copytree(entry, folder / entry.name, symlinks=True, copy_function=_link)
        else:
            shutil.copy2(entry, folder / entry.name, follow_symlinks=False)
    for record in folder.glob("lib/*/site-packages/*.dist-info/RECORD"):
        text = record.read_text()
        record.unlink()  # that of the source is another name of it
        record.write_text(_SCRIPT.sub(lambda row: _row(folder / "bin", row["name"]), text))


def _copy_scripts(source: Path, folder: Path) -> None:
    folder.mkdir()
    before, after = os.fsencode(source.parent), os.fsencode(folder.parent)
    for entry in source.iterdir():
        copy = folder / entry.name
        shutil.copy2(entry, copy, follow_symlinks=False)
        if not copy.is_symlink():
            copy.write_bytes(copy.read_bytes().replace(before, after))


def _link(source: str, copy: str) -> None:
    if not source.endswith(".pth"):  # which a test may edit in its place
        with suppress(OSError):  # on another file system
            os.link(source, copy, follow_symlinks=False)
            return
    shutil.copy2(source, copy, follow_symlinks=False)


def _row(scripts: Path, name: str) -> str:
    content = (scripts / name).read_bytes()
    digest = urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    return f"../../../bin/{name},sha256={digest},{len(content)}"
