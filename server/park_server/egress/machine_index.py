"""Which index this machine is set to use, by what its operator told uv or pip before.

pip itself takes 0.3 s to say it, so its files are read here, as its documentation has them
(<https://pip.pypa.io/en/stable/topics/configuration/>); those of Linux, where services run.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from configparser import Error, RawConfigParser
from pathlib import Path

__all__ = ["machine_index"]

_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
_SECTION, _KEY = "global", "index-url"


def machine_index(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the index that this machine's own uv or pip is set to use, or None.

    An operator behind a mirror has said so once already; the service does not make them
    say it again.
    """
    for variable in _VARIABLES:
        if url := environ.get(variable):
            return url
    found = None
    try:
        for path in _files(environ):
            found = _index_in(path) or found  # the later file wins
    except (Error, UnicodeError):
        return None  # pip says nothing, either
    return found


def _index_in(path: Path) -> str | None:
    parser = RawConfigParser()
    parser.read(path)  # what is not there, or is not to be read, says nothing
    if not parser.has_section(_SECTION):
        return None
    for name, value in parser[_SECTION].items():
        if name.lower().replace("_", "-").removeprefix("--") == _KEY:
            return value
    return None


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield pip's files of settings, those that win last: machine, user, virtualenv, named."""
    named = environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return
    for folder in (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep):
        yield Path(folder, "pip", "pip.conf")
    yield Path("/etc/pip.conf")
    if not (named and Path(named).exists()):
        yield Path("~/.pip/pip.conf").expanduser()
        yield Path(environ.get("XDG_CONFIG_HOME") or Path("~/.config").expanduser(), "pip/pip.conf")
    yield Path(sys.prefix, "pip.conf")
    if named:
        yield Path(named)
