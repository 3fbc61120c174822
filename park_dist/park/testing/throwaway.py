"""A service of one's own for the length of a block."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from park.errors import CannotSatisfy, ParkError

if TYPE_CHECKING:
    from park.client.service import Service

__all__ = ["throwaway_service"]

_START_S = 120.0
"""A start takes two seconds, and longer on a machine that runs other tests beside."""

_STOP_S = 30.0


@contextmanager
def throwaway_service(
    folder: Path, *, names: Sequence[str] = (), options: Sequence[str] = ()
) -> Iterator[Service]:
    """Serve in ``folder`` (which is to be empty), and give the `park.Service`.

    Inside the block, ``park.remote_service()`` in this process and those that it starts finds
    this service, also by each of ``names``; the user's own configuration, logins and caches are
    out of sight. ``options`` go to ``park serve``. Afterwards jobs that run are cancelled, the
    service is stopped, and its folder removed. Raises `CannotSatisfy` where it does not start.
    """
    import park

    process = _started(folder, options)
    try:
        url = _url_of(folder, process)
        configuration = folder / "park.toml"
        configuration.write_text(_configured(names, url))
        with _environment(_variables(folder) | {"PARK_CONFIG": str(configuration)}):
            service = park.remote_service(url)
            try:
                yield service
            finally:
                _cancel_all(service)
    finally:
        _stop(process)
        shutil.rmtree(folder, ignore_errors=True)


def _variables(folder: Path) -> dict[str, str]:
    return {
        "PARK_STATE_DIR": str(folder / "state"),
        "PARK_CONFIG": str(folder / "none.toml"),
        "PARK_CACHE_DIR": str(folder / "cache"),
        "PARK_AGENT": "off",
    }


def _started(folder: Path, options: Sequence[str]) -> subprocess.Popen[bytes]:
    argv = [
        *(sys.executable, "-m", "park", "serve", "--home", str(folder / "home"), "--port", "0"),
        *("--ready-file", str(folder / "ready.json"), *options),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            argv, env=_without_ours() | _variables(folder), stdin=subprocess.DEVNULL, stderr=log
        )


def _without_ours() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PARK_")}


def _url_of(folder: Path, process: subprocess.Popen[bytes]) -> str:
    """Return where it serves, once it does; raises `CannotSatisfy`."""
    end, ready = time.monotonic() + _START_S, folder / "ready.json"
    while time.monotonic() < end and process.poll() is None:
        with suppress(FileNotFoundError):
            return str(json.loads(ready.read_text())["url"])
        time.sleep(0.02)
    said = (folder / "log").read_text(errors="replace").strip() or "it says nothing"
    raise CannotSatisfy(f"the throw-away service does not start: {said}")


def _configured(names: Sequence[str], url: str) -> str:
    """Return a configuration in which each of ``names`` is the service at ``url``."""
    return "".join(f"[services.{json.dumps(name)}]\nurl = {json.dumps(url)}\n" for name in names)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Have the process's environment so, with nothing else of park's user in it."""
    before = _replaced(variables)
    try:
        yield
    finally:
        _replaced(before)


def _replaced(variables: Mapping[str, str]) -> dict[str, str]:
    """Have ``variables`` in place of all of park's, which are returned."""
    before = {name: value for name, value in os.environ.items() if name.startswith("PARK_")}
    for name in before:
        del os.environ[name]
    os.environ.update(variables)
    return before


def _cancel_all(service: Service) -> None:
    """End what runs and what waits: jobs outlive their service."""
    for status in ("waiting", "running"):
        with suppress(ParkError):
            for job in service.jobs(status=status, limit=10_000):
                with suppress(ParkError):
                    job.cancel()
                    job.wait(_STOP_S)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
