"""What was noted so far, and which paths are worth a note."""

from __future__ import annotations

import errno
import os
import sys
import time
from dataclasses import dataclass, field
from functools import cache

__all__ = ["Notes", "Surroundings", "absolute", "real_folder"]

_OF_THE_KERNEL = ("/proc/", "/sys/", "/dev/")
"""What the machine tells of itself at this moment: no file that could be the same again."""

_COMPILED = "NUMBA_CACHE_DIR"
"""Names the folder of what numba has compiled, which is of one environment alone."""


@dataclass(slots=True)
class Notes:
    """Sets of absolute paths, as `park.model.memo.trace.Trace` has them, and what was written.

    ``heard`` counts what `Listener.is_heard` sends; ``asked_the_machine``: ``uname`` was run.
    ``why_this_lock`` and ``why_never`` keep their first reason.
    """

    read: set[str] = field(default_factory=set)
    listed: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    spread: set[str] = field(default_factory=set)
    libraries: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    metadata: bool = False
    since_ns: int = field(default_factory=time.time_ns)
    heard: int = 0
    asked_the_machine: bool = False
    why_this_lock: str | None = None
    why_never: str | None = None

    def only_this_lock(self, reason: str) -> None:
        """Note why the lock hash has to decide."""
        self.why_this_lock = self.why_this_lock or reason

    def never(self, reason: str) -> None:
        """Note why this run is good for no other call."""
        self.why_never = self.why_never or reason


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where this process may read without a note, and write without harm; folders end with ``/``.

    ``ignored``: the job's own folder, the machinery, compiled code that is made again where it is
    gone; ``private``: folders for temporary files, and the user's caches.
    """

    environment: str
    ignored: tuple[str, ...]
    private: tuple[str, ...]

    @classmethod
    def here(cls) -> Surroundings:
        """Return those of this process."""
        machinery = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120 (see `JobFolder`)
        library = os.environ.get("PARK_RUNTIME")
        temporary = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 (where it is, nothing is made)
        ignored = [machinery, library, os.environ.get(_COMPILED)]
        return cls(
            environment=f"{sys.prefix}/",
            ignored=_folders(ignored) + _OF_THE_KERNEL,
            private=_folders([temporary, _caches()]),
        )

    def of_job(self, folder: str) -> Surroundings:
        """Return these for the process of the job in ``folder``."""
        above, _, name = folder.rpartition("/")
        own = {f"{folder}/", f"{real_folder(above)}/{name}/"}
        return Surroundings(
            environment=self.environment,
            ignored=(*own, *self.ignored),
            private=self.private,
        )

    def is_ignored(self, path: str) -> bool:
        """Tell whether reading ``path`` says nothing: it is in the key, or the interpreter's."""
        return f"{path}/".startswith(self.ignored) or _is_of_interpreter(path)

    def is_private(self, path: str) -> bool:
        """Tell whether what is written to ``path`` is nobody else's."""
        return f"{path}/".startswith((*self.ignored, *self.private))


@cache
def real_folder(path: str) -> str:
    """Return where links lead; of the folder of all jobs this is asked once, before any fork."""
    return os.path.realpath(path)


def _caches() -> str | None:
    """Return the user's cache folder: whatever is there may go at any time (XDG)."""
    home = os.environ.get("HOME")
    return os.environ.get("XDG_CACHE_HOME") or (f"{home}/.cache" if home else None)


def _folders(paths: list[str | None]) -> tuple[str, ...]:
    """Return ``paths`` and what they are where links lead, each with a ``/`` behind."""
    given = [path for path in paths if path]
    both = {*given, *map(os.path.realpath, given)}
    return tuple(sorted(f"{path.rstrip('/')}/" for path in both))


_STANDARD_LIBRARY = f"{os.path.dirname(os.__file__)}/"  # noqa: PTH120
_LIBRARY_ROOT = _STANDARD_LIBRARY.rstrip("/").rpartition("/")[0]
_ZIP = f"{_LIBRARY_ROOT}/python{sys.version_info[0]}{sys.version_info[1]}.zip/"
_PACKAGES = (f"{_STANDARD_LIBRARY}site-packages/", f"{_STANDARD_LIBRARY}dist-packages/")


def _is_of_interpreter(path: str) -> bool:
    """Tell what is of the standard library: the interpreter stands for all of that."""
    if path.startswith(_STANDARD_LIBRARY):
        return not path.startswith(_PACKAGES)
    return f"{path}/".startswith(_ZIP)


def _require_told_folder() -> None:
    """Raise `OSError` where the path of the current folder is longer than the kernel tells.

    The C library would look for it in all folders above, at each call: a job that makes 3,000
    folders in folders had ten million calls of the system.
    """
    try:
        os.readlink("/proc/self/cwd")  # noqa: PTH115
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise


def absolute(path: object) -> str | None:
    """Return the absolute form of what was opened; None for a descriptor.

    Raises `OSError` in a folder so deep that nobody can say where it is.
    """
    if isinstance(path, int):
        return None
    text = os.fsdecode(os.fspath(path))  # type: ignore[call-overload]
    if text.startswith("/") and "/." not in text and "//" not in text:
        return text
    if not text.startswith("/"):
        _require_told_folder()
    return os.path.abspath(text)  # noqa: PTH100
