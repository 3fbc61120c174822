"""What the handles of jobs and installs have in common: an id on a service, and conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from park.client.jobs.when import Condition
from park.model.conditions import Leaf, Phase

if TYPE_CHECKING:
    from park.client.connection import Connection
    from park.client.service import Service
    from park.client.submission.item import Item

__all__ = ["Handle"]


class Handle:
    """Something on a service that was given its id here; perhaps it is still on its way."""

    def __init__(self, connection: Connection, id: str, item: Item | None) -> None:  # noqa: A002 (the field's name)
        self._connection = connection
        self._id = id
        self._item = item

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Handle) and other._id == self._id

    def __hash__(self) -> int:
        return hash(self._id)

    @property
    def id(self) -> str:
        """The id, made by the client: a UUIDv7."""
        return self._id

    @property
    def service(self) -> Service:
        """The service that it is on."""
        from park.client.service import Service

        return Service(self._connection.transport)

    @property
    def connection(self) -> Connection:
        """The connection to the service that it is on."""
        return self._connection

    @property
    def item(self) -> Item | None:
        """It on its way; None where it was there before this process knew of it."""
        return self._item

    def _leaf(self, phase: Phase) -> Leaf:
        """Return what says that it is in ``phase``."""
        raise NotImplementedError

    def confirm(self, timeout: float | None = None) -> None:
        """Wait until the service has it; raises what its submission raised."""
        raise NotImplementedError

    def _is(self, phase: Phase) -> Condition:
        return Condition(self._leaf(phase), (self,))

    @property
    def iscompleted(self) -> Condition:
        """The condition that it ended well: a job with a result, an install with an environment."""
        return self._is(Phase.COMPLETED)

    @property
    def isfailed(self) -> Condition:
        """The condition that it failed: a job with its retries spent, an install for good."""
        return self._is(Phase.FAILED)

    @property
    def isfinished(self) -> Condition:
        """The condition that it has ended, however."""
        return self._is(Phase.FINISHED)
