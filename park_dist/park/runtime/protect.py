"""Make folders read-only for this process and all its children, also for root.

File modes do not stop root, nor an owner who changes them (pip does). A private mount
namespace does: the folders are bind-mounted onto themselves and remounted read-only, and
a write there fails with EROFS whoever makes it. The rest of the machine sees no change.
See mount_namespaces(7), user_namespaces(7) and mount(2). Linux only; elsewhere nothing
is done and False is returned.
"""

from __future__ import annotations

import os
import sys

__all__ = [
    "arrange_mounts",
    "bind_read_only",
    "enter_user_namespace",
    "libc",
    "mount",
    "protect",
]

TYPE_CHECKING = False  # `typing` costs milliseconds at the start of each fork server
if TYPE_CHECKING:
    import ctypes
    from collections.abc import Callable

# <sched.h>
_CLONE_NEWNS = 0x00020000
_CLONE_NEWUSER = 0x10000000
# <sys/mount.h>
_MS_RDONLY = 1
_MS_REMOUNT = 32
_MS_BIND = 4096
_MS_REC = 16384
_MS_SLAVE = 1 << 19
# Flags of a mount which a less privileged namespace may not clear; those of statvfs(3)
# have the same values as those of mount(2): nosuid, nodev, noexec, noatime, nodiratime.
_LOCKED_FLAGS = 2 | 4 | 8 | 1024 | 2048
_ST_RELATIME, _MS_RELATIME = 4096, 1 << 21
# <linux/capability.h>
_CAPABILITY_VERSION_3 = 0x20080522


def protect(paths: list[str]) -> bool:
    """Make the folders ``paths`` read-only for this process and what it forks or starts.

    Call it early, while the process has one thread: threads that already run stay outside.
    Root gets a mount namespace; an ordinary user also a user namespace in which the user
    keeps the same ids and has no capabilities. Best effort: returns whether all of
    ``paths`` are protected, and raises nothing. It holds against accidents, not against a
    root who remounts.
    """
    return arrange_mounts(lambda: bind_read_only(paths))


def arrange_mounts(arrange: Callable[[], bool]) -> bool:
    """Call ``arrange``, which mounts, in mounts of this process's own; return what it did.

    See `protect` for whom they hold. An ordinary user's are arranged in a child first, so
    ``arrange`` is called twice there, and where it returns False nothing has changed.
    """
    if sys.platform != "linux":
        return False
    try:
        if os.geteuid() == 0 and _could_enter(_CLONE_NEWNS):
            return arrange()
        # a failure half-way would leave this process without its user id: a child tries first
        return _succeeds_in_child(arrange) and _arrange_as_user(arrange)
    except (OSError, ImportError, AttributeError):
        return False


def mount(
    source: str | None, target: str, flags: int, kind: str | None = None, options: str | None = None
) -> None:
    """Mount (see its manual, section 2); ``kind`` is a file system. Raises `OSError`."""
    import ctypes

    _check(
        libc().mount(
            source.encode() if source else None,
            os.fsencode(target),
            kind.encode() if kind else None,
            ctypes.c_ulong(flags),
            os.fsencode(options) if options else None,
        )
    )


def bind_read_only(paths: list[str]) -> bool:
    """Bind each of ``paths`` onto itself, also behind one that failed; tell whether none did."""
    return sum(_bind_read_only(path) for path in paths) == len(paths)


_libraries: list[ctypes.CDLL] = []
"""The C library of this process, once `libc` was called (`functools` is not loaded that early)."""


def libc() -> ctypes.CDLL:
    """Return the C library, opened and its functions found once, before any fork.

    Each time takes a child 0.2 ms, most of it for seventy pages that it shared until then.
    Raises `ImportError` where this Python has no `ctypes`.
    """
    if not _libraries:
        import ctypes

        library = ctypes.CDLL(None, use_errno=True)
        library.prctl.argtypes = [ctypes.c_int, *([ctypes.c_ulong] * 4)]
        for name in _FUNCTIONS:
            getattr(library, name)
        _libraries.append(library)
    return _libraries[0]


_FUNCTIONS = ("capset", "mount", "syscall", "unshare")


def _check(result: int) -> None:
    import ctypes

    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _enter_namespace(flags: int) -> None:
    """Leave the machine's mounts: theirs still arrive here (an automounted home), ours stay."""
    _check(libc().unshare(flags))
    mount(None, "/", _MS_SLAVE | _MS_REC)


def _could_enter(flags: int) -> bool:
    """Enter namespaces; False where this root may not: one of a container, say."""
    try:
        _enter_namespace(flags)
    except OSError:
        return False
    return True


def _bind_read_only(path: str) -> bool:
    """Return whether ``path`` could be bound onto itself, read-only."""
    try:
        mount(path, path, _MS_BIND | _MS_REC)
        now = os.statvfs(path).f_flag
        kept = now & _LOCKED_FLAGS | (_MS_RELATIME if now & _ST_RELATIME else 0)
        mount(None, path, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | kept)
    except OSError:
        return False
    return True


def _arrange_as_user(arrange: Callable[[], bool]) -> bool:
    """Arrange in a user namespace where user and group keep their ids."""
    user, group = os.geteuid(), os.getegid()
    enter_user_namespace(user, group)
    done = arrange()
    _drop_capabilities()
    return done


def enter_user_namespace(user: int, group: int) -> None:
    """Get mounts of this process's own, and the right to make some; raises `OSError`."""
    _check(libc().unshare(_CLONE_NEWUSER | _CLONE_NEWNS))
    for name, text in (
        ("setgroups", "deny"),  # user_namespaces(7): before gid_map, without privilege
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)
    mount(None, "/", _MS_SLAVE | _MS_REC)


def _drop_capabilities() -> None:
    """Give up what the user namespace gave: with it, modes would not bind the user's jobs."""
    import ctypes

    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _check(libc().capset(header, nothing))


def _succeeds_in_child(arrange: Callable[[], bool]) -> bool:
    child = os.fork()
    if child == 0:
        try:
            done = _arrange_as_user(arrange)
        except BaseException:  # noqa: BLE001 (whatever it is, the child must not go on)
            done = False
        os._exit(0 if done else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
