"""Start a command confined: ``python -m park_server.installs.confine LIMITS COMMAND…``.

LIMITS is JSON: ``read_only`` (folders that the command and its children cannot write to),
``hidden`` (files that are empty for them) and ``memory_bytes``. The process becomes the
command; it never imports what a user sent.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile

from park.runtime.protect import arrange_mounts, bind_read_only, mount

__all__ = ["main"]

_MS_BIND = 4096  # <sys/mount.h>


def main(arguments: list[str]) -> None:
    """Confine this process and become the command."""
    limits = json.loads(arguments[0])
    memory: int = limits["memory_bytes"]
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    read_only: list[str] = limits["read_only"]
    hidden: list[str] = limits.get("hidden", [])
    arrange_mounts(lambda: bind_read_only(read_only) & _hide(hidden))
    os.execvp(arguments[1], arguments[1:])  # noqa: S606 (no shell is what is wanted)


def _hide(files: list[str]) -> bool:
    """Have each of ``files`` be empty and read-only; tell whether all are.

    Not ``/dev/null``: whoever wrote there would take it for done.
    """
    if not files:
        return True
    descriptor, empty = tempfile.mkstemp()
    os.close(descriptor)
    try:
        for file in files:
            mount(empty, file, _MS_BIND)
    except OSError:
        return False
    return bind_read_only(files)


if __name__ == "__main__":
    main(sys.argv[1:])
