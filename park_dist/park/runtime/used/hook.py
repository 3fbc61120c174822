"""The audit hook (PEP 578): what Python code opens, lists, loads, starts and writes.

It never raises, and cannot be removed. What runs unheard (C code that opens files, stat(2)) the
service accounts for by rule; whoever undoes the hook is found by `is_heard`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .notes import Notes, Surroundings, absolute

__all__ = ["Listener"]

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_ANEW = os.O_TRUNC | os.O_EXCL

_IMPORTS = "<frozen importlib._bootstrap_external>"
"""Who lists each folder of modules, to look for single names there: those are noted as such."""

_METADATA = ("importlib.metadata", "importlib_metadata")

_C_LIBRARY = frozenset({"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1"})
"""What each process has anyway; the maps of the process name the file."""

_UNHEARD = frozenset(
    "open open64 openat openat64 creat creat64 fopen fopen64 freopen freopen64 opendir scandir"  # noqa: SIM905 (a line for each)
    " scandir64 stat stat64 lstat lstat64 fstatat fstatat64 statx xstat xstat64 lxstat lxstat64"
    " access faccessat euidaccess eaccess glob glob64 ftw ftw64 nftw nftw64 fts_open readlink"
    " readlinkat realpath canonicalize_file_name syscall execl execle execlp execv execve execvp"
    " execvpe execveat fexecve posix_spawn posix_spawnp fork vfork Fork clone system popen dlopen"
    " dlmopen Py_open Py_fopen Py_fopen_obj Py_wfopen Py_stat Py_wstat".split()
)
"""Functions of the C library, and of Python's own, that open files, look for them or start
programs, without the underscores in front: of what they are called with nobody hears."""

_MACHINERY = f"{os.path.dirname(os.path.dirname(os.path.abspath(__file__)))}/"  # noqa: PTH100, PTH120 (see `JobFolder`)

_CANARY = "park.is_heard"

_NOWHERE_ELSE = frozenset({"/proc/self/status", "/proc/self/maps"})
"""What each job's own account opens there: no links, and to follow none takes 0.1 ms."""


