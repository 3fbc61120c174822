"""Claims of attempts in a backup: their processes are not those of the machine that restores it."""

from __future__ import annotations

import json
import re

__all__ = ["of_nobody"]

_ATTEMPT = re.compile(r"attempt-[0-9]+")
_BOOT = "restored from a backup"
"""In place of the kernel's name for the time since it booted: no process lives under it."""


def of_nobody(name: str, target: str) -> str:
    """Return the target of the link ``name``: a claim is that of a process that has gone.

    Else a job that still runs where the backup was made would be taken for one of the restored
    service, and ended by it.
    """
    if _ATTEMPT.fullmatch(name) is None:
        return target
    try:
        claim = json.loads(target)
    except ValueError:
        return target
    return json.dumps(claim | {"boot": _BOOT}) if isinstance(claim, dict) else target
