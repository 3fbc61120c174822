"""Start a command confined: ``python -m park_server.installs.confine LIMITS COMMAND…``.

LIMITS is JSON: ``read_only`` (folders that the command and its children cannot write to) and
``memory_bytes``. The process becomes the command; it never imports what a user sent.
"""

from __future__ import annotations

import json
import os
import resource
import sys

from park.runtime.protect import protect

__all__ = ["main"]


def main(arguments: list[str]) -> None:
    """Confine this process and become the command."""
    limits = json.loads(arguments[0])
    memory: int = limits["memory_bytes"]
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    protect(limits["read_only"])
    os.execvp(arguments[1], arguments[1:])  # noqa: S606 (no shell is what is wanted)


if __name__ == "__main__":
    main(sys.argv[1:])
