"""The environments of a service: realised from locks, checked before use, repaired.

Layout, under the service's home::

    envs/v1/<lock hash>/     an environment: links into the store, scripts, its manifest
    templates/v1/…           the skeletons that environments are copied from

An environment is built beside its place and renamed into it, under a lock per lock hash:
concurrent requests build once, and after a crash there is nothing half-made.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from packaging.pylock import Pylock

from park.errors import EnvironmentMismatch, ServiceFault
from park.model.locks import LockHash
from park_repo import wheelstore_disk as disk
from park_repo.wheelstore import StoreKey, WheelStore, store_key
from park_repo.wheelstore_manifest import Damage, changed_stamps
from park_server.envs.build import build
from park_server.envs.environment import MANIFEST, Environment, parse_manifest
from park_server.envs.fill import Fetch, fill_store
from park_server.envs.interpreters import Interpreter
from park_server.envs.lock import select
from park_server.envs.progress import OnProgress, ignore_progress
from park_server.envs.template import Templates

__all__ = ["Environments"]

_FORMAT = "v1"
_SHOWN_DAMAGES = 5


class Environments:
    """The environments under ``home``, made of the wheels in ``store``. Thread-safe."""

    def __init__(self, home: Path, store: WheelStore) -> None:
        # physical paths: relative links climb by them
        home = home.resolve()
        self._folder = home / "envs" / _FORMAT
        self._folder.mkdir(parents=True, exist_ok=True)
        self._store = store
        self._templates = Templates(home / "templates")

    @property
    def protected(self) -> tuple[Path, ...]:
        """The folders that jobs must not be able to write to."""
        return self._folder, self._store.folder

    def realise(
        self,
        lock: Pylock,
        interpreter: Interpreter,
        *,
        fetch: Fetch,
        progress: OnProgress = ignore_progress,
    ) -> Environment:
        """Return the environment of ``lock``, made now if it is absent or damaged.

        Raises `ResolutionFailed` where the lock selects nothing for ``interpreter``,
        `CannotSatisfy` for a wheel that cannot be had, and `ServiceFault` where the disk
        fails.
        """
        selection = select(lock, interpreter)
        name = selection.hash
        with _disk_faults(name), disk.key_lock(self._folder, name):
            entries = fill_store(
                self._store, selection, interpreter, fetch=fetch, progress=progress
            )
            existing = self.get(name)
            if existing is not None and not _changes(existing):
                return existing
            disk.quarantine(self._folder, name)
            return build(
                self._folder / name,
                selection,
                interpreter,
                skeleton=self._templates.skeleton(interpreter),
                entries=entries,
                progress=progress,
            )

    def get(self, lock_hash: LockHash) -> Environment | None:
        """Return the environment as its manifest describes it; None if absent or unreadable."""
        try:
            return self._read(lock_hash)
        except EnvironmentMismatch:
            return None

    def list(self) -> list[Environment]:
        """Return every environment whose manifest can be read, sorted by lock hash."""
        names = sorted(path.name for path in self._folder.iterdir() if path.name[0] != ".")
        found = (self.get(LockHash(name)) for name in names)
        return [environment for environment in found if environment is not None]

    def check(self, lock_hash: LockHash) -> Environment:
        """Return the environment if a job may start in it; about 1 ms.

        Raises `EnvironmentMismatch` where there is none, its manifest is damaged or bears
        another hash, something in it was changed, or one of its wheels is not in the store.
        """
        environment = self._read(lock_hash)
        return _sound(environment, self._own_damages(environment))

    def verify(self, lock_hash: LockHash, *, thorough: bool = False) -> Environment:
        """As `check`, and compare every file of its wheels in the store as well.

        By stamps, about 5 µs a file; or, ``thorough``, by digests. Raises
        `EnvironmentMismatch` with all that is damaged in ``details["damages"]``.
        """
        environment = self._read(lock_hash)
        in_store = tuple(
            Damage(path=f"{entry.name}: {damage.path}", what=damage.what)
            for entry in map(self._store.get, _keys(environment))
            if entry is not None
            for damage in self._store.verify(entry, thorough=thorough)
        )
        return _sound(environment, self._own_damages(environment) + in_store)

    def repair(
        self,
        lock: Pylock,
        interpreter: Interpreter,
        *,
        fetch: Fetch,
        progress: OnProgress = ignore_progress,
    ) -> Environment:
        """Return the environment of ``lock`` after what is damaged was made anew.

        A store entry of which only times or inodes changed (a copied home) is kept. Every
        environment that shares a damaged entry refuses until its wheel is unpacked again.
        """
        for wheel in select(lock, interpreter).wheels:
            entry = self._store.get(store_key(wheel.sha256, interpreter.cache_tag))
            if entry is not None and self._store.verify(entry):
                if self._store.verify(entry, thorough=True):
                    self._store.quarantine(entry.key)
                else:
                    self._store.restamp(entry)
        return self.realise(lock, interpreter, fetch=fetch, progress=progress)

    def remove(self, lock_hash: LockHash) -> None:
        """Remove an environment; the lock and the wheels bring it back."""
        with disk.key_lock(self._folder, lock_hash):
            disk.quarantine(self._folder, lock_hash)
        disk.sweep_beside(self._folder)

    def sweep(self) -> tuple[str, ...]:
        """Remove what earlier processes left unfinished or in quarantine; return the names."""
        return (
            *self._store.sweep(),
            *self._templates.sweep(),
            *disk.sweep_beside(self._folder),
        )

    def _own_damages(self, environment: Environment) -> tuple[Damage, ...]:
        """Return what was changed in the environment, and the wheels that it lacks."""
        missing = (key for key in _keys(environment) if not self._store.has(key))
        return (
            *_changes(environment),
            *(Damage(path=key, what="missing from the wheel store") for key in missing),
        )

    def _read(self, lock_hash: LockHash) -> Environment:
        path = self._folder / lock_hash
        try:
            content = (path / MANIFEST).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            raise EnvironmentMismatch(
                f"this service has no environment {lock_hash}",
                hint="install the project again: park install MODULE",
            ) from None
        return parse_manifest(content, path, lock_hash)


def _changes(environment: Environment) -> list[Damage]:
    return [
        damage
        for damage in changed_stamps(environment.path, environment.stamps)
        if damage.path != MANIFEST
    ]


def _keys(environment: Environment) -> Iterator[StoreKey]:
    return (store_key(p.sha256, environment.cache_tag) for p in environment.packages)


def _sound(environment: Environment, damages: tuple[Damage, ...]) -> Environment:
    if not damages:
        return environment
    shown = "; ".join(str(damage) for damage in damages[:_SHOWN_DAMAGES])
    more = len(damages) - _SHOWN_DAMAGES
    raise EnvironmentMismatch(
        f"environment {environment.lock_hash} was changed since it was made: {shown}"
        + (f"; and {more} more" if more > 0 else ""),
        hint="the service repairs it; ask again, or install again",
        details={"damages": [str(damage) for damage in damages]},
    )


@contextmanager
def _disk_faults(lock_hash: LockHash) -> Iterator[None]:
    """Say what the disk refused; what was half-made is removed by then."""
    try:
        yield
    except OSError as err:
        full = err.errno in {errno.ENOSPC, errno.EDQUOT}
        raise ServiceFault(
            f"cannot realise environment {lock_hash}: {err}",
            hint="free space on the service's disk, and ask again" if full else None,
        ) from err
