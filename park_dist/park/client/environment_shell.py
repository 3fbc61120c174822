"""A shell in an environment, on the machine that has the service's disk."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import park.runtime
from park.errors import ServiceFault, UsageError
from park.runtime.view import enter_command
from park.wire import EnvironmentDetail

__all__ = ["become_shell"]


def become_shell(found: EnvironmentDetail, command: Sequence[str]) -> NoReturn:
    """Become ``command``, or the user's shell, in an environment as its jobs see it.

    Raises `ServiceFault` where the service has evicted it, and `UsageError` where it is not to
    be had here.
    """
    lock_hash, path = found.environment.lock_hash, found.path
    if path is None:
        raise ServiceFault(
            f"environment {lock_hash} is {found.environment.status}, not on the service's disk",
            hint=f"`park env verify {lock_hash[:12]}` brings it back",
        )
    if not os.access(f"{path}/bin/python", os.X_OK):
        raise UsageError(
            f"no environment at {path} for you here",
            hint="run this on the machine of the service, as a user who may read its home",
        )
    os.environ.update(_activated(os.environ, path, lock_hash))
    program = str(Path(park.runtime.__path__[0]) / "__main__.py")
    enter = enter_command(sys.executable, program, path, [path], strict=True)
    shell = [os.environ.get("SHELL") or "/bin/sh"]
    sys.stdout.flush()
    os.execv(enter[0], [*enter, *(command or shell)])  # noqa: S606 (no shell but the user's)


def _activated(variables: Mapping[str, str], path: str, lock_hash: str) -> dict[str, str]:
    """Return the variables that the environment's ``activate`` would set."""
    return {
        "PATH": f"{path}/bin:{variables.get('PATH', os.defpath)}",
        "VIRTUAL_ENV": path,
        "VIRTUAL_ENV_PROMPT": lock_hash[:12],
    }
