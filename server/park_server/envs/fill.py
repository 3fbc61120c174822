"""Bring the wheels of a selection into the store: fetch and unpack, then compile, in parallel."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from threading import BoundedSemaphore, Event, Thread
from typing import Self

from park.errors import CannotSatisfy, ParkError
from park_repo.wheelstore.bytecode import BytecodeCompiler
from park_repo.wheelstore.entry import StoreEntry, store_key
from park_repo.wheelstore.store import WheelStore
from park_server.envs.interpreters import Interpreter
from park_server.envs.pylock import LockedWheel, Selection
from park_server.envs.realise_progress import Counter, OnProgress

__all__ = ["Fetch", "compile_entries", "fill_store"]

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

    They need not be compiled. The largest wheels start first, so that no core waits at the
    end. The first failure ends the whole: what is finished stays for the next time.
    """
    found = {w: store.get(store_key(w.sha256, interpreter.cache_tag)) for w in selection.wheels}
    missing = [wheel for wheel, entry in found.items() if entry is None]
    if missing:
        with (
            _Ahead(store, interpreter, progress) as ahead,
            _Filler(store, interpreter, fetch, progress, ahead.compile) as filler,
        ):
            found.update(filler.fill(sorted(missing, key=lambda w: -(w.size or 0))))
    return [entry for entry in found.values() if entry is not None]


def compile_entries(
    store: WheelStore,
    entries: Iterable[StoreEntry],
    interpreter: Interpreter,
    *,
    progress: OnProgress,
) -> None:
    """Compile those of ``entries`` that are not compiled yet; jobs may use them meanwhile.

    One that is put aside meanwhile is left out: whoever brings it back has it compiled.
    """
    waiting = [entry for entry in entries if not entry.bytecode]
    if not waiting:
        return
    counter = Counter("compile", "files", progress)
    modules = {entry.key: len(store.modules(entry)) for entry in waiting}
    counter.expect(sum(modules.values()))
    with _compiler_of(interpreter) as compiler, ThreadPoolExecutor(_cores() + 1) as threads:

        def compiled(entry: StoreEntry) -> None:
            def advance(done: int) -> None:
                modules[entry.key] -= done
                counter.advance(done)

            with suppress(CannotSatisfy):
                store.compile(entry, compiler, advance)
            advance(modules[entry.key])  # what somebody else has compiled meanwhile

        list(threads.map(compiled, sorted(waiting, key=lambda entry: -entry.files)))


def _compiler_of(interpreter: Interpreter, processes: int | None = None) -> BytecodeCompiler:
    return BytecodeCompiler(
        interpreter.executable,
        python=interpreter.target.python,
        cache_tag=interpreter.cache_tag,
        processes=processes,
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0))


class _Ahead:
    """Compiles what is unpacked while the rest still is, on the cores which that leaves.

    Unpacking needs one core. At the end of the ``with`` block the wheel at hand is finished
    by a thread of its own; the others are left to `compile_entries`.
    """

    def __init__(self, store: WheelStore, interpreter: Interpreter, progress: OnProgress) -> None:
        self._store = store
        self._interpreter = interpreter
        self._counter = Counter("compile", "files", progress)
        self._entries: SimpleQueue[StoreEntry | None] = SimpleQueue()
        self._is_over = Event()

    def __enter__(self) -> Self:
        if _cores() > 1:
            Thread(target=self._work, name="park-compile-ahead", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._entries.put(None)

    def compile(self, entry: StoreEntry) -> None:
        """Have ``entry`` compiled if there is time."""
        self._entries.put(entry)

    def _work(self) -> None:
        with _compiler_of(self._interpreter, _cores() - 1) as compiler:
            while (entry := self._entries.get()) is not None and not self._is_over.is_set():
                # whatever is wrong with it, `compile_entries` meets it again, and says so
                with suppress(ParkError, OSError):
                    self._counter.expect(len(self._store.modules(entry)))
                    self._store.compile(entry, compiler, self._counter.advance)


class _Filler:
    """The work for one selection's missing wheels; ``unpacked`` hears of each entry."""

    def __init__(
        self,
        store: WheelStore,
        interpreter: Interpreter,
        fetch: Fetch,
        progress: OnProgress,
        unpacked: Callable[[StoreEntry], object],
    ) -> None:
        self._store = store
        self._unpacked = unpacked
        self._interpreter = interpreter
        self._fetch = fetch
        self._threads = ThreadPoolExecutor(_DOWNLOADS)
        self._cores = BoundedSemaphore(_cores() + 1)
        self._download = Counter("download", "bytes", progress)
        self._unpack = Counter("unpack", "wheels", progress)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)

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
            entry = self._store.unpack(
                path,
                sha256=wheel.sha256,
                python=self._interpreter.target.python,
                cache_tag=self._interpreter.cache_tag,
            )
        self._unpack.advance()
        self._unpacked(entry)
        return entry

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
