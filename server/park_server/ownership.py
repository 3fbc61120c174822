"""Folders and secrets that must be one user's alone, as OpenSSH sees to those in ``~/.ssh``.

Who could write to a home before its service did may have put a token there that he knows.
"""

from __future__ import annotations

import logging
import os
import pwd
import stat
from pathlib import Path

from park.errors import NotPermitted, UsageError

__all__ = ["claim_folder", "read_secret"]

_log = logging.getLogger("park.home")

_OTHERS = 0o077
_OTHERS_WRITE = 0o022
_PASS = 0o011


def claim_folder(folder: Path) -> None:
    """Close ``folder`` to all but this user.

    Raises `NotPermitted` where it, or something right below it, is another user's, or where
    others could have written into it.
    """
    _require_own(folder, folder.stat())
    mode = stat.S_IMODE(folder.stat().st_mode)
    entries = sorted(folder.iterdir())
    if entries and mode & _OTHERS_WRITE:
        raise NotPermitted(
            f"others may write into {folder} (mode {mode:04o}): what is in it may be theirs",
            hint=f"look at what is there, then: chmod 700 {folder}",
        )
    for entry in entries:
        _require_own(entry, entry.lstat())
    if mode & _OTHERS:
        folder.chmod(mode & ~_OTHERS)
    if mode & _OTHERS & ~_PASS:  # accounts of users pass through it, and see nothing there
        _log.warning("closed %s to other users: its mode was %04o", folder, mode)


def read_secret(path: Path) -> str:
    """Return the secret in ``path``, one word, and close the file to all but this user.

    Raises `NotPermitted` where the file is another user's or no file, and `UsageError` where
    it does not hold one word.
    """
    status = path.lstat()
    _require_own(path, status)
    if not stat.S_ISREG(status.st_mode):
        raise NotPermitted(
            f"{path} is no file: a secret must be here, and not somewhere else",
            hint="remove it; the next start makes a new one, which its users need then",
        )
    mode = stat.S_IMODE(status.st_mode)
    if mode & _OTHERS:
        path.chmod(0o600)
        _log.warning(
            "closed %s to other users: its mode was %04o. Who has read it still has it;"
            " delete it while the service is down, and the next start makes a new one",
            path,
            mode,
        )
    words = path.read_text(encoding="ascii", errors="replace").split()
    if len(words) != 1 or not words[0].isascii():
        found = "is empty" if not words else f"has {len(words)} words, or more than ASCII"
        raise UsageError(
            f"{path} {found}; expected one token",
            hint="remove it; the next start makes a new one, which its users need then",
        )
    return words[0]


def _require_own(path: Path, status: os.stat_result) -> None:
    if status.st_uid != os.geteuid():
        raise NotPermitted(
            f"{path} belongs to {_name_of(status.st_uid)}, and this service runs as"
            f" {_name_of(os.geteuid())}",
            hint="choose another folder with --home, or serve as its owner",
        )


def _name_of(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
