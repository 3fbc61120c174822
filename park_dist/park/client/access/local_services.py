"""The services that run on this machine for this user, so that no token must be copied.

A service writes a note when it serves and takes it away when it stops:
``<state>/services/<sha256 of its URL>.json`` with its URL, process id and token file.
Whoever can read the token file is the user whose service it is.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from park.atomic import write_atomically
from park.runtime import processes

__all__ = ["RunningService", "announce", "running_services", "withdraw"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningService:
    """What a service tells about itself when it serves.

    ``process`` tells it from a later process with the same number
    (`park.runtime.processes.Identity`); None where the system does not say.
    """

    url: str
    pid: int
    token_file: str
    process: dict[str, Any] | None = None

    def is_alive(self) -> bool:
        """Tell whether the process that wrote this still runs."""
        if self.process is not None:
            identity = processes.Identity.from_record(self.process)
            return identity is not None and identity.is_alive()
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except OSError:
            return True  # it lives, as another user's
        return True


def _folder() -> Path:
    named = os.environ.get("PARK_STATE_DIR")
    if named:
        return Path(named) / "services"
    import platformdirs

    return Path(platformdirs.user_state_dir("park", appauthor=False)) / "services"


def _note(url: str) -> Path:
    return _folder() / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}.json"


def announce(service: RunningService) -> None:
    """Leave the note of ``service``, which is this process."""
    me = processes.identity(service.pid)
    note = replace(service, process=None if me is None else me.as_record())
    write_atomically(_note(service.url), json.dumps(asdict(note)))


def withdraw(url: str) -> None:
    """Take the note away."""
    _note(url).unlink(missing_ok=True)


def running_services() -> list[RunningService]:
    """Return the services that run; the notes of killed ones are swept."""
    found = []
    for note in sorted(_folder().glob("*.json")):
        try:
            service = RunningService(**json.loads(note.read_text()))
        except (OSError, ValueError, TypeError):
            continue
        if service.is_alive():
            found.append(service)
        else:
            note.unlink(missing_ok=True)
    return found
