"""The commits of a service's jobs, and what follows them: one object, made before its parts."""

from __future__ import annotations

from typing import TypeVar

from park_repo.database import Change, Database, Joint
from park_server.disk import Disk
from park_server.jobs.conditions.effects import Effects
from park_server.topic import Topic

__all__ = ["Commits"]

T = TypeVar("T")
Item = TypeVar("Item")


class Commits(Topic[Effects]):
    """Commits changes of jobs; the topic of what follows them.

    A part that acts on effects subscribes when it is made, takes what concerns it and leaves
    the rest. All methods belong to the event loop.
    """

    def __init__(self, database: Database, disk: Disk) -> None:
        super().__init__()
        self._database = database
        self._disk = disk

    async def write(self, change: Change[T]) -> T:
        """Commit ``change``, however long the disk refuses it: whoever caused it has gone on."""
        return await self._disk.patiently(lambda: self._database.awrite(change))

    async def write_joint(self, joint: Joint[Item, T], item: Item) -> T:
        """Commit the change of ``item``, with others of its kind that wait, as `write` does."""
        return await self._disk.patiently(lambda: self._database.awrite_joint(joint, item))

    def publish_once(self, effects: Effects) -> None:
        """Publish what several have caused together, unless another of them has."""
        if not effects.is_published:
            effects.is_published = True
            self.publish(effects)

    async def settle(self, change: Change[Effects]) -> None:
        """Commit ``change`` as `write` does, and publish its effects."""
        self.publish(await self.write(change))
