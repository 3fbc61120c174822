"""Is an environment fit for a job? Known before every start, at the price of what was touched.

An environment, and each entry of the wheel store that it links to, is compared with its
manifest once, and watched from then on: as long as nothing touches it, it is known to be
whole, in microseconds. What is touched is compared again before the next use; what cannot
be watched, every time; and what is silent, now and then, while it is in use.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from threading import Lock

from park.errors import EnvironmentMismatch
from park.model.lock_hash import LockHash
from park_repo.wheelstore.entry import StoreKey
from park_server.envs.environment import Environment
from park_server.envs.inotify import Watch, best_watch
from park_server.envs.realisation import Environments

__all__ = ["Inspector"]

_AGAIN_AFTER_S = 60.0
"""How old the last comparison may be: a watch hears of a write through a memory map only when
the map is closed, and nothing of one that another machine makes on a shared file system."""


_NONE: frozenset[StoreKey] = frozenset()


class Inspector:
    """Inspects environments, remembering what was seen whole, and when. Thread-safe."""

    def __init__(
        self,
        environments: Environments,
        *,
        watch: Watch | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._environments = environments
        self._watch = watch or best_watch()
        self._clock = clock
        self._lock = Lock()
        self._whole_at: dict[str, float] = {}
        self._not_due_before: dict[LockHash, float] = {}
        self._known: dict[LockHash, tuple[Environment, frozenset[StoreKey]]] = {}

    def known(self, lock_hash: LockHash) -> Environment | None:
        """Return the environment if nothing touched it since it was seen whole, else None."""
        self._listen()
        environment, keys = self._known.get(lock_hash, (None, _NONE))
        if environment is None or lock_hash not in self._whole_at:
            return None
        return environment if self._whole_at.keys() >= keys else None

    def is_due(self, lock_hash: LockHash) -> bool:
        """Tell whether it is time to compare again what nothing is known to have touched.

        Asked before each start, and an environment has some dozens of wheels: what was seen whole
        is only ever seen so later, so all of them are asked for no sooner than one can be due.
        """
        now = self._clock()
        if now < self._not_due_before.get(lock_hash, now):
            return False
        names = (lock_hash, *self._environments.keys_of(lock_hash))
        due_at = min(self._whole_at.get(name, -math.inf) for name in names) + _AGAIN_AFTER_S
        self._not_due_before[lock_hash] = due_at
        return due_at <= now

    def inspect(self, lock_hash: LockHash) -> Environment:
        """Return the environment if a job may start in it.

        Its own manifest must bear ``lock_hash``, and nothing in it, nor in the wheels that
        it links to, may have changed. Compares what is not known to be whole: some 5 µs a
        file. Raises `EnvironmentMismatch`.
        """
        with self._lock:
            found = self.known(lock_hash)
            if found is not None and not self.is_due(lock_hash):
                return found
            oldest = self._clock() - _AGAIN_AFTER_S
            keys = self._environments.keys_of(lock_hash)
            unsure = {key for key in keys if self._whole_at.get(key, oldest) <= oldest}
            # watched first, then compared: no write falls between the two
            now = self._clock()
            folder = self._environments.path_of(lock_hash)
            watched: list[str] = [lock_hash] if self._watch.watch(lock_hash, folder) else []
            store = self._environments.store_folder
            watched += [key for key in unsure if self._watch.watch(key, store / key)]
            environment = self._verified(lock_hash, unsure)
            self._whole_at.update(dict.fromkeys(watched, now))
            self._known[lock_hash] = environment, frozenset(environment.store_keys)
            return environment

    def close(self) -> None:
        """Watch nothing any more."""
        self._watch.close()

    def _listen(self) -> None:
        """Hear what was touched: a file that an environment shares may be a file of a wheel."""
        for name in self._watch.touched():
            self._not_due_before.clear()
            for each in (name, *self._environments.keys_of(LockHash(name))):
                self._whole_at.pop(each, None)

    def _verified(self, lock_hash: LockHash, unsure: set[StoreKey]) -> Environment:
        """Compare; what does not pass is known no longer."""
        try:
            return self._environments.verify(lock_hash, only=unsure)
        except EnvironmentMismatch:
            for name in (lock_hash, *unsure):
                self._whole_at.pop(name, None)
            raise
