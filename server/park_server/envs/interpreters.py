"""The Python interpreters of this machine that can carry environments."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import packaging
from packaging.version import Version

from park.errors import NoInterpreter
from park.model.lock_hash import Target
from park_server.envs import interpreter_query

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Interpreter", "choose", "default_candidates", "discover", "interpreter_for", "query"]

_OLDEST = (3, 11)
_QUERY_TIMEOUT_S = 20
"""A query takes 50 ms; a program that only looks like Python must not hold up the service."""

_EXECUTABLE_NAME = re.compile(r"python3(\.1[1-9]|\.[2-9]\d)?")
"""Names that may stand for a usable version, to spare the question to the others."""

_OLD_NAME = re.compile(r"python3\.(\d|10)")
"""Names of versions that are not usable, which ``python3`` may be a link to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Interpreter:
    """A CPython outside any virtualenv.

    ``version`` is full (``"3.11.7"``), ``cache_tag`` names its bytecode
    (``"cpython-311"``), ``tags`` are the wheel tags it takes, best first, and ``markers``
    the values of the environment markers (PyPA "Dependency specifiers").
    """

    executable: Path
    version: str
    cache_tag: str
    target: Target
    tags: tuple[str, ...] = field(repr=False, hash=False)
    markers: dict[str, str] = field(repr=False, hash=False)


def default_candidates(environ: Mapping[str, str] = os.environ) -> list[Path]:
    """Return the executables to ask: our own, those on PATH, those of pyenv."""
    folders = [Path(folder) for folder in environ.get("PATH", "").split(os.pathsep) if folder]
    pyenv = Path(environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    # pyenv's shims only stand for the versions which are listed behind them
    on_path = [folder for folder in folders if folder != pyenv / "shims"]
    folders = [*on_path, *_versions_of(pyenv)]
    found = [path for folder in folders for path in _pythons(folder)]
    return [Path(sys.executable), *found]


def discover(candidates: Iterable[Path] | None = None) -> dict[str, Interpreter]:
    """Return the usable interpreters by minor, oldest first.

    ``candidates`` are executables in order of preference; default: `default_candidates`.
    Of one minor our own version wins, else the newest patch, else the first candidate.
    """
    paths = list(default_candidates() if candidates is None else candidates)
    with ThreadPoolExecutor() as threads:
        answers = list(threads.map(query, _distinct(paths)))
    return choose([found for found in answers if found is not None], own=_own_version())


def choose(found: Iterable[Interpreter], *, own: str) -> dict[str, Interpreter]:
    """Choose one interpreter for each minor: version ``own``, else the newest, else the first."""
    chosen: dict[str, Interpreter] = {}
    for interpreter in found:
        minor = interpreter.target.python
        other = chosen.get(minor)
        if other is None or _rank(interpreter, own) > _rank(other, own):
            chosen[minor] = interpreter
    return dict(sorted(chosen.items(), key=lambda item: Version(item[0])))


def interpreter_for(interpreters: Mapping[str, Interpreter], python: str) -> Interpreter:
    """Return the interpreter of the minor ``python``.

    Raises `NoInterpreter`, which lists those that there are.
    """
    try:
        return interpreters[python]
    except KeyError:
        has = ", ".join(interpreters) or "none"
        raise NoInterpreter(
            f"this service has no Python {python}; it has {has}",
            hint=f"use one of these locally, or ask the operator to install Python {python}",
            details={"python": python, "available": list(interpreters)},
        ) from None


def query(executable: Path) -> Interpreter | None:
    """Ask ``executable`` what it is; None if it is no CPython that we can use.

    Asked once as long as the file stays the same.
    """
    try:
        modified_ns = executable.stat().st_mtime_ns
    except OSError:
        return None
    return _query(executable, modified_ns)


@lru_cache(maxsize=256)
def _query(executable: Path, modified_ns: int) -> Interpreter | None:  # noqa: ARG001 (part of the cache's key)
    our_packaging = Path(packaging.__file__).parents[1]
    # ours is a Python, however busy the machine is: without any the service runs nothing
    is_ours = executable.resolve() == Path(sys.executable).resolve()
    limit_s = None if is_ours else _QUERY_TIMEOUT_S
    argv = [str(executable), "-I", "-S", interpreter_query.__file__, str(our_packaging)]
    try:
        done = subprocess.run(argv, capture_output=True, timeout=limit_s, check=True)
        return _parse(json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        return None


def _parse(answer: dict[str, Any]) -> Interpreter | None:
    release = Version(answer["version"]).release[:2]
    if answer["implementation"] != "cpython" or release < _OLDEST:
        return None
    target = Target(
        python=".".join(map(str, release)), abi=answer["abi"], platform=answer["platform"]
    )
    return Interpreter(
        executable=Path(answer["executable"]),
        version=answer["version"],
        cache_tag=answer["cache_tag"],
        target=target,
        tags=tuple(answer["tags"]),
        markers=answer["markers"],
    )


def _versions_of(pyenv: Path) -> list[Path]:
    try:
        return sorted((pyenv / "versions").glob("*/bin"))
    except OSError:  # somebody else's, say, which `PYENV_ROOT` still names after su(1)
        return []


def _pythons(folder: Path) -> list[Path]:
    try:
        return sorted(p for p in folder.iterdir() if _EXECUTABLE_NAME.fullmatch(p.name))
    except OSError:
        return []


def _distinct(paths: Iterable[Path]) -> list[Path]:
    """Drop the second and further names of one file, keeping the order.

    A virtualenv's python is a link to its base; that one may be asked in its place. A link to
    a file that is named for an older version (``python3`` to ``python3.9``) is not asked.
    """
    files = {path.resolve(): path for path in reversed(list(paths))}
    return [path for file, path in reversed(files.items()) if not _OLD_NAME.fullmatch(file.name)]


def _own_version() -> str:
    return sys.version.split()[0]


def _rank(interpreter: Interpreter, own: str) -> tuple[bool, Version]:
    return interpreter.version == own, Version(interpreter.version)
