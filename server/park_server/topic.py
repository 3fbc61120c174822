"""Events of one kind, for parts that are made before they are known to each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Topic"]

Event = TypeVar("Event")


class Topic(Generic[Event]):
    """Hands each event to all who subscribed. It belongs to the thread of its subscribers.

    Whoever publishes and whoever acts both need it, and neither needs the other: so it is
    made first, and every part that is made after it is whole.
    """

    def __init__(self) -> None:
        self._subscribers: list[Callable[[Event], None]] = []

    def subscribe(self, act: Callable[[Event], None]) -> None:
        """Have ``act`` called with every event, after those that subscribed before."""
        self._subscribers.append(act)

    def publish(self, event: Event) -> None:
        """Have all subscribers act on ``event``, in their order.

        Where one raises, the others act all the same; then the first of what was raised is.
        """
        raised: list[Exception] = []
        for act in self._subscribers:
            try:
                act(event)
            except Exception as error:  # noqa: BLE001 (raised below)
                raised.append(error)
        if raised:
            raise raised[0]
