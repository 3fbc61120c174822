"""The files of a job's arguments, in its folder: read-only, and what their digests say.

Where the system lets jobs see the content store read-only (`park.runtime.protect`), each is a
link to what that lends their user. Elsewhere each is the job's own: it shares the bytes (see
`park_server.copying`), or is a copy, so that whatever the job does to it stays with the job.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from park.errors import UnknownItem
from park_server import untrusted
from park_server.content import ContentStore
from park_server.copying import copied, reflinked
from park_server.untrusted import Making

__all__ = ["InputFiles", "files_in", "is_protected"]

_INPUTS = "inputs"

_TRIAL = """
import sys
from park.runtime.protect import protect
sys.exit(not protect(sys.argv[1:]))
"""

_TRIAL_LIMIT_S = 30.0


class InputFiles:
    """Puts files of ``content`` into the folders of jobs.

    ``protects`` tells whether jobs cannot write to the store; it is asked once.
    """

    def __init__(self, content: ContentStore, protects: Callable[[], bool] | None = None) -> None:
        self._content = content
        self._protects = protects or partial(is_protected, content.folder)
        self._are_links: bool | None = None

    def put(
        self, inside: int, call: Any, user: str = "", owner: tuple[int, int] | None = None
    ) -> None:
        """Put the files that the encoded ``call`` names into the open folder of a job of ``user``.

        ``owner``: user and group id of his files, None: the service's own. Raises `UnknownItem`
        where one is not here, or not whole, or has no name for a file.
        """
        untrusted.remove(_INPUTS, inside)  # an earlier attempt may have left anything there
        for sha256, name in dict.fromkeys(files_in(call)):
            self._put(inside, sha256, name, user, owner)

    def _put(
        self, inside: int, sha256: str, name: str, user: str, owner: tuple[int, int] | None
    ) -> None:
        _check_name(name)
        try:
            source = self._content.path_of(sha256)
        except UnknownItem as error:
            raise UnknownItem(f"its input {name!r}: {error.message}", hint=error.hint) from error
        lent = self._content.lend(sha256, user, owner) if self._links() else None
        with untrusted.below(inside, [_INPUTS, sha256], make=Making(owner=owner)) as folder:
            if lent is not None:
                os.symlink(lent, name, dir_fd=folder)
            else:
                _copy(source, name, folder, owner)

    def _links(self) -> bool:
        if self._are_links is None:
            self._are_links = self._protects()
        return self._are_links


def files_in(value: Any) -> Iterator[tuple[str, str]]:
    """Yield (sha256, name) of each file among the encoded arguments."""
    if isinstance(value, dict):
        if value.get("$park") == "file":
            yield str(value.get("sha256", "")), str(value.get("name", ""))
        else:
            for item in value.values():
                yield from files_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from files_in(item)


def is_protected(folder: Path) -> bool:
    """Tell whether jobs can be kept from writing to ``folder``: a process of its own tries."""
    command = [sys.executable, "-P", "-c", _TRIAL, str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_TRIAL_LIMIT_S, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def _check_name(name: str) -> None:
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        raise UnknownItem(f"not the name of a file: {name!r}") from None
    if "/" in name or name in {"", ".", ".."} or "\0" in name:
        raise UnknownItem(f"not the name of a file: {name!r}")


def _copy(source: Path, name: str, folder: int, owner: tuple[int, int] | None) -> None:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with source.open("rb") as file:
        target = os.open(name, flags, 0o400, dir_fd=folder)
        try:
            if reflinked(file.fileno(), target) is None:
                copied(file.fileno(), target, os.fstat(file.fileno()).st_size)
            if owner is not None:
                os.fchown(target, *owner)
        finally:
            os.close(target)
