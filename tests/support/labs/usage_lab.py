"""Real environments of wheels made on the spot, real jobs in them, and what these used."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from support.labs.environment_lab import fetch_from, lock_of, own_interpreter
from support.labs.job_lab import JobLab

from park.model.memo.difference import Difference, difference
from park.runtime.codec import CodecError, decode
from park_repo.wheelstore.store import WheelStore
from park_server.envs.overlay_trial import permitted_layout
from park_server.envs.pylock import Selection, select
from park_server.envs.realisation import Environments
from park_server.used.collection import Collection
from park_server.used.lock_views import Views
from park_server.used.outside import Outside

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from park.model.lock_hash import LockHash
    from park.model.memo.file_view import FileView
    from park.model.memo.usage import Usage
    from park_server.envs.interpreters import Interpreter

__all__ = ["Ran", "UsageLab"]


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A run: in which lock, what it returned (or its error), and what it used."""

    lock: LockHash
    value: Any
    usage: Usage
    files: tuple[str, ...] = ()


@dataclass
class UsageLab:
    """Locks, environments, an engine and views below one home."""

    home: Path
    locks: dict[LockHash, tuple[Selection, Interpreter]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.store = WheelStore(self.home / "store")
        layout, _ = permitted_layout(self.home)
        self.environments = Environments(self.home, self.store, layout=layout)
        self.interpreter = own_interpreter()
        self.views = Views(self.store, self._selected)
        self.outside = Outside()
        self.collection = Collection(self.outside)
        self._jobs = JobLab(self.home, self.home)

    def _selected(self, lock: LockHash) -> Any:
        return self.locks[lock]

    def lock(self, wheels: Iterable[Path], interpreter: Interpreter | None = None) -> LockHash:
        """Return a lock of ``wheels``, which are in the store; no environment is made."""
        wheels, interpreter = list(wheels), interpreter or self.interpreter
        selection = select(lock_of(wheels), interpreter)
        for path, locked in zip(sorted(wheels, key=_name), selection.wheels, strict=True):
            self.store.unpack(
                path,
                sha256=locked.sha256,
                python=interpreter.target.python,
                cache_tag=interpreter.cache_tag,
            )
        self.locks[selection.hash] = selection, interpreter
        return selection.hash

    def view(self, lock: LockHash) -> FileView:
        """Return the files of a lock."""
        found = self.views.view(lock)
        assert found is not None
        return found

    def run(self, wheels: Sequence[Path], *calls: tuple[Any, ...], **changes: Any) -> list[Ran]:
        """Run each of ``calls`` (entry point and arguments) in an environment of ``wheels``."""
        lock = self.lock(wheels)
        environment = self.environments.realise(
            lock_of(wheels), self.interpreter, fetch=fetch_from(wheels)
        )
        return asyncio.run(self._run(lock, environment.path, calls, changes))

    async def _run(
        self, lock: LockHash, environment: Path, calls: Sequence[Any], changes: dict[str, Any]
    ) -> list[Ran]:
        engine = self._jobs.engine(spares=1)
        found = []
        try:
            for entry_point, *arguments in calls:
                order = self._jobs.order(
                    entry_point,
                    *arguments,
                    lock_hash=lock,
                    environment=environment,
                    read_only=self.environments.protected,
                    **changes,
                )
                ended = await self._jobs.run(engine, order)
                outcome = ended.outcome or {"error": ended.detail}
                value = outcome.get("error")
                if "result" in outcome:
                    with suppress(CodecError):  # an array, say, and no numpy here
                        value = decode(outcome["result"], set_hash="set")
                usage = self.collection.collected(
                    order.directory, 1, environment=environment, view=self.view(lock)
                )
                files = tuple(sorted(path.name for path in order.directory.iterdir()))
                found.append(Ran(lock=lock, value=value, usage=usage, files=files))
        finally:
            await engine.shut_down()
        return found

    def changed(
        self, ran: Ran, wheels: Iterable[Path], interpreter: Interpreter | None = None
    ) -> Difference | None:
        """Return why what ran is no answer in the lock of ``wheels``; None where it is one."""
        lock = self.lock(wheels, interpreter)
        assert ran.usage.never is None, ran.usage.never
        if ran.usage.only_this_lock is not None and lock != ran.lock:
            return Difference(changes=(ran.usage.only_this_lock,))
        if lock != ran.lock:
            inside = difference(ran.usage, self.view(lock), self.view(ran.lock))
            if inside is not None:
                return inside
        return self.outside.outside_changed(ran.usage)


def _name(path: Path) -> str:
    return path.name.partition("-")[0].lower().replace("_", "-")
