"""Locks and environments for tests, from wheel files at hand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.pylock import Package, PackageWheel, Pylock
from packaging.utils import parse_wheel_filename
from packaging.version import Version

import park.runtime
from park.digests import file_sha256
from park.runtime.view import enter_command
from park_repo.wheelstore.store import WheelStore
from park_server.envs.environment import Layout
from park_server.envs.interpreters import Interpreter, query
from park_server.envs.realisation import Environments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from park_server.envs.environment import Environment
    from park_server.envs.pylock import LockedWheel

__all__ = [
    "FILES_SEEN",
    "download_wheels",
    "environments_in",
    "fetch_from",
    "files_seen",
    "lock_of",
    "own_interpreter",
    "run_python",
]


FILES_SEEN = """
import hashlib, json, os, sys, sysconfig
OF_INSTALLERS = {"INSTALLER", "RECORD", "REQUESTED", "uv_cache.json"}
OF_ENVIRONMENTS = {"zz_park.pth", "_virtualenv.py", "_virtualenv.pth"}
seen = {}
tops = [os.path.join(sys.prefix, name) for name in ("share", "include", "etc")]
for top in (sysconfig.get_path("purelib"), *tops):
    for folder, folders, names in os.walk(top):
        if "__pycache__" in folders:
            folders.remove("__pycache__")
        for name in folders + sorted(set(names) - OF_INSTALLERS - OF_ENVIRONMENTS):
            path = os.path.join(folder, name)
            if os.path.islink(path):
                found = "link"
            elif os.path.isdir(path):
                found = "folder"
            else:
                with open(path, "rb") as file:
                    content = hashlib.sha256(file.read()).hexdigest()
                found = [os.stat(path).st_mode & 0o111, content]
            seen[os.path.relpath(path, sys.prefix)] = found
json.dump(seen, sys.stdout)
"""
"""What is in the folders of wheels, but for what each installer writes and bytecode."""


def files_seen(environment: Environment) -> Any:
    """Return what a job in ``environment`` sees there: mode and digest of each file, by path."""
    program = f"{park.runtime.__path__[0]}/__main__.py"
    enter = enter_command(sys.executable, program, str(environment.path), [], strict=True)
    command = [*enter, str(environment.executable), "-I", "-c", FILES_SEEN]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


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