class Listener:
    """Hears audit events and puts them into ``notes``, which may be exchanged."""

    def __init__(self, notes: Notes, surroundings: Surroundings) -> None:
        self.notes = notes
        self.surroundings = surroundings
        self._handlers: dict[str, Callable[[tuple[Any, ...]], None]] = {
            "open": self._open,
            "sqlite3.connect": lambda args: self._read(args[0]),
            "os.listdir": self._list,
            "os.scandir": self._list,
            "import": self._import,
            "ctypes.dlopen": self._load,
            "ctypes.dlsym": self._look_up,
            "ctypes.dlsym/handle": self._look_up,
            "cpython._PySys_ClearAuditHooks": lambda _: self._lock("it removed the audit hooks"),
            # hooks are each interpreter's own
            "cpython.PyInterpreterState_New": lambda _: self._lock("it started an interpreter"),
            _CANARY: self._canary,
            **dict.fromkeys(_PROCESSES, self._started),
            "subprocess.Popen": self._started_program,
            **dict.fromkeys(_CHANGES, self._changed),
            **dict.fromkeys(_MOVES, self._moved),
            **dict.fromkeys(_LINKS, self._linked),
            "os.mkdir": self._make_folder,
            "os.truncate": lambda args: self._touch(args[0], -1),
        }
        self._heard = self._handlers

    def install(self) -> None:
        """Hear from now on, in this process and in those that are forked from it."""
        sys.addaudithook(self.hear)

    def rest(self) -> None:
        """Hear nothing until `wake`: what this process does itself is noted nowhere."""
        self._heard = {}

    def wake(self) -> None:
        """Hear again."""
        self._heard = self._handlers

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        """Note what an event says. Called where it happens: who did it is two frames up."""
        handler = self._heard.get(event)
        if handler is not None:
            try:
                handler(args)
            except Exception as error:  # noqa: BLE001 (nothing that a job does may fail by this)
                with suppress(Exception):  # whatever took the place of the notes
                    self._lock(f"what it used could not be noted: {type(error).__name__}")

    def is_heard(self) -> bool:
        """Tell whether events arrive in the notes of now."""
        notes, before = self.notes, self.notes.heard
        sys.audit(_CANARY)
        return notes.heard == before + 1

    def _canary(self, _args: tuple[Any, ...]) -> None:
        self.notes.heard += 1

    def _lock(self, reason: str) -> None:
        self.notes.only_this_lock(reason)

    def _read(self, given: object) -> None:
        path = _reached(given)
        if path is None or path in self.notes.written or self.surroundings.is_ignored(path):
            return
        self.notes.read.add(path)

    def _open(self, args: tuple[Any, ...]) -> None:
        given, mode, flags = args
        if isinstance(given, int):
            return
        if mode is None and _is_cleanup():
            return
        if _is_write(mode, flags):
            self._write(given, anew=_is_anew(mode, flags))
        else:
            self._read_from(given, by_descriptor=mode is None)

    def _read_from(self, given: object, *, by_descriptor: bool) -> None:
        relative = not os.fsdecode(os.fspath(given)).startswith("/")  # type: ignore[call-overload]
        if by_descriptor and relative:  # to which folder's, if to any, the event does not tell
            self._lock(f"it opened {os.fsdecode(given)!r} as if relative to a descriptor")  # type: ignore[arg-type]
        self._read(given)

    def _write(self, given: object, *, anew: bool) -> None:
        path = absolute(given)
        if path is None:
            return
        if not anew:
            self._read(given)
        elif path not in self.notes.read:
            self.notes.written.add(path)
        if not self.surroundings.is_private(path):
            self.notes.never(f"it wrote {path}, outside of its own folder")

    def _list(self, args: tuple[Any, ...]) -> None:
        caller = sys._getframe(2)  # noqa: SLF001 (behind this and the hook: who lists)
        if caller.f_code.co_filename == _IMPORTS:
            return
        if caller.f_globals.get("__name__") in _METADATA:
            self.notes.metadata = True
            return
        given = args[0]
        path = _of_descriptor(given) if isinstance(given, int) else _reached(given or ".")
        if path is None or path in self.notes.written or self.surroundings.is_ignored(path):
            return
        self.notes.listed.add(path)

    def _make_folder(self, args: tuple[Any, ...]) -> None:
        """Note a folder that is new: what is listed there is the job's own."""
        path = absolute(args[0])
        if path is not None and args[-1] == _NO_FOLDER and not os.path.lexists(path):
            self.notes.written.add(path)

    def _import(self, args: tuple[Any, ...]) -> None:
        if args[1] is not None:
            self._read(args[1])

    def _load(self, args: tuple[Any, ...]) -> None:
        name = args[0]
        if name is None or os.fsdecode(name) in _C_LIBRARY:
            return
        path = os.fsdecode(name)
        if path.startswith(self.surroundings.environment):
            self.notes.read.add(path)
        elif not self.surroundings.is_ignored(path):
            self._lock(f"it loaded {path} by ctypes")

    def _look_up(self, args: tuple[Any, ...]) -> None:
        name = args[1]
        if not isinstance(name, (str, bytes)) or os.fsdecode(name).lstrip("_") not in _UNHEARD:
            return
        if not _is_machinery():
            self._lock(f"it had {os.fsdecode(name)} of a C library by ctypes")

    def _started_program(self, args: tuple[Any, ...]) -> None:
        if _asks_the_machine(os.fsdecode(args[0]), self.surroundings.environment):
            self.notes.asked_the_machine = True
        else:
            self._started(args)

    def _started(self, args: tuple[Any, ...]) -> None:
        what = f"another program ({_program(args)})" if args else "another process"
        self._lock(f"it started {what}")

    def _changed(self, args: tuple[Any, ...]) -> None:
        self._touch(args[0], args[-1])

    def _moved(self, args: tuple[Any, ...]) -> None:
        source, target = args[0], args[1]
        self._touch(target, args[-1])
        path, moved = absolute(target), absolute(source)
        if path is not None and moved in self.notes.written:
            self.notes.written.add(path)

    def _linked(self, args: tuple[Any, ...]) -> None:
        """Note what a link leads to: who opens it later opens a file of his own."""
        self._moved(args)
        link = absolute(args[1])
        if link is None or isinstance(args[0], int):
            return
        target = os.path.join(os.path.dirname(link), os.fsdecode(args[0]))  # noqa: PTH118, PTH120
        real = os.path.realpath(target)
        if not os.path.isdir(real):  # noqa: PTH112 (see `JobFolder`)
            self._read(real)
        elif real.startswith(self.surroundings.environment.rstrip("/")):
            self._lock(f"it made a link to the folder {real}")
        elif real not in self.notes.written and not self.surroundings.is_private(real):
            self.notes.never(f"it made a link to the folder {real}")

    def _touch(self, given: object, folder: int) -> None:
        """Note that a file was changed, removed or put in place."""
        if isinstance(given, int):
            return
        base = _of_descriptor(folder) if folder >= 0 else None
        path = absolute(given if base is None else os.path.join(base, os.fsdecode(given)))  # type: ignore[arg-type]  # noqa: PTH118
        if path is not None and not self.surroundings.is_private(path):
            self.notes.never(f"it changed {path}, outside of its own folder")


