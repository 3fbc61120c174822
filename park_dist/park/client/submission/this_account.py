"""From which account, on which machine, jobs are submitted: told to people, and nothing more."""

from __future__ import annotations

import getpass
import os
import socket
from functools import lru_cache

__all__ = ["this_account"]


@lru_cache(maxsize=1)
def this_account() -> str:
    """Return ``user@host``; where the account has no name, its number."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container whose user is in no table
        user = str(os.getuid()) if hasattr(os, "getuid") else "unknown"
    return f"{user}@{socket.gethostname()}"
