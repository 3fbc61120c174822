"""What stands for a job or an install in a script: an id on a service."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from park.client.connection import Connection, WithConnection
from park.client.submission.item import Item

if TYPE_CHECKING:
    from park import Service  # the public face: `job.service` leads back up

__all__ = ["Handle"]


class Handle:
    """Something on a service that was given its id here; perhaps it is still on its way."""

    def __init__(
        self,
        service: WithConnection,
        id: str,  # noqa: A002 (the field's name)
        item: Item | None,
    ) -> None:
        self._service = service
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
        return cast("Service", self._service)

    @property
    def connection(self) -> Connection:
        """The connection to the service that it is on."""
        return self._service.connection

    @property
    def item(self) -> Item | None:
        """It on its way; None where it was there before this process knew of it."""
        return self._item

    @property
    def called(self) -> str | None:
        """What people call it, as far as this process knows without asking."""
        return None if self._item is None else self._item.called

    def confirm(self, timeout: float | None = None) -> None:
        """Wait until the service has it; raises what its submission raised."""
        raise NotImplementedError
