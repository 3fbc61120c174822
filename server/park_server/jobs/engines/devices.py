"""The devices of this machine that jobs have for themselves: which of them each has."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path

from park.atomic import write_atomically

__all__ = ["VARIABLE", "Devices"]

VARIABLE = "CUDA_VISIBLE_DEVICES"
"""What CUDA, and those who follow it, read: which devices a process sees, empty for none. See
<https://docs.nvidia.com/cuda/cuda-c-programming-guide/#cuda-environment-variables>."""


class Devices:
    """The devices that the operator has ``named``; a later service finds in ``file`` who has which.

    Without names jobs see what the machine shows them.
    """

    def __init__(self, named: Sequence[str], file: Path) -> None:
        self._named = tuple(named)
        self._file = file
        self._held: dict[str, list[str]] = {}

    def variables(self, job: str, count: int) -> dict[str, str]:
        """Return what tells ``job`` of the ``count`` devices that are its own from now."""
        if not self._named:
            return {}
        taken = {name for names in self._held.values() for name in names}
        own = [name for name in self._named if name not in taken][:count]
        if own:
            self._held[job] = own
            self._write()
        return {VARIABLE: ",".join(own)}

    def free(self, job: str) -> None:
        """Give back what ``job`` has."""
        if self._held.pop(job, None):
            self._write()

    def take_up(self, jobs: Collection[str]) -> None:
        """Take it that of an earlier service's jobs these run, and no others."""
        try:
            found = json.loads(self._file.read_text())
        except (OSError, ValueError):
            return
        self._held = {job: names for job, names in found.items() if job in jobs}

    def _write(self) -> None:
        write_atomically(self._file, json.dumps(self._held))
