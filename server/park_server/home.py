"""The folders of a service, all below one home; format versions stand in their names."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import BaseFileLock, Timeout

from park.errors import Conflict, UsageError
from park.file_lock import lock_at
from park_repo.durable import write_durably, write_over
from park_server.ownership import claim_folder, read_secret

__all__ = ["Home", "stopped"]

_OTHERS, _OTHERS_WRITE = 0o077, 0o022

_PASSED = ("areas", "builds", "cache", "envs", "files", "homes", "jobs", "runtime", "store")
"""What the accounts of users pass, or read, of a home."""

_LEFT_S = 3.0
"""How long the lock of a killed service may outlive it: a process that it was starting has it too,
until that is another program (a restart was refused so, on a machine with ten times its load)."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where a service keeps everything that it knows and has."""

    path: Path

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.path / "park.sqlite"

    @property
    def token_file(self) -> Path:
        """The token of the service's user, readable by its owner only."""
        return self.path / "token"

    @property
    def identity_file(self) -> Path:
        """The key by which other services know this one, readable by its owner only."""
        return self.path / "identity"

    @property
    def sealing_file(self) -> Path:
        """The key of what the database keeps sealed, readable by its owner only."""
        return self.path / "sealing-key"

    @property
    def policy_file(self) -> Path:
        """Who may do what here, where the operator says so."""
        return self.path / "policy.toml"

    @property
    def index(self) -> Path:
        """The files of the package index."""
        return self.path / "index"

    @property
    def jobs(self) -> Path:
        """One folder for each job."""
        return self.path / "jobs"

    @property
    def files(self) -> Path:
        """Files by content: inputs that clients sent, outputs that jobs left."""
        return self.path / "files"

    @property
    def cache(self) -> Path:
        """What may be deleted at any time while the service is down."""
        return self.path / "cache"

    @property
    def compiled(self) -> Path:
        """What numba compiles in jobs: a folder for each user, whose to write it is."""
        return self.cache / "numba"

    @property
    def workflows(self) -> Path:
        """What large workflows look like: see `park_server.page.shapes.kept_shapes`."""
        return self.cache / "workflows" / "v1"

    def compiled_by(self, user: str) -> Path:
        """Return where that is of ``user``."""
        return self.compiled / (user or "_")

    @property
    def ballast(self) -> Path:
        """What holds room on the disk: see `park_server.retention.ballast`."""
        return self.path / "ballast"

    @property
    def inode_ballast(self) -> Path:
        """What holds files that can still be made, likewise."""
        return self.path / "ballast-files"

    def prepare(self) -> None:
        """Make the home (mode 0700): it holds other people's work and a token.

        Raises `UsageError` where it cannot be a folder, `NotPermitted` where it is not this
        user's alone.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            claim_folder(self.path)
            for folder in (self.index, self.jobs, self.files, self.cache):
                folder.mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise UsageError(
                f"cannot make the home {self.path}: {error.strerror} ({error.filename})",
                hint="name a folder that you may write to: park serve --home DIR",
            ) from error

    @property
    def homes(self) -> Path:
        """A folder for each user who has an account of his own."""
        return self.path / "homes"

    def let_accounts_pass(self) -> None:
        """Let the accounts of users get to what is theirs, and close all else to them.

        Raises `OSError`.
        """
        os.umask(_OTHERS_WRITE)  # what the service makes for jobs, they can read
        numba, areas = self.compiled, self.path / "areas"
        for folder in (areas / "v1" / "users", self.homes, numba):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for top, passed in ((self.path, _PASSED), (self.cache, (numba.name,))):
            for entry in top.iterdir():
                if entry.name not in passed and not entry.is_symlink():
                    entry.chmod(stat.S_IMODE(entry.stat().st_mode) & ~_OTHERS)
        through = (areas, areas / "v1", areas / "v1" / "users", self.homes, numba)
        for folder in (self.path, self.jobs, self.files, self.cache, *through):
            folder.chmod(0o711)

    def lock(self) -> BaseFileLock:
        """Take the home for this process, until it ends or lets the lock go.

        Raises `Conflict` where another service runs on the same home, after some seconds.
        """
        lock = lock_at(self.path / "lock")
        try:
            lock.acquire(timeout=_LEFT_S)
        except Timeout:
            raise Conflict(
                f"another park service runs on the home {self.path}",
                hint="stop it, or choose another folder with --home; with --standby this one waits "
                "for it to end",
            ) from None
        return lock

    def rotate_token(self) -> str:
        """Make another token in place of the one that is there; return it."""
        token = f"park_{secrets.token_urlsafe(32)}"
        write_over(self.token_file, f"{token}\n".encode())
        return token

    def node_key(self) -> bytes:
        """Return the key of the tokens of nodes, made at the first call, mode 0600.

        Raises what `read_secret` raises for a file that is not this user's.
        """
        path = self.path / "node-key"
        if not path.exists():
            write_durably(path, f"{secrets.token_hex(32)}\n".encode(), mode=0o600)
        return bytes.fromhex(read_secret(path))

    def token(self) -> str:
        """Return the token, made at the first call: 256 random bits, in a file of mode 0600.

        It appears whole or not at all, so that a crash never leaves an empty password.
        Raises what `read_secret` raises for a file that is no token of this user.
        """
        if not self.token_file.exists():
            token = f"park_{secrets.token_urlsafe(32)}\n"
            write_durably(self.token_file, token.encode(), mode=0o600)
        return read_secret(self.token_file)


@contextmanager
def stopped(home: Home) -> Iterator[None]:
    """Have ``home`` for this process alone; raises `Conflict` while a service runs on it."""
    try:
        lock = home.lock()
    except Conflict as error:
        raise Conflict(
            f"a park service runs on the home {home.path}",
            hint="stop it first (systemctl stop park, or SIGTERM); jobs that run go on meanwhile",
        ) from error
    try:
        yield
    finally:
        lock.release()
