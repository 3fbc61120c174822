"""Bring the wheels of a selection into the store: fetch, unpack and compile in parallel."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import BoundedSemaphore
from typing import Self

from park_repo.wheelstore import StoreEntry, WheelStore, store_key
from park_repo.wheelstore_bytecode import BytecodeCompiler
from park_server.envs.interpreters import Interpreter
from park_server.envs.lock import LockedWheel, Selection
from park_server.envs.progress import Counter, OnProgress

__all__ = ["Fetch", "fill_store"]

Fetch = Callable[[LockedWheel, Callable[[int], object]], Path]
"""Gives the file of a wheel; calls back with the bytes received since the last call."""

_DOWNLOADS = 8
"""Downloads at once: they wait for the network, not for a core."""


def fill_store(
    store: WheelStore,
    selection: Selection,
    interpreter: Interpreter,
    *,
    fetch: Fetch,
    progress: OnProgress,
) -> list[StoreEntry]:
    """Return the store entries of ``selection``, made where they are missing.

    The largest wheels start first, so that no core waits at the end. The first failure
    ends the whole: what is finished stays for the next time.
    """
    found = {w: store.get(store_key(w.sha256, interpreter.cache_tag)) for w in selection.wheels}
    missing = [wheel for wheel, entry in found.items() if entry is None]
    if missing:
        with _Filler(store, interpreter, fetch, progress) as filler:
            found.update(filler.fill(sorted(missing, key=lambda w: -(w.size or 0))))
    return [entry for entry in found.values() if entry is not None]


class _Filler:
    """The work for one selection's missing wheels."""

    def __init__(
        self, store: WheelStore, interpreter: Interpreter, fetch: Fetch, progress: OnProgress
    ) -> None:
        self._store = store
        self._fetch = fetch
        self._compiler = BytecodeCompiler(
            interpreter.executable,
            python=interpreter.target.python,
            cache_tag=interpreter.cache_tag,
        )
        self._threads = ThreadPoolExecutor(_DOWNLOADS)
        self._cores = BoundedSemaphore(len(os.sched_getaffinity(0)) + 1)
        self._download = Counter("download", "bytes", progress)
        self._unpack = Counter("unpack", "wheels", progress)
        self._compile = Counter("compile", "files", progress)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)
        self._compiler.close()

    def fill(self, wheels: Iterable[LockedWheel]) -> dict[LockedWheel, StoreEntry]:
        """Add each of ``wheels``; raises the first failure."""
        wheels = list(wheels)
        self._download.expect(sum(wheel.size or 0 for wheel in wheels))
        self._unpack.expect(len(wheels))
        pending = {wheel: self._threads.submit(self._add, wheel) for wheel in wheels}
        return {wheel: future.result() for wheel, future in pending.items()}

    def _add(self, wheel: LockedWheel) -> StoreEntry:
        path = self._fetched(wheel)
        with self._cores:
            return self._store.add(
                path,
                sha256=wheel.sha256,
                compiler=self._compiler,
                unpacked=self._unpacked,
                compiled=self._compile.advance,
            )

    def _fetched(self, wheel: LockedWheel) -> Path:
        """Fetch ``wheel`` and count its bytes, also those that did not need to travel."""
        received = 0

        def count(more: int) -> None:
            nonlocal received
            received += more
            self._download.advance(more)

        path = self._fetch(wheel, count)
        size = path.stat().st_size
        self._download.expect(size - (wheel.size or 0))
        self._download.advance(size - received)
        return path

    def _unpacked(self, modules: int) -> None:
        self._unpack.advance()
        self._compile.expect(modules)