_NO_FOLDER = -1
"""What an event says in place of a folder's descriptor where a path is relative to none."""

_PROCESSES = (
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "pty.spawn",
)

_CHANGES = ("os.remove", "os.rmdir", "os.chmod", "os.chown", "os.utime")
"""Their last argument is the descriptor of the folder to which their path is relative, or -1."""

_MOVES = ("os.rename",)
_LINKS = ("os.link", "os.symlink")


def _is_write(mode: object, flags: object) -> bool:
    if isinstance(mode, str) and any(letter in mode for letter in "wax+"):
        return True
    return isinstance(flags, int) and bool(flags & _WRITES)


def _is_anew(mode: object, flags: object) -> bool:
    if isinstance(mode, str) and any(letter in mode for letter in "wx"):
        return True
    return isinstance(flags, int) and bool(flags & _ANEW)


def _is_cleanup() -> bool:
    """Tell whether it is `shutil.rmtree` that opens: it removes, whatever is in there.

    By names relative to a folder's descriptor, which the event does not tell.
    """
    return sys._getframe(3).f_globals.get("__name__") == "shutil"  # noqa: SLF001


def _is_machinery() -> bool:
    """Tell whether it is park itself that looks something up by ctypes: to enter a cage, say."""
    frame = sys._getframe(3)  # noqa: SLF001 (behind the handler and the hook)
    while frame.f_globals.get("__name__") == "ctypes" and frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code.co_filename.startswith(_MACHINERY)


def _reached(given: object) -> str | None:
    """Return the absolute form of what was opened, also by way of this process's own links."""
    path = absolute(given)
    if path is None or not path.startswith("/proc/") or path in _NOWHERE_ELSE:
        return path
    return os.path.realpath(path)


def _of_descriptor(descriptor: int) -> str | None:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115
    except OSError:
        return None


def _asks_the_machine(program: str, environment: str) -> bool:
    """Tell whether ``program`` is the system's ``uname``, as `platform` runs it at many an import.

    It opens none of the files that a run can be told by.
    """
    if program.rpartition("/")[2] != "uname":
        return False
    folders = [""] if "/" in program else [f"{it}/" for it in os.get_exec_path()]
    found = next((it + program for it in folders if os.access(it + program, os.X_OK)), environment)
    return not found.startswith(environment)


def _program(args: tuple[Any, ...]) -> str:
    first = args[0]
    return os.fsdecode(first) if isinstance(first, (str, bytes)) else type(first).__name__
