"""A scientist's machine: a virtualenv with park and a model, and the command line in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uv
from support.material.projects import copy_package
from support.services.moved_tree import InstalledTree
from support.services.park_service import own_environ
from support.services.virtualenv_copy import copy_virtualenv
from support.services.warm_start import OF_COMMANDS, ran
from support.session.limits import LIMIT_S
from support.session.shared_folder import made_once

if TYPE_CHECKING:
    from support.services.park_service import ParkService

__all__ = [
    "REPOSITORY",
    "Client",
    "ModelTree",
    "Scientist",
    "client_with_jobs",
    "make_virtualenv",
    "uv_install",
]

REPOSITORY = Path(__file__).parents[3]


def make_virtualenv(folder: Path, *requirements: str | Path) -> Path:
    """Make a virtualenv with the client and ``requirements``; return its interpreter.

    Folders among them are installed in editable mode, as one has what one works on.
    """
    copy_virtualenv(made_once("virtualenv", _make_with_park), folder)
    python = folder / "bin" / "python"
    if requirements:
        uv_install(python, *requirements)
    return python


def _make_with_park(folder: Path) -> None:
    """Make the virtualenv of which the others are copies."""
    command = [uv.find_uv_bin(), "venv", "-q", "--python", sys.executable, str(folder)]
    subprocess.run(command, check=True)
    python = folder / "bin" / "python"
    uv_install(python, REPOSITORY)
    # so that what most commands import is compiled once for all copies
    subprocess.run([python, "-c", f"import {', '.join(OF_COMMANDS)}"], check=True)


def uv_install(python: Path, *requirements: str | Path, options: tuple[str, ...] = ()) -> None:
    """Install ``requirements`` into the environment of ``python``, where uv is set to look."""
    arguments = [
        argument
        for each in requirements
        for argument in (("-e", str(each)) if isinstance(each, Path) else (each,))
    ]
    command = [
        uv.find_uv_bin(),
        "pip",
        "install",
        "-q",
        "--python",
        str(python),
        *options,
        *arguments,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """One user at one machine: an interpreter, a configuration, a cache, a current folder.

    It finds the service of its machine by the state folder, as anybody would. ``variables``
    are set on top of the environment. Its programs are warm (`support.services.warm_start`)
    unless it is asked for cold ones.
    """

    python: Path
    folder: Path
    cache: Path
    state: Path
    variables: dict[str, str]
    is_warm: bool = True

    @classmethod
    def of(cls, python: Path, folder: Path, *, cache: Path, service: ParkService) -> Client:
        """Return a client in ``folder`` on the machine of ``service``."""
        folder.mkdir(parents=True, exist_ok=True)
        return cls(python=python, folder=folder, cache=cache, state=service.state, variables={})

    def with_variables(self, **variables: str) -> Client:
        """Return this client with more environment variables."""
        return replace(self, variables=self.variables | variables)

    def cold(self) -> Client:
        """Return this client with programs that an interpreter of their own imports."""
        return replace(self, is_warm=False)

    @property
    def configuration(self) -> Path:
        """The user's configuration file."""
        return self.folder / "park.toml"

    def environ(self) -> dict[str, str]:
        """Return the environment of the user's commands."""
        own = own_environ(
            PARK_CONFIG=self.configuration, PARK_CACHE_DIR=self.cache, PARK_STATE_DIR=self.state
        )
        return own | self.variables

    def _run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        if self.is_warm:
            return ran(command, self.environ(), self.folder, LIMIT_S)
        return subprocess.run(
            command,
            env=self.environ(),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    def run(
        self, *arguments: str | Path, status: int = 0, quotes_traceback: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run ``park`` with ``arguments``; it must exit with ``status``, without a traceback.

        With ``quotes_traceback`` there may be one: that of the user's own code.
        """
        done = self._run(self.python.with_name("park"), *arguments)
        assert done.returncode == status, f"{done.args}\n{done.stdout}\n{done.stderr}"
        assert quotes_traceback or "Traceback" not in done.stderr, done.stderr
        return done

    def json(self, *arguments: str | Path, status: int = 0) -> Any:
        """Run ``park`` with ``arguments`` and ``--json``; return the document on stdout."""
        return json.loads(self.run(*arguments, "--json", status=status).stdout)

    def error(self, *arguments: str | Path, status: int, quotes_traceback: bool = False) -> str:
        """Run ``park``, which must fail; return its message and hint."""
        done = self.run(*arguments, status=status, quotes_traceback=quotes_traceback)
        assert done.stdout == ""
        # progress may come first; the message, its further lines and the hint come last
        _, found, message = f"\n{done.stderr}".rpartition("\npark: error: ")
        assert found, done.stderr
        return message

    def submit(self, entry_point: str, *options: str, **arguments: Any) -> str:
        """Submit a job from the command line; return its id."""
        answer = self.json("submit", entry_point, *options, *as_options(arguments))
        return str(answer["id"])

    def call(self, entry_point: str, *options: str, **arguments: Any) -> Any:
        """Run a job from the command line, to its result."""
        answer = self.json("run", entry_point, *options, *as_options(arguments))
        assert answer["status"] == "completed", answer
        return answer["result"]

    def events(self) -> list[dict[str, Any]]:
        """Return the events of this user on the service of this machine."""
        code = (
            "import json; from park.client.service import remote_service as s; "
            "print(json.dumps(s()._transport.json('GET', '/api/v1/events?limit=10000')))"
        )
        found: list[dict[str, Any]] = self.script(code)
        return found

    def script(self, text: str, *arguments: str | Path) -> Any:
        """Run a Python script of the user (with warnings as errors); return what it prints."""
        done = self._run(self.python, "-W", "error", "-c", text, *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def as_options(arguments: dict[str, Any]) -> list[str]:
    """Return arguments of a job as options of the command line."""
    return [
        text
        for name, value in arguments.items()
        for text in (
            ("--file", f"{name}={value}")
            if isinstance(value, Path)
            else ("--arg", f"{name}={json.dumps(value)}")
        )
    ]


_INSTALLED: dict[tuple[Path, str], InstalledTree | None] = {}
"""How the last tree of a name was installed, for each interpreter."""


class ModelTree:
    """The working tree of a model: a copy that may be edited, installed where it is used."""

    def __init__(self, source: str | Path, folder: Path) -> None:
        if isinstance(source, str):
            self.root = copy_package(source, folder)
        else:
            self.root = Path(shutil.copytree(source, folder / source.name))

    def edit(self, path: str, before: str, after: str) -> None:
        """Replace ``before``, which must be there once, by ``after`` in a file of the tree.

        At once: who watches the tree sees the file as it was, or as it is, and never a half.
        """
        file = self.root / path
        text = file.read_text()
        assert text.count(before) == 1, f"{before!r} is {text.count(before)} times in {file}"
        edited = self.root.with_name(f"{self.root.name}.edited")  # outside of what is watched
        edited.write_text(text.replace(before, after))
        shutil.copymode(file, edited)
        # an editor does not write twice within one tick of the clock; a test does
        stat = edited.stat()
        os.utime(edited, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
        edited.replace(file)

    def install(self, python: Path) -> None:
        """Install it in editable mode, its requirements being there."""
        key = (python, self.root.name)
        known = _INSTALLED.get(key)
        moved = known.moved(self.root) if known else None
        if moved is None:
            uv_install(python, self.root, options=("--no-deps",))
            moved = InstalledTree.found(self.root, python)
        _INSTALLED[key] = moved


@dataclass(frozen=True, kw_only=True)
class Scientist:
    """Somebody whose model, which answers ``answer``, is installed here and on the service."""

    client: Client
    model: ModelTree
    answer: int


def client_with_jobs(folder: Path, jobs: str, *, cache: Path, service: ParkService) -> Client:
    """Return a client in ``folder`` whose light model has ``jobs``, more source of Python."""
    model = ModelTree("light-model", folder)
    model.edit("light_model.py", "ANSWER = 42\n", f"ANSWER = 42\n{jobs}")
    python = make_virtualenv(folder / "venv", model.root)
    client = Client.of(python, folder / "client", cache=cache, service=service)
    client.run("install", "light_model")
    return client
