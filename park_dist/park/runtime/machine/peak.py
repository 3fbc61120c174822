"""The most memory that this process has had since it is this program."""

from __future__ import annotations

import os

__all__ = ["peak_bytes"]

_STATUS = "/proc/self/status"
_STATUS_BYTES = 4096
"""More than what is before the memory and of it, however many groups a user has."""


def peak_bytes(status: str = _STATUS) -> int | None:
    """Return the peak of the resident memory in bytes, None where the kernel does not say.

    ``ru_maxrss`` survives ``exec`` (execve(2) keeps what was used), so in a fresh interpreter it
    is at least what the process had that started it; ``VmHWM`` of proc_pid_status(5) begins anew.
    """
    try:
        descriptor = os.open(status, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        text = os.read(descriptor, _STATUS_BYTES)
    finally:
        os.close(descriptor)
    said = text.partition(b"\nVmHWM:")[2].split(maxsplit=2)[:2]
    return int(said[0]) * 1024 if said[1:] == [b"kB"] else None
