"""Slurm's commands, run: what they print, or why nobody knows."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Answer", "asked", "asked_now", "client_variables"]

_COMMAND_S = 30.0
"""How long a command may take: while no controller answers, it gives up by itself after some ten
seconds (MessageTimeout, TCPTimeout of slurm.conf(5))."""

_OF_CLIENTS = ("SLURM_CONF", "SLURM_CLUSTERS", "PATH", "HOME", "LANG", "USER", "LOGNAME")
"""What Slurm's commands need of the service's variables."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a command said; not ``is_answered``, where it failed, took too long, or is not there."""

    is_answered: bool
    stdout: str = ""
    stderr: str = ""


def client_variables() -> dict[str, str]:
    """Return the variables that Slurm's commands get."""
    return {name: os.environ[name] for name in _OF_CLIENTS if name in os.environ}


async def asked(command: Sequence[str], variables: Mapping[str, str] | None = None) -> Answer:
    """Run ``command`` and return what it said; never raises for what it does."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=dict(client_variables() if variables is None else variables),
        )
    except OSError as error:
        return Answer(is_answered=False, stderr=f"{command[0]}: {error}")
    try:
        out, said = await asyncio.wait_for(process.communicate(), _COMMAND_S)
    except TimeoutError:
        return Answer(is_answered=False, stderr=f"{command[0]} timed out after {_COMMAND_S:g} s")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Answer(
        is_answered=process.returncode == 0,
        stdout=out.decode(errors="replace"),
        stderr=said.decode(errors="replace"),
    )


def asked_now(command: Sequence[str], limit_s: float) -> Answer:
    """Run ``command`` in this thread, for at most ``limit_s``."""
    try:
        done = subprocess.run(
            command,
            env=client_variables(),
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=limit_s,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Answer(is_answered=False, stderr=str(error))
    return Answer(is_answered=done.returncode == 0, stdout=done.stdout, stderr=done.stderr)
