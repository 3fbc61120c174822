"""Where an agent listens: a socket in a folder that is its user's alone."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from park.errors import NotPermitted

__all__ = ["agent_folder", "claimed", "kept_file", "socket_in"]

_LONGEST = 100
"""Bytes of a path that a socket may have: 108 on Linux, 104 on macOS (``sun_path``)."""

_OTHERS = 0o077


def agent_folder() -> Path:
    """Return the folder of this user's agent; it need not be there.

    It is below ``PARK_STATE_DIR`` where that is said, else in the folder of the login session
    (``XDG_RUNTIME_DIR``), else in that of the user's state.
    """
    named, session = os.environ.get("PARK_STATE_DIR"), os.environ.get("XDG_RUNTIME_DIR")
    if named:
        return _short(Path(named).absolute() / "agent")
    if session and Path(session).is_dir():
        return _short(Path(session).absolute() / "park-agent")
    import platformdirs

    return _short(Path(platformdirs.user_state_dir("park", appauthor=False)) / "agent")


def socket_in(folder: Path) -> Path:
    """Return the socket of the agent of ``folder``."""
    return folder / "socket"


def kept_file(folder: Path) -> Path:
    """Return the file that names the services of which the keyring has a token, and no token."""
    return folder / "kept"


def claimed(folder: Path) -> Path:
    """Return ``folder``, made where it is missing, as this user's alone.

    Raises `NotPermitted` where it is another user's, or no folder: who owns it could listen there.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise NotPermitted(
            f"{folder} is no folder of yours: whoever has it could ask for your tokens there",
            hint="remove it, or name another place with PARK_STATE_DIR",
        )
    if stat.S_IMODE(status.st_mode) & _OTHERS:
        folder.chmod(0o700)
    return folder


def _short(folder: Path) -> Path:
    """Return ``folder``, or a place for it whose socket has a path that is short enough."""
    if len(os.fsencode(socket_in(folder))) <= _LONGEST:
        return folder
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"park-{os.geteuid()}-{digest}"
