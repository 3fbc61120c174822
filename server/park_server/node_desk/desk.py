"""What a node asks for the one attempt that it has: its order, the wheels and inputs of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from park.errors import UnknownItem
from park.model.ids import JobId
from park_repo.database import Database
from park_server.content import ContentStore
from park_server.envs import environment_rows
from park_server.envs.fill import Fetch
from park_server.envs.interpreters import Interpreter, interpreter_for
from park_server.envs.pylock import LockedWheel, load, select
from park_server.jobs.engines.node_order import NodeOrder, read_order
from park_server.jobs.files.input_files import files_in
from park_server.node_desk.intake import NodeFolder
from park_server.node_desk.machinery import Machinery

__all__ = ["NodeDesk"]

Attempt = tuple[JobId, int]


class NodeDesk:
    """Answers the nodes of a service; ``folder_of`` tells the folder of a job. Thread-safe.

    ``fetch_for`` gives the wheels that a user may have. Nothing here is for an event loop.
    """

    def __init__(
        self,
        *,
        database: Database,
        folder_of: Callable[[JobId], Path],
        content: ContentStore,
        fetch_for: Callable[[str], Fetch],
        interpreters: Mapping[str, Interpreter],
        machinery: Machinery,
    ) -> None:
        self._database = database
        self._folder_of = folder_of
        self._content = content
        self._fetch_for = fetch_for
        self._interpreters = interpreters
        self.machinery = machinery

    def folder(self, attempt: Attempt) -> NodeFolder:
        """Return what takes in what comes back."""
        return NodeFolder(self._folder_of(attempt[0]), attempt[1])

    def order(self, attempt: Attempt) -> dict[str, Any]:
        """Return what a node is told: its order, the lock, the arguments, what else is to come."""
        order = self._order(attempt)
        lock = self._lock(order.lock_hash)
        call = self._call(attempt)
        return {
            "order": order.order,
            "lock_hash": order.lock_hash,
            "lock": lock.document,
            "python": lock.python,
            "call": call,
            "inputs": [{"sha256": sha256, "name": name} for sha256, name in _inputs(call)],
            "machinery": self.machinery.made()[0],
        }

    def wheel(self, attempt: Attempt, sha256: str) -> Path:
        """Return the file of a wheel that the lock of the attempt selects."""
        lock = self._lock(self._order(attempt).lock_hash)
        wheel = self._selected(lock).get(sha256)
        if wheel is None:
            raise UnknownItem(f"the lock of this attempt has no wheel with the SHA-256 {sha256}")
        return self._fetch_for(lock.user)(wheel, lambda _: None)

    def input(self, attempt: Attempt, sha256: str) -> Path:
        """Return a file that is an argument of the attempt."""
        if sha256 not in {found for found, _ in _inputs(self._call(attempt))}:
            raise UnknownItem(f"this attempt has no input with the SHA-256 {sha256}")
        return self._content.path_of(sha256)

    def _order(self, attempt: Attempt) -> NodeOrder:
        found = read_order(self._folder_of(attempt[0]), attempt[1])
        if found is None:
            raise UnknownItem(f"the attempt {attempt[1]} of job {attempt[0]} is for no such node")
        return found

    def _call(self, attempt: Attempt) -> str:
        return (self._folder_of(attempt[0]) / "call.json").read_text(encoding="ascii")

    def _lock(self, lock_hash: str) -> environment_rows.Lock:
        return self._database.read(lambda c: environment_rows.lock(c, lock_hash))

    def _selected(self, lock: environment_rows.Lock) -> dict[str, LockedWheel]:
        interpreter = interpreter_for(self._interpreters, lock.python)
        wheels = select(load(lock.document.encode()), interpreter).wheels
        return {wheel.sha256: wheel for wheel in wheels}


def _inputs(call: str) -> Iterator[tuple[str, str]]:
    return iter(dict.fromkeys(files_in(json.loads(call))))
