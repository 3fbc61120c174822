"""``park`` that notes when a job passes its stations; one job at a time is looked at.

The clock is the machine's monotonic one, so that the moments of the client and of the job's own
process can be put beside these. ``PARK_STATIONS`` names the file to which they go.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from park.cli.main import main as park
from park_repo.database import Database
from park_server.http.front import job_front
from park_server.jobs.engines.fork_server_client import ServerLink
from park_server.jobs.engines.local import LocalEngine

__all__ = ["FILE"]

FILE = "PARK_STATIONS"


def _noted(owner: Any, name: str, *, before: str = "", after: str = "") -> None:
    """Note a station whenever ``owner.name`` is called, or has returned."""
    called: Callable[..., Any] = getattr(owner, name)

    @wraps(called)
    def noting(*args: Any, **kwargs: Any) -> Any:
        if before:
            _note(before)
        returned = called(*args, **kwargs)
        if after:
            _note(after)
        return returned

    setattr(owner, name, noting)


def _note(station: str) -> None:
    os.write(_file, f"{station} {time.monotonic_ns()}\n".encode())


if __name__ == "__main__":
    _file = os.open(os.environ[FILE], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC)
    _noted(job_front.JobFront, "_submitted", before="received")
    _noted(Database, "_put", before="queued")
    _noted(Database, "_commit", before="begun", after="committed")
    _noted(ServerLink, "send", before="ordered")
    _noted(LocalEngine, "_exited", before="ended")
    _noted(job_front, "_answer", before="answered")
    sys.exit(park())
