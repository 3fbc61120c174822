"""The environment of a job, realised on the node itself: from the lock, by the same manifest.

Wheels come out of the service's index, each once, and are unpacked once into the store of the
node. From then on an environment is a farm of links, and costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from park.errors import EnvironmentMismatch
from park.model.lock_hash import LockHash
from park_repo import durable as disk
from park_repo.wheelstore.store import WheelStore
from park_server.envs.environment import Environment
from park_server.envs.interpreters import default_candidates, discover, interpreter_for
from park_server.envs.overlay_trial import permitted_layout
from park_server.envs.pylock import LockedWheel, load, select
from park_server.envs.realisation import Environments

__all__ = ["realised"]

Download = Callable[[str, Path, str], object]
"""Brings what is at a path of the service to a file here, whose SHA-256 is known."""


def realised(
    store: Path, *, lock: str, lock_hash: LockHash, python: str, download: Download
) -> Environment:
    """Return the environment ``lock_hash`` of the ``lock`` below ``store``, whole.

    Raises `EnvironmentMismatch` where this node would get another one than the service has, and
    what `Environments.realise` raises.
    """
    interpreter = interpreter_for(discover(_candidates(python)), python)
    document = load(lock.encode())
    selected = select(document, interpreter).hash
    if selected != lock_hash:
        raise EnvironmentMismatch(
            f"the lock selects {selected} on this node ({interpreter.target.platform}, Python"
            f" {interpreter.version}), and {lock_hash} on the service",
            hint="nodes need the platform and the Python of their service",
        )
    layout, _ = permitted_layout(store)
    environments = Environments(store, WheelStore(store / "store"), layout=layout)
    with suppress(EnvironmentMismatch):
        return environments.verify(lock_hash)
    fetch = _Fetch(store / "wheels", download)
    environment = environments.repair(document, interpreter, fetch=fetch)
    environments.compile(environment, interpreter)
    return environments.verify(environment.lock_hash)


def _candidates(python: str) -> list[Path]:
    """Return the interpreters to ask: those that may be of the minor ``python``."""
    return [path for path in default_candidates() if path.name in {f"python{python}", "python3"}]


class _Fetch:
    """Gives the file of a wheel: brought out of the service's index once, for all of the node."""

    def __init__(self, folder: Path, download: Download) -> None:
        self._folder = folder
        self._download = download

    def __call__(self, wheel: LockedWheel, received: Callable[[int], object]) -> Path:
        final = self._folder / wheel.sha256 / wheel.filename
        if not final.exists():
            final.parent.mkdir(parents=True, exist_ok=True)
            with disk.key_lock(self._folder, wheel.sha256):
                if not final.exists():
                    self._download(f"wheels/{wheel.sha256}", final, wheel.sha256)
                    received(final.stat().st_size)
        return final
