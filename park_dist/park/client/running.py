"""The services that run on this machine for this user, so that no token must be copied.

A service writes a note when it serves and takes it away when it stops:
``<state>/services/<sha256 of its URL>.json`` with its URL, process id and token file.
Whoever can read the token file is the user whose service it is.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from park.atomic import write_atomically

__all__ = ["RunningService", "announce", "running_services", "withdraw"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningService:
    """What a service tells about itself when it serves."""

    url: str
    pid: int
    token_file: str


def _folder() -> Path:
    named = os.environ.get("PARK_STATE_DIR")
    if named:
        return Path(named) / "services"
    import platformdirs

    return Path(platformdirs.user_state_dir("park", appauthor=False)) / "services"


def _note(url: str) -> Path:
    return _folder() / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}.json"


def announce(service: RunningService) -> None:
    """Leave the note of ``service``."""
    write_atomically(_note(service.url), json.dumps(asdict(service)))


def withdraw(url: str) -> None:
    """Take the note away."""
    _note(url).unlink(missing_ok=True)


def running_services() -> list[RunningService]:
    """Return the services whose process lives; notes of dead ones (``kill -9``) are passed over."""
    found = []
    for note in sorted(_folder().glob("*.json")):
        try:
            service = RunningService(**json.loads(note.read_text()))
        except (OSError, ValueError, TypeError):
            continue
        if _lives(service.pid):
            found.append(service)
    return found


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it lives, as another user's
    return True
