"""Where a job runs: an environment by its lock hash, or an install that will come to one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["Binding", "InstallPolicy", "of_whole_lock"]

InstallPolicy = Literal["auto", "never"]
"""Whether what the service lacks is installed first, or told package by package."""

_WHOLE = re.compile(r"[0-9a-f]{64}")
"""A lock hash, and not the beginning of one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Binding:
    """The environment of a job: a lock hash, or the install that will come to one.

    ``set_hash`` names the requirement set whose pickles may be read there, None for none.
    ``is_named`` tells that it was chosen by name, and need not be what is installed here;
    ``asked_for`` says what is, where the service did not take that.
    """

    lock_hash: str | None = None
    install: str | None = None
    set_hash: str | None = None
    is_named: bool = False
    asked_for: str | None = None


def of_whole_lock(lock: str | None) -> Binding | None:
    """Return the environment of a whole lock hash; None for what only a service can complete.

    Whether there is such a lock is told by the service as the answer to the submission.
    """
    if lock is None or not _WHOLE.fullmatch(lock):
        return None
    return Binding(lock_hash=lock, is_named=True)
