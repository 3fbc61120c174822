"""What the loading of a model script took: asked of a process that loads it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from park.errors import UsageError

__all__ = ["Loaded", "can_load", "loaded"]

_LAST_LINES = 8
"""Of what a script says before it fails: enough for the usage that it may print."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """What a script took: modules with their files, and files by where they are.

    ``opened`` has each file as the script named it. ``parameters`` is how many are fitted.
    """

    modules: Mapping[str, str | None] = field(default_factory=dict)
    opened: Mapping[str, str] = field(default_factory=dict)
    parameters: int | None = None


def can_load() -> bool:
    """Tell whether this interpreter has a bumps that loads scripts as the job will: bumps 1."""
    try:
        return find_spec("bumps.webview") is not None
    except ImportError:
        return False


def loaded(script: Path, arguments: Sequence[str], options: Sequence[str]) -> Loaded:
    """Load ``script`` in a process of its own, as bumps does, and return what that took.

    Raises `UsageError` where it fails, with the line, and for options that bumps does not take.
    """
    request = {"script": str(script), "arguments": list(arguments), "options": list(options)}
    with tempfile.TemporaryDirectory(prefix="park-load-") as folder:
        answer = Path(folder) / "answer.json"
        command = [sys.executable, "-PB", "-m", "park.client.model_scripts.probe", str(answer)]
        done = subprocess.run(
            command,
            input=json.dumps(request),
            env=os.environ | {"MPLBACKEND": "agg"},
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if not answer.is_file():
            raise _refused(script, f"its process ended with {done.returncode}", None, done.stderr)
        told: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    if "error" in told:
        raise _refused(script, told["error"], told["line"], done.stderr or done.stdout)
    return Loaded(modules=told["modules"], opened=told["opened"], parameters=told["parameters"])


def _refused(script: Path, error: str, line: int | None, said: str) -> UsageError:
    where = script.name if line is None else f"{script.name}, line {line}"
    last = said.strip().splitlines()[-_LAST_LINES:]
    return UsageError(
        "\n".join([f"{where}: {error}", *(f"  {each}" for each in last)]),
        hint=f"it was loaded here as bumps does it: bumps {script.name} --chisq shows the same; "
        "arguments of the script itself come behind --",
    )
