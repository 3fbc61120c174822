"""The environment of a lock as a virtualenv on this machine, made once for each lock.

It is installed by uv where that is on the machine, else by pip, from a PEP 751 document: that of
a service, or one of wheels that are here. They are those that its jobs have, by their digests.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from packaging.markers import default_environment

from park.client.access.address import Address
from park.client.access.plain_http import require_protected
from park.errors import CannotSatisfy, UsageError
from park.file_lock import exclusive
from park.local.python_minor import python_minor
from park.model.pylock import dumps, lock_of, wheel_package
from park.wire import LocalWheel

__all__ = ["environment_of_wheels", "local_environment"]

_MADE = "park-made"
"""A file that a finished environment has; its absence tells of one that was cut off."""


_MINOR = re.compile(r"[0-9]{1,2}\.[0-9]{1,3}")


def local_environment(folder: Path, lock: str, *, python: str, address: Address) -> Path:
    """Return the interpreter of the environment of ``lock`` below ``folder``.

    ``lock`` is the document, ``python`` its minor, ``address`` the service that has its wheels. It
    is kept under the digest of the document: a name that a service says could lead elsewhere, or
    to what another service's name stands for.
    Raises `UsageError` where this machine has no such Python, and `CannotSatisfy` where a wheel
    does not run here or cannot be had.
    """

    def make(place: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="park-debug-") as temporary:
            document = Path(temporary) / "pylock.toml"
            document.write_text(lock, encoding="utf-8")
            own = {"NETRC": str(_netrc(Path(temporary), address))}
            _install(place, document, own, ())

    return _made_once(folder, _name_of(lock), python, make)


def environment_of_wheels(
    folder: Path, root: Path, wheels: Mapping[LocalWheel, str], *, python: str
) -> Path:
    """Return the interpreter of an environment of ``wheels``, at their paths below ``root``.

    No index is asked, nor any service. It is kept below ``folder`` under the digest of a lock that
    is written here, so nobody else's description of one names it. Raises as `local_environment`.
    """
    packages = [
        wheel_package(wheel.name, wheel.version, wheel, path=path) for wheel, path in wheels.items()
    ]
    here = cast("dict[str, str]", default_environment()) | {"python_version": python}
    lock = dumps(lock_of(packages, python=python, markers=here))

    def make(place: Path) -> None:
        document = root / "pylock.here.toml"
        document.write_text(lock, encoding="utf-8")
        _install(place, document, {}, ("--offline", "--no-index"))

    return _made_once(folder, _name_of(lock), python, make)


def _name_of(lock: str) -> str:
    return hashlib.sha256(lock.encode()).hexdigest()


def _made_once(folder: Path, name: str, python: str, make: Callable[[Path], None]) -> Path:
    place = folder / name
    folder.mkdir(parents=True, exist_ok=True)
    with exclusive(folder / f"{name}.lock"):
        if not (place / _MADE).exists():
            shutil.rmtree(place, ignore_errors=True)
            _ran([_interpreter(python), "-m", "venv", "--without-pip", str(place)], {})
            make(place)
            (place / _MADE).touch()
    return place / "bin" / "python"


def _interpreter(minor: str) -> str:
    """Return a Python of ``minor`` on this machine; raises `UsageError`.

    Who says it may be anybody, and a name with a slash in it is looked for in no PATH.
    """
    if _MINOR.fullmatch(minor) is None:
        raise UsageError(f"{minor!r} is no minor version of Python: expected 3.11, for example")
    if minor == python_minor():
        return sys.executable
    found = shutil.which(f"python{minor}")
    if found is None:
        raise UsageError(
            f"the job ran with Python {minor}, and this machine has no python{minor} on its PATH",
            hint=f"uv python install {minor}, or run park with that Python",
        )
    return found


def _install(place: Path, document: Path, variables: dict[str, str], alone: Sequence[str]) -> None:
    """Install ``document`` into the virtualenv ``place``; ``alone`` is what keeps it off the net.

    Its two words are those of uv and of pip.
    """
    python, uv = str(place / "bin" / "python"), shutil.which("uv")
    if uv is not None:
        # a lock has wheels: what has to be built would run before anybody called anything
        sync = ["pip", "sync", "--preview", "--quiet", "--no-config", "--no-build"]
        sync += ["--python", python]
        _ran([uv, *sync, *alone[:1], str(document)], variables)
        return
    pip = [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check"]
    options = ["install", "--quiet", "--no-deps", "--only-binary", ":all:"]
    options += [*alone[1:], "-r", str(document)]
    _ran([*pip, "--python", python, *options], variables)


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
