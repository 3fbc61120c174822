"""The environments of a service: realised from locks, checked before use, repaired.

Layout, under the service's home::

    envs/v1/<lock hash>/     an environment: links into the store, scripts, its manifest
    templates/v1/…           the skeletons that environments are copied from

An environment is built beside its place and renamed into it, under a lock per lock hash:
concurrent requests build once, and after a crash there is nothing half-made.
"""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from packaging.pylock import Pylock

from park.errors import EnvironmentMismatch, ServiceFault
from park.model.lock_hash import LockHash
from park_repo import durable as disk
from park_repo.wheelstore.entry import StoreEntry, StoreKey, store_key
from park_repo.wheelstore.manifest import Damage, changed_stamps
from park_repo.wheelstore.store import WheelStore
from park_server.envs.environment import MANIFEST, Environment, Layout, parse_manifest
from park_server.envs.farm.farm_build import build
from park_server.envs.farm.template import Templates
from park_server.envs.fill import Fetch, compile_entries, fill_store
from park_server.envs.interpreters import Interpreter
from park_server.envs.pylock import select
from park_server.envs.realise_progress import OnProgress, ignore_progress

__all__ = ["Environments"]

_FORMAT = "v1"
_SHOWN_DAMAGES = 5


class Environments:
    """The environments under ``home``, made of the wheels in ``store``. Thread-safe.

    ``layout`` is how new ones are made, by what the machine permits. ``busy`` names those in
    which jobs run: what such a job began with, and was found damaged since, stays aside for it.
    """

    def __init__(
        self,
        home: Path,
        store: WheelStore,
        *,
        layout: Layout = Layout.OVERLAY,
        busy: Callable[[], Collection[LockHash]] = tuple,
    ) -> None:
        self.layout = layout
        # physical paths: relative links climb by them
        home = home.resolve()
        self._folder = home / "envs" / _FORMAT
        self._folder.mkdir(parents=True, exist_ok=True)
        self._store = store
        self._templates = Templates(home / "templates")
        self._busy = busy
        self._keys: dict[LockHash, tuple[StoreKey, ...]] = {}
        self._in_the_making: Counter[StoreKey] = Counter()
        self._counting = Lock()

    @property
    def protected(self) -> tuple[Path, ...]:
        """The folders that jobs must not be able to write to."""
        return self._folder, self._store.folder

    @property
    def store_folder(self) -> Path:
        """The folder of the wheel store's entries."""
        return self._store.folder

    def realise(
        self,
        lock: Pylock,
        interpreter: Interpreter,
        *,
        fetch: Fetch,
        progress: OnProgress = ignore_progress,
    ) -> Environment:
        """Return the environment of ``lock``, made now if it is absent or damaged.

        It is of use at once; `compile` gives its wheels the bytecode that they lack.
        Raises `ResolutionFailed` where the lock selects nothing for ``interpreter``,
        `CannotSatisfy` for a wheel that cannot be had, and `ServiceFault` where the disk
        fails.
        """
        selection = select(lock, interpreter)
        name = selection.hash
        keys = [store_key(wheel.sha256, interpreter.cache_tag) for wheel in selection.wheels]
        with _disk_faults(name), self._making(keys), disk.key_lock(self._folder, name):
            entries = fill_store(
                self._store, selection, interpreter, fetch=fetch, progress=progress
            )
            existing = self.get(name)
            if existing is not None and not self._own_faults(existing):
                return existing
            return build(
                self._folder / name,
                selection,
                interpreter,
                skeleton=self._templates.skeleton(interpreter),
                entries=entries,
                layout=self.layout,
                progress=progress,
            )

    def compile(
        self,
        environment: Environment,
        interpreter: Interpreter,
        *,
        progress: OnProgress = ignore_progress,
    ) -> None:
        """Compile the wheels of ``environment`` that are not compiled; jobs may run meanwhile.

        Raises `ServiceFault` where the disk fails.
        """
        entries = filter(None, map(self._store.get, environment.store_keys))
        with _disk_faults(environment.lock_hash):
            compile_entries(self._store, entries, interpreter, progress=progress)

    def has_bytecode(self, environment: Environment) -> bool:
        """Tell whether every wheel of ``environment`` is compiled."""
        entries = map(self._store.get, environment.store_keys)
        return all(entry is not None and entry.bytecode for entry in entries)

    def size_of(self, environment: Environment) -> int:
        """Return the bytes of ``environment`` and of all that it links to."""
        entries = filter(None, map(self._store.get, environment.store_keys))
        return environment.size_own + sum(entry.size_bytes for entry in entries)

    def get(self, lock_hash: LockHash) -> Environment | None:
        """Return the environment as its manifest describes it; None if absent or unreadable."""
        try:
            return self._read(lock_hash)
        except EnvironmentMismatch:
            return None

    def list(self) -> list[Environment]:
        """Return every environment whose manifest can be read, sorted by lock hash."""
        found = map(self.get, self.names())
        return [environment for environment in found if environment is not None]

    def names(self) -> tuple[LockHash, ...]:
        """Return the lock hashes of the environments, sound or not, sorted."""
        names = (path.name for path in self._folder.iterdir() if path.name[0] != ".")
        return tuple(sorted(map(LockHash, names)))

    def path_of(self, lock_hash: LockHash) -> Path:
        """Return where the environment is, or would be."""
        return self._folder / lock_hash

    def keys_of(self, lock_hash: LockHash) -> tuple[StoreKey, ...]:
        """Return the store entries that an environment links to; none where it is unreadable.

        A lock hash stands for its wheels, so a manifest is read for it once.
        """
        keys = self._keys.get(lock_hash)
        if keys is None:
            environment = self.get(lock_hash)
            if environment is None:
                return ()
            keys = self._keys[lock_hash] = environment.store_keys
        return keys

    def sharing(self, lock_hash: LockHash) -> tuple[LockHash, ...]:
        """Return ``lock_hash``, and the environments that link to an entry which it links to."""
        keys = set(self.keys_of(lock_hash))
        others = (n for n in self.names() if n != lock_hash and keys.intersection(self.keys_of(n)))
        return (lock_hash, *others)

    def entries(self) -> Iterable[StoreEntry]:
        """Yield the entries of the wheel store."""
        return self._store.entries()

    def sizes(self) -> dict[StoreKey, int]:
        """Return what each entry of the wheel store takes; cheap where nothing has changed."""
        return self._store.sizes()

    def verify(
        self,
        lock_hash: LockHash,
        *,
        thorough: bool = False,
        only: Collection[StoreKey] | None = None,
    ) -> Environment:
        """Return the environment if a job may start in it, with all its wheels in the store.

        Every file is compared by its stamp, about 5 µs each; or, ``thorough``, by its digest.
        ``only`` names the entries of the store that are worth a look. Raises
        `EnvironmentMismatch` where there is none, its manifest is damaged or bears another
        hash, something in it was changed, or one of its wheels is not in the store; with all
        that is damaged in ``details["damages"]``.
        """
        environment = self._read(lock_hash)
        keys = [key for key in environment.store_keys if only is None or key in only]
        in_store = tuple(
            Damage(path=f"{entry.name}: {damage.path}", what=damage.what)
            for entry in filter(None, map(self._store.get, keys))
            for damage in self._damages_of(entry, thorough=thorough)
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
            self._store.heal(store_key(wheel.sha256, interpreter.cache_tag))
        return self.realise(lock, interpreter, fetch=fetch, progress=progress)

    def remove(self, lock_hash: LockHash) -> None:
        """Remove an environment; the lock and the wheels bring it back."""
        with disk.key_lock(self._folder, lock_hash):
            aside = disk.quarantine(self._folder, lock_hash)
            if aside is not None:
                disk.remove_tree(aside)
        disk.sweep_beside(self._folder, in_use=self._busy())

    def remove_unused(self) -> int:
        """Remove the store entries that no environment links to; return their bytes.

        What is being realised at this moment keeps its entries.
        """
        with self._counting:
            kept = {key for name in self.names() for key in self.keys_of(name)}
            kept.update(key for key, users in self._in_the_making.items() if users)
            unused = [entry for entry in self._store.entries() if entry.key not in kept]
            for entry in unused:
                self._store.remove(entry.key)
            disk.sweep_beside(self._store.folder, in_use=self._keys_in_use())
        return sum(entry.size_bytes for entry in unused)

    @contextmanager
    def _making(self, keys: Iterable[StoreKey]) -> Iterator[None]:
        """Keep `remove_unused` off ``keys``."""
        keys = list(keys)
        with self._counting:
            self._in_the_making.update(keys)
        try:
            yield
        finally:
            with self._counting:
                self._in_the_making.subtract(keys)
                self._in_the_making = +self._in_the_making

    @property
    def store(self) -> WheelStore:
        """The wheels that they are made of."""
        return self._store

    def sweep(self) -> tuple[str, ...]:
        """Remove what earlier processes left unfinished or in quarantine; return the names.

        What jobs run in, or began with, stays.
        """
        return (
            *self._store.sweep(in_use=self._keys_in_use()),
            *self._templates.sweep(),
            *disk.sweep_beside(self._folder, in_use=self._busy()),
        )

    def _keys_in_use(self) -> set[StoreKey]:
        return {key for name in self._busy() for key in self.keys_of(name)}

    def _damages_of(self, entry: StoreEntry, *, thorough: bool) -> tuple[Damage, ...]:
        """Return what was changed in ``entry``; where its stamps differ, its contents decide.

        An environment of hard links that comes or goes moves the change times there.
        """
        damages = self._store.verify(entry, thorough=thorough)
        return () if damages and self._store.accept(entry.key) else damages

    def _own_damages(self, environment: Environment) -> tuple[Damage, ...]:
        """Return what was changed in the environment, and the wheels that it lacks."""
        missing = (key for key in environment.store_keys if not self._store.has(key))
        return (
            *self._own_faults(environment),
            *(Damage(path=key, what="missing from the wheel store") for key in missing),
        )

    def _own_faults(self, environment: Environment) -> tuple[Damage, ...]:
        """Return what keeps a sound store from being seen through ``environment`` as it should."""
        changed = _changes(environment)
        if environment.layout is Layout.HARD_LINKS:
            return changed + self._unpacked_anew(environment)
        if self.layout is Layout.HARD_LINKS:
            what = "made for overlay mounts, which this machine permits no longer"
            return (*changed, Damage(path="", what=what))
        return changed

    def _unpacked_anew(self, environment: Environment) -> tuple[Damage, ...]:
        """Return the wheels of which ``environment`` shares files that the store has put aside."""
        keys = zip(environment.store_keys, environment.entry_inodes, strict=True)
        return tuple(
            Damage(path=key, what="unpacked anew")
            for key, inode in keys
            if self._store.has(key) and (self._store.folder / key).stat().st_ino != inode
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


def _changes(environment: Environment) -> tuple[Damage, ...]:
    found = changed_stamps(
        environment.path, environment.stamps, shared=environment.layout is Layout.HARD_LINKS
    )
    return tuple(damage for damage in found if damage.path != MANIFEST)


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
