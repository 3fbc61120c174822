"""The view of an environment: real folders in place of links, for this process and its children.

On the disk an environment is a farm of links into the wheel store. Whatever climbs there (``..``,
`os.path.realpath`, ``$ORIGIN`` of an ELF file, ``/proc/self/exe``) lands in the store and finds no
other wheel. So each folder into which wheels go gets an overlay (overlayfs) in front of it, whose
layers are the folders of the wheels as they are in the store, below the environment's own
files. There is no upper layer: it is read-only.
"""

from __future__ import annotations

import os
import sys

from .cage.way_in import arrange_covers, leave_powers
from .protect import arrange_mounts, bind_read_only, mount

TYPE_CHECKING = False  # `typing` costs milliseconds at the start of each fork server
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ANCHORS", "VIEW", "enter", "enter_command", "main"]

ANCHORS = ".w"
"""The folder of an environment that the layers of its view are relative to: short names, since
mount(2) takes one page of options."""

VIEW = "park-view"
"""What is mounted in an environment, in this order, a line for each overlay: a folder there, a tab,
and its layers with ``:`` between, topmost first. One without this file is real already. No JSON:
to import that takes longer than to mount."""

# <sys/mount.h>
_MS_RDONLY = 1
_MS_NOSUID = 2
_MS_NODEV = 4
_MS_REMOUNT = 32
_MS_BIND = 4096
_MNT_DETACH = 2


def enter(environment: str, read_only: list[str], cage: list[str] | None = None) -> str | None:
    """Let this process and its children see ``environment`` as real folders.

    The folders ``read_only`` are protected as well (see `protect`), whether or not the view
    is to be had. Where the one that holds ``environment`` is among them, its place goes on to
    lead to what is there now, also when it is made anew. ``cage`` says what is covered besides
    (see `park.runtime.cage.way_in`); raises `OSError` where it is not. Returns why there is no
    view, or None.
    """
    overlays: list[tuple[str, str]] = []
    failed: list[str] = []
    try:
        overlays = _overlays(environment)
    except (OSError, ValueError) as error:
        failed.append(f"cannot read {VIEW} of {environment}: {error}")
    is_covered = not cage

    def covered() -> bool:
        nonlocal is_covered
        is_covered = is_covered or arrange_covers(cage or [])
        return True

    def arrange() -> bool:
        bind_read_only(read_only)  # as far as it goes: the view does not depend on it
        if os.path.dirname(environment) in read_only:  # noqa: PTH120 (no Path here)
            _pin(environment)
        covered()
        return _mount(overlays, environment, failed)

    is_done = arrange_mounts(arrange)
    if not is_done and overlays:
        arrange_mounts(lambda: bind_read_only(read_only) & covered())
    if not is_covered and any(word.startswith(("hide=", "network=")) for word in cage or []):
        raise OSError("what is not for those who run here could not be covered")
    if failed:
        return failed[-1]
    if is_done or not overlays:
        return None
    return "this machine permits no mount namespace with an overlay"


def main(environment: str) -> None:
    """Enter the view of ``environment``, and become the command in the arguments behind.

    Those are: ``strict``, if there is to be no command without the view, or ``lenient``;
    folders that are to be read-only; words for a cage; ``--``; the command. Started without
    `site` (``-S``), so that whatever runs in the environment, its ``.pth`` files included, runs in
    the view.
    """
    behind = sys.argv[3:]
    end = behind.index("--")
    command = behind[end + 1 :]
    cage = [word for word in behind[1:end] if not word.startswith("/")]
    read_only = [word for word in behind[1:end] if word.startswith("/")]
    try:
        failure = enter(environment, read_only, cage)
    except OSError as error:
        sys.exit(f"{environment} is not entered: {error}")
    if failure is not None:
        print(f"no view of {environment}: {failure}", file=sys.stderr)  # noqa: T201
        if behind[0] == "strict":
            sys.exit(1)
    if cage:
        _stay_by_name()
        leave_powers(cage)
    os.execvp(command[0], command)  # noqa: S606 (no shell is wanted)


def _stay_by_name() -> None:
    """Be in the folder that has the name of the current one: that itself may be under a cover."""
    try:
        os.chdir(os.getcwd())  # noqa: PTH109 (this has to start quickly)
    except FileNotFoundError:  # it is nobody's to see here
        os.chdir("/")


def enter_command(
    python: str,
    program: str,
    environment: str,
    read_only: list[str],
    *,
    strict: bool,
    cage: Sequence[str] = (),
) -> list[str]:
    """Return what, put before a command, lets it run in a view; ``program`` is `__main__`."""
    start = [python, "-I", "-S", "-B", program, "enter", environment]
    return [*start, "strict" if strict else "lenient", *read_only, *cage, "--"]


def _overlays(environment: str) -> list[tuple[str, str]]:
    """Return the place and the layers of each overlay."""
    try:
        with open(f"{environment}/{VIEW}", encoding="utf-8") as file:  # noqa: PTH123 (no Path here)
            lines = file.read().splitlines()
    except FileNotFoundError:
        return []
    return [(at, layers) for at, _, layers in (line.partition("\t") for line in lines)]


def _pin(environment: str) -> None:
    """Keep the folder of ``environment`` at its place: alone in a file system in memory.

    A mount is on a folder, not on a name: renamed, the folder would take its overlays along.
    """
    around = os.path.dirname(environment)  # noqa: PTH120
    folder = os.open(environment, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        mount("park", around, _MS_NOSUID | _MS_NODEV, "tmpfs", "mode=755,size=4k,nr_inodes=8")
        try:
            os.mkdir(environment)  # noqa: PTH102
            mount(f"/proc/self/fd/{folder}", environment, _MS_BIND)
            mount("park", around, _MS_REMOUNT | _MS_RDONLY | _MS_NOSUID | _MS_NODEV, "tmpfs")
        except OSError:
            _unmount([around])
    except OSError:
        return  # where this is not permitted, jobs go on with what was made anew
    finally:
        os.close(folder)


def _mount(overlays: list[tuple[str, str]], environment: str, failed: list[str]) -> bool:
    """Mount all of ``overlays`` or none; why one could not be is added to ``failed``."""
    if not overlays:
        return True
    here = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    mounted: list[str] = []
    try:
        os.chdir(f"{environment}/{ANCHORS}")
        for at, layers in overlays:
            place = os.path.join(environment, at)  # noqa: PTH118
            mount("park", place, _MS_RDONLY, "overlay", f"lowerdir={layers}")
            mounted.append(place)
    except OSError as error:
        failed.append(f"cannot mount an overlay: {error}")
        _unmount(mounted)
        return False
    finally:
        os.fchdir(here)
        os.close(here)
    return True


def _unmount(places: list[str]) -> None:
    import ctypes

    for place in reversed(places):
        ctypes.CDLL(None).umount2(os.fsencode(place), _MNT_DETACH)
