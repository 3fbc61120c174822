"""Locks and environments for tests, from wheel files at hand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.pylock import Package, PackageWheel, Pylock
from packaging.utils import parse_wheel_filename
from packaging.version import Version

from park.digests import file_sha256
from park_repo.wheelstore.store import WheelStore
from park_server.envs.environment import Layout
from park_server.envs.interpreters import Interpreter, query
from park_server.envs.realisation import Environments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from park_server.envs.pylock import LockedWheel

__all__ = [
    "download_wheels",
    "environments_in",
    "fetch_from",
    "lock_of",
    "own_interpreter",
    "run_python",
]


def own_interpreter() -> Interpreter:
    """Return the interpreter that runs the tests, or the base of its virtualenv."""
    found = query(Path(sys.executable))
    assert found is not None
    return found


def environments_in(home: Path, layout: Layout = Layout.OVERLAY) -> Environments:
    """Return the environments of a home, with its wheel store."""
    return Environments(home, WheelStore(home / "wheels"), layout=layout)


def lock_of(wheels: Iterable[Path]) -> Pylock:
    """Return a lock that holds ``wheels``, each for its own project."""
    packages = []
    for path in wheels:
        name, version, _, _ = parse_wheel_filename(path.name)
        wheel = PackageWheel(
            name=path.name, path=f"wheels/{path.name}", hashes={"sha256": file_sha256(path)}
        )
        packages.append(Package(name=name, version=version, wheels=[wheel]))
    return Pylock(lock_version=Version("1.0"), created_by="tests", packages=packages)


def fetch_from(wheels: Iterable[Path]) -> Callable[[LockedWheel, Callable[[int], object]], Path]:
    """Return what gives the file of a locked wheel."""
    by_digest = {file_sha256(path): path for path in wheels}
    return lambda wheel, _: by_digest[wheel.sha256]


def download_wheels(folder: Path, requirements: Sequence[str]) -> list[Path]:
    """Download real wheels from the registry, as pip is configured, without dependencies."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    options = ["--only-binary", ":all:", "--dest", str(folder)]
    subprocess.run([*command, *options, *requirements], check=True, capture_output=True)
    return sorted(folder.glob("*.whl"))


def run_python(executable: Path, code: str, **variables: str) -> str:
    """Run ``code`` isolated and return what it printed."""
    done = subprocess.run(
        [executable, "-I", "-c", code], capture_output=True, text=True, env=variables, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
