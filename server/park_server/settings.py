"""The settings of a service, complete: nothing else reads options or the environment."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from park.errors import UsageError

__all__ = ["PYPI", "Settings", "without_credentials"]

PYPI = "https://pypi.org/simple/"

_INDEX_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the operator decided. ``upstream`` is None for a service without one."""

    home: Path
    host: str
    port: int
    ready_file: Path | None
    upstream: str | None
    slots: int

    @classmethod
    def of(
        cls,
        *,
        home: Path,
        host: str = "127.0.0.1",
        port: int = 0,
        ready_file: Path | None = None,
        upstream: str | None = None,
        slots: int | None = None,
    ) -> Settings:
        """Check and complete what was given; raises `UsageError`."""
        cores = len(os.sched_getaffinity(0))
        if slots is not None and slots < 1:
            raise UsageError(f"--slots {slots}: a service needs at least one")
        return cls(
            home=home.expanduser().resolve(),
            host=host,
            port=port,
            ready_file=ready_file,
            upstream=_checked(upstream or machine_index() or PYPI),
            slots=slots or cores,
        )


def _checked(upstream: str) -> str | None:
    if upstream == "none":
        return None
    parts = urlsplit(upstream)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise UsageError(
            f"--upstream {upstream!r} is not the URL of a simple index",
            hint=f"for example {PYPI}, or none",
        )
    return upstream.rstrip("/") + "/"


def machine_index() -> str | None:
    """Return the index that this machine's own uv or pip is set to use, or None.

    An operator behind a mirror has said so once already; the service does not make them
    say it again.
    """
    for variable in _INDEX_VARIABLES:
        if url := os.environ.get(variable):
            return url
    answer = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"],
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout.strip() or None if answer.returncode == 0 else None


def without_credentials(url: str) -> str:
    """Return ``url`` as it may be shown: without user and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
