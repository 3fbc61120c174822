"""Extension modules that were built again, or whose source was edited, since they were loaded.

A loaded one cannot be loaded anew in the same process, and no bytecode tells what it was made of.
The system says which files a process has mapped (`proc_pid_maps(5)`): one that a build has put in
the place of the loaded one leaves that behind as deleted. Elsewhere than on Linux only the source
is looked at.
"""

from __future__ import annotations

from pathlib import Path

from park.build.tree.built_in_place import is_built_in_place, stems_of_sources

__all__ = ["newer_than_loaded"]

_MAPS = Path("/proc/self/maps")


def newer_than_loaded(file: Path, *, maps: Path = _MAPS) -> Path | None:
    """Return what is newer than what this process has loaded of the extension module ``file``.

    That is ``file`` itself, built anew; else the newest source of its name beside it (``_film.pyx``
    of ``_film.cpython-311-….so``), edited after the build; None where neither is.
    """
    try:
        built = file.stat().st_mtime_ns
        if _was_replaced(file, maps):
            return file
        sources = [
            each
            for each in file.parent.glob(f"{file.name.partition('.')[0]}.*")
            if is_built_in_place(file.name, stems_of_sources([each.name]))
        ]
        newest = max(sources, key=lambda each: each.stat().st_mtime_ns, default=None)
        return newest if newest is not None and newest.stat().st_mtime_ns > built else None
    except OSError:
        return None


def _was_replaced(file: Path, maps: Path) -> bool:
    """Tell whether this process has mapped a file of this name that is there no more."""
    try:
        lines = maps.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return False
    mapped = {line.split(maxsplit=5)[5] for line in lines if str(file) in line}
    return f"{file} (deleted)" in mapped and str(file) not in mapped
