"""The environment of a lock as a virtualenv on this machine, made once for each lock.

It is installed by uv where that is on the machine, else by pip, from the PEP 751 document of the
service: the wheels are those that its jobs have, by their digests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from park.client.access.address import Address
from park.client.access.plain_http import require_protected
from park.errors import CannotSatisfy, UsageError
from park.file_lock import exclusive
from park.local.python_minor import python_minor

__all__ = ["local_environment"]

_MADE = "park-made"
"""A file that a finished environment has; its absence tells of one that was cut off."""


def local_environment(
    folder: Path, lock: str, lock_hash: str, *, python: str, address: Address
) -> Path:
    """Return the interpreter of the environment ``lock_hash`` below ``folder``.

    ``lock`` is the document, ``python`` its minor, ``address`` the service that has its wheels.
    Raises `UsageError` where this machine has no such Python, and `CannotSatisfy` where a wheel
    does not run here or cannot be had.
    """
    place = folder / lock_hash
    executable = place / "bin" / "python"
    folder.mkdir(parents=True, exist_ok=True)
    with exclusive(folder / f"{lock_hash}.lock"):
        if not (place / _MADE).exists():
            shutil.rmtree(place, ignore_errors=True)
            _make(place, _interpreter(python), lock, address)
            (place / _MADE).touch()
    return executable


def _interpreter(minor: str) -> str:
    """Return a Python of ``minor`` on this machine; raises `UsageError`."""
    if minor == python_minor():
        return sys.executable
    found = shutil.which(f"python{minor}")
    if found is None:
        raise UsageError(
            f"the job ran with Python {minor}, and this machine has no python{minor} on its PATH",
            hint=f"uv python install {minor}, or run park with that Python",
        )
    return found


def _make(place: Path, interpreter: str, lock: str, address: Address) -> None:
    _ran([interpreter, "-m", "venv", "--without-pip", str(place)], {})
    with tempfile.TemporaryDirectory(prefix="park-debug-") as folder:
        document = Path(folder) / "pylock.toml"
        document.write_text(lock, encoding="utf-8")
        own = {"NETRC": str(_netrc(Path(folder), address))}
        _ran(_installer(str(place / "bin" / "python"), document), own)


def _installer(python: str, document: Path) -> Sequence[str]:
    uv = shutil.which("uv")
    if uv is not None:
        sync = ["pip", "sync", "--preview", "--quiet", "--no-config", "--python", python]
        return [uv, *sync, str(document)]
    pip = [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check"]
    return [*pip, "--python", python, "install", "--quiet", "--no-deps", "-r", str(document)]


def _netrc(folder: Path, address: Address) -> Path:
    """Write what opens the service for an installer: in a file that this user alone reads."""
    path = folder / "netrc"
    token = address.bearer()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 (a descriptor)
        if token is not None:
            require_protected(address.url, insecure=address.insecure)
            host = urlsplit(address.url).hostname
            file.write(f"machine {host} login __token__ password {token}\n")
    return path


def _ran(command: Sequence[str], variables: dict[str, str]) -> None:
    done = subprocess.run(
        command,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        with suppress(ValueError):
            said = said[said.index("error:") :]
        raise CannotSatisfy(
            f"the environment of the job cannot be made here: {said}",
            hint="a lock has the wheels that run on the platform of its service",
        )
